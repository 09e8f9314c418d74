import Tensor

/// Buffers that the chains of one depth of nesting write in turn, so that a layer never writes the memory it
/// reads. Chains of one depth run one after the other and share the buffers; a chain inside a layer has those
/// of the next depth.
final class Turns<Element: Scalar> {
  private var most = 0
  private var turn = 0
  private lazy var buffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var primalTurn = 0
  private lazy var primalBuffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var spares: [Int: Buffer<Element>] = [:]
  /// Of the chains inside layers.
  private(set) lazy var nested = Turns<Element>()
  /// For a layer around the chains of this depth that adds up the results of two of them.
  private(set) lazy var apart = Buffer<Element>(count: most)

  init() {}

  /// Makes the buffers at least this long.
  /// - Precondition: none was used yet.
  func makeRoom(for count: Int) { most = max(most, count) }

  /// A buffer for any stage's values, another one than the last time.
  func next() -> UnsafeMutablePointer<Element> {
    turn = 1 - turn
    return buffers[turn].pointer
  }

  /// The same of two others, for primal gradients that are made again beside those of a product.
  func nextPrimal() -> UnsafeMutablePointer<Element> {
    primalTurn = 1 - primalTurn
    return primalBuffers[primalTurn].pointer
  }

  /// The uses of further buffers by a layer of neurons within one pass.
  enum Spare {
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

  func spare(_ use: Spare) -> UnsafeMutablePointer<Element> {
    if let buffer = spares[use.buffer] { return buffer.pointer }
    let buffer = Buffer<Element>(count: most)
    spares[use.buffer] = buffer
    return buffer.pointer
  }
}
