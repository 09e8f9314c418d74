import Tensor

/// Buffers of a workspace that layers of neurons use within one pass, each as long as the largest value of
/// the network.
final class Spares<Element: Scalar> {
  private let length: Int
  private var buffers: [Int: Buffer<Element>] = [:]

  init(length: Int) { self.length = length }

  enum Use {
    /// The output of a narrow layer of few neurons.
    case narrowOutput
    /// Columns of ∂y that belong to the rows of a direction.
    case directionColumns
    /// Columns of ∂y or ∂ẏ that belong to the rows asked for; each product of a pass uses them up.
    case wantedColumns
    /// Columns of ∂ẏ that belong to the rows asked for, held beside those of the direction.
    case wantedTangentColumns
    /// The part of an input gradient that the direction's weights give.
    case inputPart
    /// Columns of ∂y that belong to the rows asked for, held beside all others.
    case wantedPrimalColumns

    /// Uses that no pass has at the same time share a buffer.
    fileprivate var buffer: Int {
      switch self {
      case .narrowOutput, .directionColumns, .wantedColumns: 0
      case .wantedTangentColumns, .inputPart: 1
      case .wantedPrimalColumns: 2
      }
    }
  }

  func spare(_ use: Use) -> UnsafeMutablePointer<Element> {
    if let buffer = buffers[use.buffer] { return buffer.pointer }
    let buffer = Buffer<Element>(count: length)
    buffers[use.buffer] = buffer
    return buffer.pointer
  }
}
