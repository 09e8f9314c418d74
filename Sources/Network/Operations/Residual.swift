import JSON
import Tensor

/// A residual block (He et al. 2016): the sum of the outputs of `layers` and `shortcut`, without an
/// activation on top.
public struct Residual: LayerKind {
  public static let type = "residual"
  public static let standard = Residual(layers: [])
  public static let fields = Fields<Self>([
    .required("layers", \.layers, branch("layers"), "The branch whose output is added to the input."),
    .given("shortcut", \.shortcut, branch("shortcut"), "A branch instead of the input itself."),
  ])
  public static let examples = [
    LayerExample(
      Residual(layers: NamedLayer.sequential([.conv2d(outChannels: 2, kernel: [1, 1]), .tanh])), [[2, 3, 3]])
  ]

  private static func branch(_ name: String) -> Form<[NamedLayer]> {
    LayerDescription.list.map({ NamedLayer.sequential($0, prefix: name + ".") }, { $0.map(\.layer) })
  }

  public var layers: [NamedLayer]
  /// nil is the identity.
  public var shortcut: [NamedLayer]?

  public init(layers: [NamedLayer], shortcut: [NamedLayer]? = nil) {
    self.layers = layers
    self.shortcut = shortcut
  }

  public func named(_ name: String) -> Residual {
    func sequential(_ layers: [NamedLayer], _ branch: String) -> [NamedLayer] {
      NamedLayer.sequential(layers.map(\.layer), prefix: "\(name).\(branch).")
    }
    return Residual(
      layers: sequential(layers, "layers"), shortcut: shortcut.map { sequential($0, "shortcut") })
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    let before = site.faultCount
    if layers.isEmpty { site.addFault("must have at least one layer", at: "layers") }
    let main = site.follow(layers, at: "layers")
    let branch = shortcut.map { site.follow($0, at: "shortcut") }
    guard site.faultCount == before else { return nil }
    let other = branch ?? (site.value, site.shape)
    let isSame =
      other.shape.sizes == main.shape.sizes
      || Shape(other.shape) != nil && Shape(other.shape) == Shape(main.shape)
    guard isSame else {
      return site.fault(
        "the two branches must end in one shape, but layers gives \(main.shape.words) and "
          + (shortcut == nil
            ? "the input is \(other.shape.words): add a shortcut" : "shortcut gives \(other.shape.words)"))
    }
    return .init(
      PlacedSum(value: main.shape, values: site.shape.count),
      inputs: [main.value, site.ordered(value: other.value, as: main.shape)],
      isListed: false)
  }
}

/// The sum of values of one shape.
struct PlacedSum: PlacedLayer {
  let value: ValueShape
  let values: Int

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage { .init(sumOf: value.count) }
}

extension LayerDescription {
  public static func residual(layers: [NamedLayer], shortcut: [NamedLayer]? = nil) -> LayerDescription {
    LayerDescription(Residual(layers: layers, shortcut: shortcut))
  }
}
