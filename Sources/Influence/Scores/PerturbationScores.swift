import Network
import Tensor

/// The derivative of a score by the features of a training sample: +∇ₓ(sᵀ∇ℓ(z)) for a factor s (Koh and Liang
/// 2017, §2.2; their I_pert,loss is the negative).
public enum PerturbationScores {
  /// The most bytes for the linearization of a piece that has more than the fewest samples.
  private static var pieceBytes: Int { 1 << 28 }
  private static var pieceUnit: Int { 256 }

  /// Hands the scores to `body` piece by piece, so that no more than a piece is linearized at a time.
  /// - Parameters:
  ///   - factors: the vectors s.
  ///   - body: called with a factor's index, the places of the piece's samples, and a row of the input's
  ///     shape in PyTorch's order (C, H, W) for each of them.
  /// - Throws: `Cancelled`, and the errors of `body`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public static func forEachPiece<Element: Scalar>(
    _ network: Network<Element>, _ state: NetworkState<Element>, on samples: Samples, loss: Loss,
    factors: VectorBlock<Element>, compute: Compute,
    _ body: (_ factor: Int, _ places: Range<Int>, _ rows: [Element]) throws -> Void
  ) throws {
    let bytes = network.keptValues * MemoryLayout<Element>.size
    let size = max(1, min(16, pieceBytes / max(1, bytes * pieceUnit))) * pieceUnit
    for start in stride(from: 0, to: samples.count, by: size) {
      let places = start..<min(start + size, samples.count)
      let piece = try Linearization(
        network: network, state: state, samples: samples.selecting(Array(places)), loss: loss,
        compute: compute)
      for factor in 0..<factors.count {
        try body(
          factor, places, channelsFirst(try piece.inputGradients(factors[factor]), network.architecture.input)
        )
      }
    }
  }

  /// Rows of channels-last values as PyTorch has them.
  private static func channelsFirst<Element: Scalar>(_ rows: [Element], _ shape: Shape) -> [Element] {
    guard shape.channels > 1, shape.height * shape.width > 1 else { return rows }
    let positions = shape.height * shape.width
    var result = rows
    for start in stride(from: 0, to: rows.count, by: shape.count) {
      for channel in 0..<shape.channels {
        for position in 0..<positions {
          result[start + channel * positions + position] = rows[start + position * shape.channels + channel]
        }
      }
    }
    return result
  }
}
