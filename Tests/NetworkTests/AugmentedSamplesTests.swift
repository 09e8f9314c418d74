import Network
import Tensor
import Testing

@Suite("Augmented samples")
struct AugmentedSamplesTests {
  private static let side = 6
  private static let channels = 2

  /// As many times the same picture, all of whose values differ.
  private func samples(_ count: Int) -> Samples {
    let picture = (1...Self.side * Self.side * Self.channels).map(Double.init)
    let source = TensorSource<Double>(
      inputs: (0..<count).flatMap { _ in picture },
      shape: Shape(height: Self.side, width: Self.side, channels: Self.channels))
    return Samples(
      source: source, indices: Array(0..<count), targets: .classes(Array(repeating: 0, count: count)))
  }

  private func pictures(_ samples: Samples) -> [[Double]] {
    let size = samples.source.shape.count
    var inputs = [Double](repeating: -1, count: samples.count * size)
    inputs.withUnsafeMutableBufferPointer {
      samples.source.copyInputs(samples.indices[...], into: $0.baseAddress!)
    }
    return (0..<samples.count).map { Array(inputs[$0 * size..<($0 + 1) * size]) }
  }

  /// A picture flipped or not, then seen through a window that is moved, with zeros beyond its edge.
  private func changed(_ picture: [Double], flipped: Bool, dy: Int, dx: Int) -> [Double] {
    var result: [Double] = []
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        let (row, column) = (y + dy, x + dx)
        let isInside = (0..<Self.side).contains(row) && (0..<Self.side).contains(column)
        let source = flipped ? Self.side - 1 - column : column
        for channel in 0..<Self.channels {
          result.append(isInside ? picture[(row * Self.side + source) * Self.channels + channel] : 0)
        }
      }
    }
    return result
  }

  @Test func everyPictureIsAFlipAndAMove() throws {
    let samples = samples(400)
    let original = pictures(samples)[0]
    var ways: [[Double]: (flipped: Bool, dy: Int, dx: Int)] = [:]
    for flipped in [false, true] {
      for dy in -4...4 {
        for dx in -4...4 {
          ways[changed(original, flipped: flipped, dy: dy, dx: dx)] = (flipped, dy, dx)
        }
      }
    }
    #expect(ways.count == 2 * 81)
    let seen = try pictures(samples.augmented(by: [.flip, .crop], seed: 3)).map { try #require(ways[$0]) }
    // 400 throws of a coin: four standard deviations.
    #expect(abs(seen.filter(\.flipped).count - 200) <= 40)
    #expect(Set(seen.map(\.dy)) == Set(-4...4) && Set(seen.map(\.dx)) == Set(-4...4))
    let flips = try pictures(samples.augmented(by: [.flip], seed: 3)).map { try #require(ways[$0]) }
    #expect(flips.allSatisfy { $0.dy == 0 && $0.dx == 0 } && Set(flips.map(\.flipped)) == [false, true])
    let crops = try pictures(samples.augmented(by: [.crop], seed: 3)).map { try #require(ways[$0]) }
    #expect(crops.allSatisfy { !$0.flipped })
  }

  /// The change of a sample depends on the seed and its index alone.
  @Test func theDrawStaysWithTheSample() {
    let samples = samples(50)
    let augmented = samples.augmented(by: [.flip, .crop], seed: 7)
    let all = pictures(augmented)
    #expect(pictures(augmented) == all)
    let places = [41, 3, 17]
    #expect(pictures(augmented.selecting(places)) == places.map { all[$0] })
    #expect(
      pictures(samples.selecting(places).augmented(by: [.crop, .flip], seed: 7)) == places.map { all[$0] })
    #expect(pictures(samples.augmented(by: [.flip, .crop], seed: 8)) != all)
    #expect(pictures(samples.augmented(by: [], seed: 7)) == pictures(samples))
  }
}
