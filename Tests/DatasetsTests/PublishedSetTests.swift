import Datasets
import Foundation
import Tensor
import Testing

/// A data directory that `scripts/fetch-data` filled, if there is one.
private let fetched = ProcessInfo.processInfo.environment["INFLUENCED_DATA"].map { DataDirectory($0) }

private func has(_ folder: String) -> Bool { fetched?.contains(folder) ?? false }

@Suite struct PublishedSetTests {
  @Test(.enabled(if: has("mnist"), "INFLUENCED_DATA names no data directory with mnist"))
  func mnist() throws {
    let directory = try #require(fetched)
    let clock = ContinuousClock()
    var loaded: Dataset?
    let seconds = try clock.measure {
      loaded = try Dataset.idx(IDXSource(path: "mnist"), name: "mnist", in: directory)
    }
    let set = try #require(loaded)
    #expect(
      set.statistics.train.classCounts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(set.statistics.test.classCounts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    #expect(Array(set.train.labels.prefix(10)) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect(Array(set.test.labels.prefix(10)) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    #expect(abs(set.normalization.mean[0] - 0.13066) < 5e-6)
    #expect(abs(set.normalization.standardDeviation[0] - 0.30811) < 5e-6)
    var stream = RandomStream(seed: 0, purpose: "batch")
    let batch = Array(stream.permutation(60000).prefix(512))
    var target = [Float](repeating: 0, count: 512 * 784)
    let best = (0..<20).map { _ in clock.measure { set.train.copyInputs(batch, into: &target) } }.min()
    let poisoned = try set.poisoned(Poison(label: 4))
    #expect(poisoned.train.indices(of: .poisoned).count == 5455)
    let appended = try set.poisoned(Poison(label: 4, placement: .append))
    #expect(appended.train.count == 66000)
    let digest = clock.measure { _ = set.sha256 }
    print("mnist: read in \(seconds), 512 pictures gathered in \(best ?? .zero), digest in \(digest)")
  }

  @Test(.enabled(if: has("cifar-10"), "INFLUENCED_DATA names no data directory with cifar-10"))
  func cifar10() throws {
    let directory = try #require(fetched)
    let clock = ContinuousClock()
    var loaded: Dataset?
    let seconds = try clock.measure {
      loaded = try Dataset.cifar10(path: "cifar-10", name: "cifar-10", in: directory)
    }
    let set = try #require(loaded)
    #expect(set.statistics.train.classCounts == Array(repeating: 5000, count: 10))
    #expect(set.statistics.test.classCounts == Array(repeating: 1000, count: 10))
    #expect(Array(set.train.labels.prefix(10)) == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    #expect(Array(set.test.labels.prefix(10)) == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1])
    for (mean, expected) in zip(set.normalization.mean, [0.49140, 0.48216, 0.44653]) {
      #expect(abs(mean - expected) < 5e-6)
    }
    for (deviation, expected) in zip(set.normalization.standardDeviation, [0.24703, 0.24349, 0.26159]) {
      #expect(abs(deviation - expected) < 5e-6)
    }
    var stream = RandomStream(seed: 0, purpose: "batch")
    let batch = Array(stream.permutation(50000).prefix(512))
    var target = [Float](repeating: 0, count: 512 * 3072)
    let best = (0..<20).map { _ in clock.measure { set.train.copyInputs(batch, into: &target) } }.min()
    print("cifar-10: read in \(seconds), 512 pictures gathered in \(best ?? .zero)")
  }
}
