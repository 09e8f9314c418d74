import Tensor

/// Buffers that the chains of one depth of nesting write in turn, so that a layer never writes what it reads. Chains
/// of one depth run one after the other and share them; a chain inside a layer has those of the next depth.
final class Turns<Element: Scalar>: @unchecked Sendable {
  private var most = 0
  private var turn = 0
  private lazy var buffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var primalTurn = 0
  private lazy var primalBuffers = (0..<2).map { _ in Buffer<Element>(count: most) }
  private var spares: [Int: Buffer<Element>] = [:]
  /// Of the chains inside layers.
  private(set) lazy var nested = Turns<Element>()
  /// For a layer around the chains of this depth that adds up what two of them leave.
  private(set) lazy var apart = Buffer<Element>(count: most)

  init() {}

  /// Makes the buffers at least this long.
  /// - Precondition: none was used yet.
  func makeRoom(for count: Int) { most = max(most, count) }

  /// A buffer, another one than the last time.
  func next() -> UnsafeMutablePointer<Element> {
    turn = 1 - turn
    return buffers[turn].pointer
  }

  /// The same of two others.
  func nextPrimal() -> UnsafeMutablePointer<Element> {
    primalTurn = 1 - primalTurn
    return primalBuffers[primalTurn].pointer
  }

  /// One of some buffers for what a layer needs within one pass.
  func spare(_ index: Int) -> UnsafeMutablePointer<Element> {
    if let buffer = spares[index] { return buffer.pointer }
    let buffer = Buffer<Element>(count: most)
    spares[index] = buffer
    return buffer.pointer
  }
}
