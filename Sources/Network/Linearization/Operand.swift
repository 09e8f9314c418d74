import Tensor

/// A convolution's weights and the form it wants them in.
struct WeightTransform<Element: Scalar>: Sendable {
  /// Offset of the weights in the parameters.
  let weights: Int
  let winograd: Winograd<Element>
}

/// θ or a direction as the layers of a `NetworkForm` want it.
final class Operand<Element: Scalar>: Sendable {
  /// Transformed weights take at most this many places for each of theirs, and begin at this multiple of their offset.
  static var room: Int { 4 }

  /// φ, where layers read it as it is.
  let values: Buffer<Element>
  private let transforms: Buffer<Element>?

  /// - Parameter isPlain: whether φ is complete, and nothing transformed.
  init(_ form: NetworkForm<Element>, isPlain: Bool = false) {
    values = Buffer(count: form.parameterCount)
    transforms =
      form.hasTransforms && !isPlain ? Buffer(count: Self.room * form.parameterCount) : nil
  }

  /// The transformed weights, where any layer has them.
  var transformed: UnsafePointer<Element>? { transforms.map { UnsafePointer($0.pointer) } }

  /// Where the transform of the weights at an offset lies.
  func transformed(_ weights: Int) -> UnsafeMutablePointer<Element> {
    guard let transforms else { preconditionFailure("This network transforms no weights.") }
    return transforms.pointer + Self.room * weights
  }
}
