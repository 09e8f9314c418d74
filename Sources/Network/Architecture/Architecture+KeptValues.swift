import Tensor

extension Architecture {
  /// How many values a linearization in this precision keeps for one sample: `Network.keptValues`, without
  /// building a network.
  public func keptValues<Element: Scalar>(as _: Element.Type) -> Int {
    var builder = ChainBuilder<Element>(foldsNormalization: true)
    return input.count + builder.chain(nodes, input: input).keptValues
  }
}
