import JSON
import Tensor

/// `torch.nn.Linear`: y = x Wᵀ + b over vectors.
public struct Linear: LayerKind {
  public static let type = "linear"
  public static let standard = Linear(outFeatures: 1)
  public static let fields = Fields<Self>([
    .required("out_features", \.outFeatures, .size, "The values that it gives."),
    .given("in_features", \.inFeatures, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether a bias is added."),
  ])
  public static let examples = [
    LayerExample(Linear(outFeatures: 3), [[4, 5]]),
    LayerExample(Linear(outFeatures: 3, bias: false), [[2, 2, 5]]),
    LayerExample(Linear(outFeatures: 100), [[3, 96]]),
  ]

  public var outFeatures: Int
  /// Must agree with the layer before. nil takes the size of its output.
  public var inFeatures: Int?
  public var bias: Bool

  public init(outFeatures: Int, inFeatures: Int? = nil, bias: Bool = true) {
    self.outFeatures = outFeatures
    self.inFeatures = inFeatures
    self.bias = bias
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (source, value) = vectors(site) else { return nil }
    let input = Shape(positionsOf: source)
    if let inFeatures, inFeatures != input.channels {
      return site.fault(
        "must be \(input.channels), the features of the layer before, got \(inFeatures)",
        at: "in_features")
    }
    let (values, overflow) = outFeatures.multipliedReportingOverflow(by: input.positions)
    guard
      site.hasRoom(
        rows: outFeatures, columns: input.channels, values: overflow ? .max : values, at: "out_features")
    else { return nil }
    let (weights, offset) = site.addWeights(
      [outFeatures, input.channels], .linear, fanIn: input.channels, bias: bias,
      positions: input.positions)
    return .init(
      Placed(
        input: input, value: ValueShape(source.sizes.dropLast() + [outFeatures]), weights: weights,
        bias: offset), inputs: [value])
  }

  /// The input with its last axis innermost. In a list of layers the input must be a vector.
  private func vectors(_ site: LayerSite) -> (ValueShape, value: Int)? {
    if site.isInGraph { return site.rowMajor(0) }
    guard let picture = Shape(site.shape), picture.isVector else {
      site.addFault(
        "linear needs a vector, but the layer before gives \(site.shape.words): put a flatten before it")
      return nil
    }
    return (ValueShape([picture.channels]), site.value)
  }

  struct Placed: PlacedLayer {
    let input: Shape
    let value: ValueShape
    let weights: Int
    let bias: Int?

    var output: Shape { Shape(positionsOf: value) }
    var multiplyAdds: Int { input.count * output.channels }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(LinearLayer<Element>(input: input, output: output, weights: weights, bias: bias))
    }
  }
}

extension LayerDescription {
  public static func linear(
    outFeatures: Int, inFeatures: Int? = nil, bias: Bool = true
  ) -> LayerDescription {
    LayerDescription(Linear(outFeatures: outFeatures, inFeatures: inFeatures, bias: bias))
  }
}

/// Fully connected: y = x Wᵀ + b, with x n×in, W out×in (PyTorch's `Linear`), b of length out or absent. A row
/// of x is one position of a sample.
///
/// - backward: ∂x = ∂y W, ∂W = ∂yᵀx, ∂b = Σ ∂y.
/// - tangentForward: ẏ = ẋ Wᵀ + x Vᵀ + v_b.
/// - tangentBackward: ∂ẋ = ∂ẏ W + ∂y V, product W: ∂ẏᵀx + ∂yᵀẋ, product b: Σ ∂ẏ.
struct LinearLayer<Element: Scalar>: NeuronRows {
  let input: Shape
  let output: Shape
  /// Offset of W in the parameters.
  let weights: Int
  /// Offset of b, if there is one.
  let bias: Int?
  /// The products of the whole layer. Narrowed layers have them too.
  let products: Products<Element>

  init(input: Shape, output: Shape, weights: Int, bias: Int?, products: Products<Element>? = nil) {
    (self.input, self.output, self.weights, self.bias) = (input, output, weights, bias)
    self.products =
      products ?? Products(positions: input.height, inputs: input.channels, outputs: output.channels)
  }

  private var m: Int { output.channels }
  private var k: Int { input.channels }
  private func rows(_ pass: Pass<Element>) -> Int { pass.count * input.height }
  var fanIn: Int { k }

  var withoutBias: LinearLayer {
    LinearLayer(input: input, output: output, weights: weights, bias: nil, products: products)
  }

  func narrowed(to neurons: Int, bias: Bool) -> LinearLayer {
    LinearLayer(
      input: input, output: Shape(height: input.height, width: 1, channels: neurons), weights: 0,
      bias: bias ? neurons * fanIn : nil, products: products)
  }

  func inputGradient(
    _ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>
  ) {
    products.multiply(false, false, rows(pass), k, m, dy, m, pass.parameters + weights, k, dx, k)
  }

  /// y = x Wᵀ + b with the W and b of a vector, plus x₂W₂ᵀ of a second pair.
  private func multiply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ vector: UnsafePointer<Element>,
    and second: (UnsafePointer<Element>, UnsafePointer<Element>)? = nil, _ y: UnsafeMutablePointer<Element>
  ) {
    if let bias {
      products.affine(rows(pass), m, k, x, vector + weights, and: second, bias: vector + bias, y)
    } else {
      products.multiply(false, true, rows(pass), m, k, x, k, vector + weights, k, and: second, y, m)
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    multiply(pass, x, pass.parameters, y)
    pass.observer?(weights, y, rows(pass))
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    if let rows = wanted(pass) {
      return backward(pass, wanted: rows, x: x, dy: dy, dx: dx, gradient: gradient)
    }
    pass.observer?(weights, dy, rows(pass))
    if let bias { Element.sumRows(dy, gradient + bias, rows(pass), m) }
    products.multiply(true, false, m, k, rows(pass), dy, m, x, k, accumulate: true, gradient + weights, k)
    if let dx { inputGradient(pass, dy: dy, dx: dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let rows = support(pass) {
      return tangentForward(pass, rows: rows, v: v, x: x, tx: tx, ty: ty)
    }
    multiply(pass, x, v, and: tx.map { ($0, pass.parameters + weights) }, ty)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let (support, wanted) = (support(pass), wanted(pass))
    if support != nil || wanted != nil {
      return tangentBackward(
        pass, support: support, wanted: wanted, v: v, x: x, tx: tx, dy: dy, tdy: tdy, tdx: tdx,
        product: product)
    }
    if let product {
      if let bias { Element.sumRows(tdy, product + bias, rows(pass), m) }
      products.multiply(
        true, false, m, k, rows(pass), tdy, m, x, k, and: tx.map { (dy, $0) }, accumulate: true,
        product + weights, k)
    }
    if let tdx {
      products.multiply(
        false, false, rows(pass), k, m, tdy, m, pass.parameters + weights, k, and: (dy, v + weights), tdx, k)
    }
  }
}
