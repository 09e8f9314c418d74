import Tensor

extension Architecture {
  /// Values that a linearization in this precision keeps for one sample, as `Network.keptValues`.
  ///
  /// The count follows from the folded program, which holds no buffers; no network is built.
  public func keptValues<Element: Scalar>(as _: Element.Type) -> Int {
    var builder = ProgramBuilder<Element>(self, foldsNormalization: true)
    return input.count + builder.program().keptValues
  }
}
