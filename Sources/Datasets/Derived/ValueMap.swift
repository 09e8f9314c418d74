import Tensor

/// A normalization prepared for gathering: the centre and factor of every value of one row of a picture
/// (width × channels), so that the loop over a row is simple.
struct ValueMap: Sendable {
  let isIdentity: Bool
  /// Whether values stored as `Float` are normalized in `Double`, because they lie far from 0 for their
  /// spread.
  let needsDouble: Bool
  let row: Int
  let centre32: [Float]
  let factor32: [Float]
  let centre64: [Double]
  let factor64: [Double]

  init(_ normalization: Normalization, shape: Shape) {
    precondition(normalization.mean.count == shape.channels, "A mean for each channel of the samples.")
    isIdentity = normalization.isIdentity
    needsDouble = normalization.hasLargeOffset
    row = shape.width * shape.channels
    centre64 = (0..<shape.width).flatMap { _ in normalization.centre }
    factor64 = (0..<shape.width).flatMap { _ in normalization.factor }
    centre32 = centre64.map(Float.init)
    factor32 = factor64.map(Float.init)
  }
}
