import JSON
import Tensor

/// An operation of two values with PyTorch's broadcasting, or of one value and a constant.
protocol BinaryKind: LayerKind {
  /// The constant that stands for the second input, if there is one input.
  var constant: Double { get set }
}

extension BinaryKind {
  static var arity: ClosedRange<Int> { 1...2 }

  static var constantField: Field<Self> {
    .number(
      "value", \.constant, .any, "The constant that stands for a second input, if the node has one input.")
  }
}

/// a + b.
struct Add: BinaryKind {
  static let type = "add"
  static let standard = Add()
  static let fields = Fields<Self>([
    constantField, .number("alpha", \.alpha, .any, "A factor of the second input."),
  ])
  static let examples = [
    LayerExample(Add(), [[3, 4, 2], [3, 4, 2]]), LayerExample(Add(alpha: 0.5), [[3, 4, 2], [3, 1, 1]]),
    LayerExample(Add(), [[2], [3, 4, 2]]), LayerExample(Add(constant: 0.5), [[5]]),
  ]

  var constant = 0.0
  var alpha = 1.0

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      return site.node(PlacedAffine(value: site.shape, factor: 1, offset: alpha * constant))
    }
    guard let (value, broadcast) = site.broadcast() else { return nil }
    var inputs = broadcast
    if alpha != 1 { inputs[1] = site.affine(inputs[1], factor: alpha) }
    return .init(PlacedSum(value: value, values: value.count), inputs: inputs)
  }
}

/// a − b.
struct Subtract: BinaryKind {
  static let type = "subtract"
  static let standard = Subtract()
  static let fields = Fields<Self>([
    constantField, .flag("reversed", \.isReversed, "Whether the first input is taken from the second."),
  ])
  static let examples = [
    LayerExample(Subtract(), [[3, 4], [4]]), LayerExample(Subtract(isReversed: true), [[3, 4], [3, 1]]),
    LayerExample(Subtract(constant: 0.5, isReversed: true), [[5]]),
    LayerExample(Subtract(constant: 2), [[5]]),
  ]

  var constant = 0.0
  var isReversed = false

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      return site.node(
        PlacedAffine(
          value: site.shape, factor: isReversed ? -1 : 1, offset: isReversed ? constant : -constant))
    }
    guard let (value, broadcast) = site.broadcast() else { return nil }
    var inputs = broadcast
    let taken = isReversed ? 0 : 1
    inputs[taken] = site.affine(inputs[taken], factor: -1)
    return .init(PlacedSum(value: value, values: value.count), inputs: inputs)
  }
}

/// a·b.
struct Multiply: BinaryKind {
  static let type = "multiply"
  static let standard = Multiply()
  static let fields = Fields<Self>([constantField])
  static let examples = [
    LayerExample(Multiply(), [[3, 4, 2], [3, 4, 2]]), LayerExample(Multiply(), [[3, 4, 2], [3, 1, 1]]),
    LayerExample(Multiply(), [[3], [4, 3]]), LayerExample(Multiply(), [[4, 1], [5]]),
    LayerExample(Multiply(constant: 0.5), [[5]]),
  ]

  var constant = 1.0

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      return site.node(PlacedAffine(value: site.shape, factor: constant, offset: 0))
    }
    return site.rowProduct()
      ?? site.broadcast().map { .init(PlacedProduct(value: $0.value), inputs: $0.inputs) }
  }
}

/// a/b.
struct Divide: BinaryKind {
  static let type = "divide"
  static let standard = Divide()
  static let fields = Fields<Self>([
    constantField, .flag("reversed", \.isReversed, "Whether the second input is divided by the first."),
  ])
  static let examples = [
    LayerExample(Divide(), [[3, 4], [4]], .positive),
    LayerExample(Divide(isReversed: true), [[3], [3]], .positive),
    LayerExample(Divide(constant: 2), [[5]]),
    LayerExample(Divide(constant: 2, isReversed: true), [[5]], .positive),
  ]

  var constant = 1.0
  var isReversed = false

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      if !isReversed {
        if constant == 0 { return site.fault("must not be 0", at: "value") }
        return site.node(PlacedAffine(value: site.shape, factor: 1 / constant, offset: 0))
      }
      let inverse = site.insert(
        .init(
          PlacedPointFunction(function: PointFunction(.reciprocal), value: site.shape), inputs: [site.value]))
      return .init(PlacedAffine(value: site.shape, factor: constant, offset: 0), inputs: [inverse])
    }
    guard let (value, broadcast) = site.broadcast() else { return nil }
    var inputs = broadcast
    let below = isReversed ? 0 : 1
    inputs[below] = site.insert(
      .init(
        PlacedPointFunction(function: PointFunction(.reciprocal), value: value), inputs: [inputs[below]]))
    return .init(PlacedProduct(value: value), inputs: inputs)
  }
}

/// The product of two values, number by number.
struct PlacedProduct: PlacedLayer {
  let value: ValueShape

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(ProductLayer<Element>(outputCount: value.count))
  }
}

/// y = a∘b: the adjoints are ∂a = ∂y∘b and ∂b = a∘∂y.
struct ProductLayer<Element: Scalar>: BilinearJoint {
  let outputCount: Int

  func multiply(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    if adds {
      Element.multiplyAdd(a, b, y, pass.count * outputCount)
    } else {
      Element.multiply(a, b, y, pass.count * outputCount)
    }
  }

  func left(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ da: UnsafeMutablePointer<Element>, adds: Bool
  ) { multiply(pass, b, dy, da, adds: adds) }

  func right(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ dy: UnsafePointer<Element>,
    _ db: UnsafeMutablePointer<Element>, adds: Bool
  ) { multiply(pass, a, dy, db, adds: adds) }
}

extension LayerDescription {
  /// Of two inputs.
  public static var multiply: LayerDescription { LayerDescription(Multiply()) }

  public static func add(_ constant: Double) -> LayerDescription {
    LayerDescription(Add(constant: constant))
  }

  public static func multiply(by constant: Double) -> LayerDescription {
    LayerDescription(Multiply(constant: constant))
  }
}
