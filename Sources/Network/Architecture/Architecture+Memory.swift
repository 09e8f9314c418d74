import Tensor

/// Values of memory that passes over a network take, in addition to its parameters.
public struct PassMemory: Sendable {
  /// The values of one sample that a linearization keeps: `Network.keptValues`.
  public let kept: Int
  /// The values of one sample that a thread works on, in passes without tangents.
  public let working: Int
  /// The tangents that a thread has in work for one sample, in products.
  public let tangents: Int
  /// Further values that a thread needs for a shard of `capacity` samples.
  public let scratch: @Sendable (_ capacity: Int) -> Int
}

extension Architecture {
  /// The memory of passes in this precision. It follows from the folded program, which holds no buffers; no
  /// network is built.
  public func passMemory<Element: Scalar>(as _: Element.Type) -> PassMemory {
    var builder = ProgramBuilder<Element>(self, foldsNormalization: true)
    let program = builder.program()
    return PassMemory(
      kept: input.count + program.keptValues, working: program.slots.reduce(0, +),
      tangents: program.wiring.sizes.reduce(0, +), scratch: { program.scratchCount(capacity: $0) })
  }
}
