import JSON
import Tensor

/// A function that is constant between jumps, such as `torch.floor`. Its derivative is zero.
protocol StepKind: LayerKind {
  static var function: PointFunction.Name { get }
}

extension StepKind {
  static var fields: Fields<Self> { Fields([]) }

  func place(at site: LayerSite) -> Architecture.Node? {
    site.node(PlacedStep(value: site.shape, function: PointFunction(Self.function)))
  }
}

struct Floor: StepKind {
  static let type = "floor"
  static let function = PointFunction.Name.floor
  static let standard = Floor()
}

struct Ceiling: StepKind {
  static let type = "ceil"
  static let function = PointFunction.Name.ceiling
  static let standard = Ceiling()
}

/// Halves go to the even neighbour.
struct Round: StepKind {
  static let type = "round"
  static let function = PointFunction.Name.round
  static let standard = Round()
}

struct Sign: StepKind {
  static let type = "sign"
  static let function = PointFunction.Name.sign
  static let standard = Sign()
}

struct PlacedStep: PlacedLayer {
  let value: ValueShape
  let function: PointFunction

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(StepLayer<Element>(outputCount: value.count, function: function))
  }
}

struct StepLayer<Element: Scalar>: FlatJoint {
  let outputCount: Int
  let function: PointFunction

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    function.values(x[0], y, pass.count * outputCount)
  }
}

extension LayerDescription {
  public static var floor: LayerDescription { LayerDescription(Floor()) }
}
