import Tensor

/// A convolution's weights and the form it wants them in.
struct WeightTransform<Element: Scalar>: Sendable {
  /// Offset of the weights in the parameters.
  let weights: Int
  let winograd: Winograd<Element>
}

/// θ or a direction as the convolutions of a network want it: computed once, then read by the passes over all shards.
final class TransformedWeights<Element: Scalar>: @unchecked Sendable {
  /// Transformed weights take at most this many places for each of theirs, and begin at this multiple of their offset.
  static var room: Int { 4 }

  private let transforms: [WeightTransform<Element>]
  private let buffer: Buffer<Element>

  /// - Parameter count: length of θ.
  init(_ root: Chain<Element>, count: Int) {
    transforms = root.weightTransforms
    buffer = Buffer(count: transforms.isEmpty ? 0 : Self.room * count)
  }

  /// nil where no layer transforms its weights.
  var pointer: UnsafePointer<Element>? { transforms.isEmpty ? nil : UnsafePointer(buffer.pointer) }

  /// Transforms all weights of a vector of θ's length.
  /// - Throws: `Cancelled`.
  func fill(from vector: UnsafePointer<Element>, _ compute: Compute) throws(Cancelled) {
    guard !transforms.isEmpty else { return }
    let parts = transforms.flatMap { transform in
      let winograd = transform.winograd
      // About 64 K weights a part.
      let step = max(1, (1 << 16) / winograd.window.columns)
      return stride(from: 0, to: winograd.outputChannels, by: step).map {
        (transform: transform, rows: $0..<min($0 + step, winograd.outputChannels))
      }
    }
    let source = Shared(vector)
    try compute.pool.run(parts.count, cancellation: compute.cancellation) { index in
      let (transform, rows) = parts[index]
      transform.winograd.transformWeights(
        source.pointer + transform.weights, rows: rows, into: buffer.pointer + Self.room * transform.weights)
    }
  }
}
