import Tensor
import Testing

struct RandomStreamTests {
  @Test func streamsRepeatAndDifferByPurpose() {
    func first(_ seed: UInt64, _ purpose: String) -> [UInt64] {
      var stream = RandomStream(seed: seed, purpose: purpose)
      return (0..<8).map { _ in stream.next() }
    }
    #expect(first(1, "shuffle") == first(1, "shuffle"))
    #expect(first(1, "shuffle") != first(2, "shuffle"))
    #expect(first(1, "shuffle") != first(1, "initial"))
  }

  @Test func momentsAreThoseOfTheDistributions() {
    var stream = RandomStream(seed: 3, purpose: "moments")
    let n = 200_000
    let uniform = (0..<n).map { _ in stream.uniform() }
    #expect(uniform.allSatisfy { (0..<1).contains($0) })
    #expect(abs(uniform.reduce(0, +) / Double(n) - 0.5) < 0.003)
    let normal = (0..<n).map { _ in stream.normal() }
    let mean = normal.reduce(0, +) / Double(n)
    let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)
    let fourth = normal.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(n)
    #expect(abs(mean) < 0.01)
    #expect(abs(variance - 1) < 0.015)
    #expect(abs(fourth - 3) < 0.1)
  }

  @Test func indicesAreEven() {
    var stream = RandomStream(seed: 4, purpose: "indices")
    var counts = [Int](repeating: 0, count: 6)
    for _ in 0..<60_000 { counts[stream.index(below: 6)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
  }

  @Test func permutationsAndSamplesAreWhole() {
    var stream = RandomStream(seed: 5, purpose: "order")
    #expect(stream.permutation(100).sorted() == Array(0..<100))
    #expect(stream.permutation(0).isEmpty)
    let sample = stream.sample(10, of: 30)
    #expect(
      Set(sample).count == 10 && sample == sample.sorted() && sample.allSatisfy { (0..<30).contains($0) })
    // Every element is as likely to come first.
    var counts = [Int](repeating: 0, count: 5)
    for _ in 0..<20_000 { counts[stream.permutation(5)[0]] += 1 }
    #expect(counts.allSatisfy { abs($0 - 4000) < 300 })
  }
}
