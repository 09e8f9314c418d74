import Tensor

extension Architecture {
  /// Values that a linearization in this precision keeps for one sample, as `Network.keptValues`.
  ///
  /// The count follows from the folded chain, which holds no buffers; no network is built.
  public func keptValues<Element: Scalar>(as _: Element.Type) -> Int {
    var builder = ChainBuilder<Element>(foldsNormalization: true)
    return input.count + builder.chain(nodes, input: input).keptValues
  }
}
