import Tensor

/// A residual block (He et al. 2016): the sum of the outputs of `layers` and `shortcut`, without an
/// activation on top.
public struct Residual: LayerKind {
  public static let type = "residual"

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
    let (main, output) = site.follow(layers, at: "layers")
    let branch = shortcut.map { site.follow($0, at: "shortcut") }
    guard site.faultCount == before else { return nil }
    let other = branch?.output ?? site.input
    guard other == output else {
      return site.fault(
        "the two branches must end in one shape, but layers gives \(output) and "
          + (shortcut == nil ? "the input is \(other): add a shortcut" : "shortcut gives \(other)"))
    }
    return .init(Placed(input: site.input, output: output, main: main, shortcut: branch?.nodes))
  }

  struct Placed: PlacedLayer {
    let input: Shape
    let output: Shape
    let main: [Architecture.Node]
    let shortcut: [Architecture.Node]?

    var branches: [[Architecture.Node]] { [main, shortcut ?? []] }
    var values: Int { branches.joined().reduce(input.count) { $0 + $1.layer.values } }

    func stage<Element: Scalar>(_ builder: inout ChainBuilder<Element>) -> Chain<Element>.Stage {
      let main = builder.chain(main, input: input)
      return .init(
        ResidualLayer<Element>(main: main, shortcut: shortcut.map { builder.chain($0, input: input) }))
    }
  }
}

extension LayerDescription {
  public static func residual(layers: [NamedLayer], shortcut: [NamedLayer]? = nil) -> LayerDescription {
    LayerDescription(Residual(layers: layers, shortcut: shortcut))
  }
}
