import Tensor

/// A convolution's weights, and the transform that its passes need.
struct WeightTransform<Element: Scalar>: Sendable {
  /// Offset of the weights in the parameters.
  let weights: Int
  let winograd: Winograd<Element>
}

/// θ or a direction in the form that the layers of a `NetworkForm` read.
final class Operand<Element: Scalar>: Sendable {
  /// Transformed weights have at most this many elements for each weight. They begin at this multiple of the
  /// offset of the weights.
  static var room: Int { 4 }

  /// φ as layers read it. Undefined at weights that layers read transformed.
  let values: Buffer<Element>
  private let transforms: Buffer<Element>?

  /// - Parameter isPlain: whether φ is complete and nothing is transformed.
  init(_ form: NetworkForm<Element>, isPlain: Bool = false) {
    let values = Buffer<Element>(count: form.parameterCount)
    // In a debug build, memory that is never filled has NaN, so that a wrong read shows.
    assert(
      { () -> Bool in
        for index in 0..<values.count { values.pointer[index] = .nan }
        return true
      }())
    self.values = values
    transforms = form.hasTransforms && !isPlain ? Buffer(count: form.transformRoom) : nil
  }

  /// The transformed weights, if any layer has them.
  var transformed: UnsafePointer<Element>? { transforms.map { UnsafePointer($0.pointer) } }

  /// The memory of the transformed weights, for weights at an offset.
  func transformed(_ weights: Int) -> UnsafeMutablePointer<Element> {
    guard let transforms else { preconditionFailure("This network transforms no weights.") }
    return transforms.pointer + Self.room * weights
  }
}
