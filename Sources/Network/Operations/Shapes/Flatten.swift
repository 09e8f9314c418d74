import JSON
import Tensor

/// `torch.nn.Flatten`: makes a vector of a picture, in PyTorch's order (channel, row, column).
public struct Flatten: LayerKind {
  public static let type = "flatten"
  public static let standard = Flatten()
  public static let fields = Fields<Self>([])

  public init() {}

  public func place(at site: LayerSite) -> Architecture.Node? {
    let source = site.shape
    return site.node(
      Reordered(source: source, value: ValueShape([source.count]), changesValues: source.longAxes > 1))
  }
}

extension LayerDescription {
  public static var flatten: LayerDescription { LayerDescription(Flatten()) }
}
