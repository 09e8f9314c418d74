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

  private var m: Int { output.channels }
  private var k: Int { input.channels }
  private func rows(_ pass: Pass<Element>) -> Int { pass.count * input.height }
  var fanIn: Int { k }

  var withoutBias: LinearLayer { LinearLayer(input: input, output: output, weights: weights, bias: nil) }

  func narrowed(to neurons: Int, bias: Bool) -> LinearLayer {
    LinearLayer(
      input: input, output: Shape(height: input.height, width: 1, channels: neurons), weights: 0,
      bias: bias ? neurons * fanIn : nil)
  }

  func inputGradient(
    _ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>
  ) {
    Element.gemm(false, false, rows(pass), k, m, 1, dy, m, pass.parameters + weights, k, 0, dx, k)
  }

  /// y = x Wᵀ + b with the W and b of a vector.
  private func multiply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ vector: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>
  ) {
    if let bias {
      Element.affineProduct(rows(pass), m, k, x, vector + weights, bias: vector + bias, y)
    } else {
      Element.gemm(false, true, rows(pass), m, k, 1, x, k, vector + weights, k, 0, y, m)
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
    Element.gemm(true, false, m, k, rows(pass), 1, dy, m, x, k, 1, gradient + weights, k)
    if let dx { inputGradient(pass, dy: dy, dx: dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let rows = support(pass) {
      return tangentForward(pass, rows: rows, v: v, x: x, tx: tx, ty: ty)
    }
    multiply(pass, x, v, ty)
    if let tx {
      Element.gemm(false, true, rows(pass), m, k, 1, tx, k, pass.parameters + weights, k, 1, ty, m)
    }
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
      Element.gemm(true, false, m, k, rows(pass), 1, tdy, m, x, k, 1, product + weights, k)
      if let tx { Element.gemm(true, false, m, k, rows(pass), 1, dy, m, tx, k, 1, product + weights, k) }
    }
    if let tdx {
      Element.gemm(false, false, rows(pass), k, m, 1, tdy, m, pass.parameters + weights, k, 0, tdx, k)
      Element.gemm(false, false, rows(pass), k, m, 1, dy, m, v + weights, k, 1, tdx, k)
    }
  }
}
