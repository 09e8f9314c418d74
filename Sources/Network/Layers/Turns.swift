import Tensor

/// Buffers that are written in turn, so that a layer never writes the memory that it reads. Chains at one
/// depth of nesting run one after the other and share the buffers. A chain inside a layer has buffers of its
/// own.
final class Turns<Element: Scalar> {
  private var most = 0
  private var turn = 0
  private lazy var buffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var primalTurn = 0
  private lazy var primalBuffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var spares: [Int: Buffer<Element>] = [:]
  /// The buffers of chains inside layers.
  private(set) lazy var nested = Turns<Element>()
  /// For a layer that adds the results of two chains at this depth.
  private(set) lazy var apart = Buffer<Element>(count: most)

  init() {}

  /// Makes the buffers at least this long.
  /// - Precondition: none was used yet.
  func makeRoom(for count: Int) { most = max(most, count) }

  /// A buffer for the values of any stage. It is not the one of the last call.
  func next() -> UnsafeMutablePointer<Element> {
    turn = 1 - turn
    return buffers[turn].pointer
  }

  /// Like `next`, with two other buffers: for primal gradients that are computed again during a product.
  func nextPrimal() -> UnsafeMutablePointer<Element> {
    primalTurn = 1 - primalTurn
    return primalBuffers[primalTurn].pointer
  }

  /// More buffers that a layer of neurons uses within one pass.
  enum Spare {
    /// The output of a narrow layer of few neurons.
    case narrowOutput
    /// Columns of ∂y that belong to the rows of a direction.
    case directionColumns
    /// Columns of ∂y or ∂ẏ that belong to the wanted rows. Each product of a pass writes them anew.
    case wantedColumns
    /// Columns of ∂ẏ that belong to the wanted rows, at the same time as those of the direction.
    case wantedTangentColumns
    /// The part of an input gradient that the direction's weights give.
    case inputPart
    /// Columns of ∂y that belong to the wanted rows, at the same time as all others.
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
