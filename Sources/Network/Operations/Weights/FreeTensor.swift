import JSON
import Tensor

/// A parameter that is a value by itself, the same for every sample: a class token, a table of positions.
struct FreeTensor: LayerKind {
  enum Start: String, Sendable, CaseIterable { case zeros, ones, normal }

  static let type = "parameter"
  static let arity = 0...0
  static let standard = FreeTensor()
  static let fields = Fields<Self>([
    .required("shape", \.sizes, .list(of: .size, atMost: 16), "The sizes, without a batch."),
    .given(
      "tensor", \.tensor, .text(maximumLength: 256), standard: "the node's name", "The name of the tensor."),
    .choice("start", \.start, "The values of a new network. `normal` has a deviation of 0.02."),
  ])
  static let examples = [LayerExample(FreeTensor(sizes: [2, 3], start: .normal), [])]

  var sizes: [Int] = []
  var tensor: String?
  var start = Start.zeros

  func place(at site: LayerSite) -> Architecture.Node? {
    guard site.hasRoom(sizes: sizes, at: "shape") else { return nil }
    let value = ValueShape(sizes)
    guard site.hasRoom(rows: 1, columns: value.count, values: value.count, at: "shape") else { return nil }
    let kind: ParameterTensor.Kind =
      switch start {
      case .zeros: .shift
      case .ones: .scale
      case .normal: .table(deviation: 0.02)
      }
    let offset = site.addWhole(tensor ?? site.name, sizes, kind)
    return .init(Placed(value: value, offset: offset), inputs: [])
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let offset: Int

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(FreeTensorLayer<Element>(outputCount: value.count, offset: offset))
    }
  }
}

/// y = θ[offset …] for every sample.
struct FreeTensorLayer<Element: Scalar>: Joint {
  let outputCount: Int
  let offset: Int

  var hasParameters: Bool { true }
  var uses: LayerUses { LayerUses(inputs: false, gradient: false) }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    Element.broadcastRows(pass.parameters + offset, y, pass.count, outputCount)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) { Element.sumRows(dy, gradient + offset, pass.count, outputCount) }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) { Element.broadcastRows(v + offset, ty, pass.count, outputCount) }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) { if let product { Element.sumRows(tdy, product + offset, pass.count, outputCount) } }
}

/// Given numbers, the same for every sample.
struct Constant: LayerKind {
  static let type = "constant"
  static let arity = 0...0
  static let standard = Constant()
  static let fields = Fields<Self>([
    .required("shape", \.sizes, .list(of: .size, atMost: 16), "The sizes, without a batch."),
    .required(
      "values", \.values, .list(of: .number(.any), atMost: 1 << 22),
      "The numbers in PyTorch's order, or one number for all."),
  ])
  static let examples = [
    LayerExample(Constant(sizes: [3], values: [1, -2, 0.5]), []),
    LayerExample(Constant(sizes: [2, 2], values: [0.5]), []),
  ]

  var sizes: [Int] = []
  var values: [Double] = []

  func place(at site: LayerSite) -> Architecture.Node? {
    guard site.hasRoom(sizes: sizes, at: "shape") else { return nil }
    let value = ValueShape(sizes)
    guard values.count == 1 || values.count == value.count else {
      return site.fault("must be 1 or \(value.count) numbers, got \(values.count)", at: "values")
    }
    return .init(
      Placed(
        value: value, values: values.count == 1 ? Array(repeating: values[0], count: value.count) : values),
      inputs: [])
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let numbers: [Double]

    init(value: ValueShape, values: [Double]) {
      self.value = value
      numbers = values
    }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(ConstantLayer<Element>(row: numbers.map { Element($0) }))
    }
  }
}

struct ConstantLayer<Element: Scalar>: FlatJoint {
  let row: [Element]

  var outputCount: Int { row.count }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    row.withUnsafeBufferPointer { Element.broadcastRows($0.start, y, pass.count, outputCount) }
  }
}

extension LayerDescription {
  /// A parameter of some sizes that begins with zeros.
  public static func parameter(_ sizes: [Int]) -> LayerDescription {
    LayerDescription(FreeTensor(sizes: sizes))
  }
}
