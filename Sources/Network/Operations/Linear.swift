import Tensor

/// `torch.nn.Linear`: y = x Wᵀ + b over vectors.
public struct Linear: LayerKind {
  public static let type = "linear"

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
    let input = site.input
    guard input.isVector else {
      return site.fault(
        "linear needs a vector, but the layer before gives \(input): put a flatten before it")
    }
    if let inFeatures, inFeatures != input.count {
      return site.fault(
        "must be \(input.count), the features of the layer before, got \(inFeatures)", at: "in_features")
    }
    guard site.hasRoom(rows: outFeatures, columns: input.count, values: outFeatures, at: "out_features")
    else {
      return nil
    }
    let (weights, offset) = site.addWeights(
      [outFeatures, input.count], .linear, fanIn: input.count, bias: bias, positions: 1)
    return site.node(
      Placed(input: input, output: Shape(features: outFeatures), weights: weights, bias: offset))
  }

  struct Placed: PlacedLayer {
    let input: Shape
    let output: Shape
    let weights: Int
    let bias: Int?

    var multiplyAdds: Int { input.count * output.count }

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

/// Fully connected: y = x Wᵀ + b, with x n×in, W out×in (PyTorch's `Linear`), b of length out or absent.
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

  private var m: Int { output.count }
  private var k: Int { input.count }
  var fanIn: Int { k }

  var withoutBias: LinearLayer { LinearLayer(input: input, output: output, weights: weights, bias: nil) }

  func narrowed(to neurons: Int, bias: Bool) -> LinearLayer {
    LinearLayer(
      input: input, output: Shape(features: neurons), weights: 0, bias: bias ? neurons * fanIn : nil)
  }

  func inputGradient(
    _ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>
  ) {
    Element.gemm(false, false, pass.count, k, m, 1, dy, m, pass.parameters + weights, k, 0, dx, k)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    if let bias { Element.broadcastRows(pass.parameters + bias, y, pass.count, m) }
    Element.gemm(
      false, true, pass.count, m, k, 1, x, k, pass.parameters + weights, k, bias == nil ? 0 : 1, y, m)
    pass.observer?(weights, y, pass.count)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    if let rows = wanted(pass) {
      return backward(pass, wanted: rows, x: x, dy: dy, dx: dx, gradient: gradient)
    }
    pass.observer?(weights, dy, pass.count)
    if let bias { Element.sumRows(dy, gradient + bias, pass.count, m) }
    Element.gemm(true, false, m, k, pass.count, 1, dy, m, x, k, 1, gradient + weights, k)
    if let dx { inputGradient(pass, dy: dy, dx: dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let rows = support(pass) {
      return tangentForward(pass, rows: rows, v: v, x: x, tx: tx, ty: ty)
    }
    if let bias { Element.broadcastRows(v + bias, ty, pass.count, m) }
    Element.gemm(false, true, pass.count, m, k, 1, x, k, v + weights, k, bias == nil ? 0 : 1, ty, m)
    if let tx {
      Element.gemm(false, true, pass.count, m, k, 1, tx, k, pass.parameters + weights, k, 1, ty, m)
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
      if let bias { Element.sumRows(tdy, product + bias, pass.count, m) }
      Element.gemm(true, false, m, k, pass.count, 1, tdy, m, x, k, 1, product + weights, k)
      if let tx { Element.gemm(true, false, m, k, pass.count, 1, dy, m, tx, k, 1, product + weights, k) }
    }
    if let tdx {
      Element.gemm(false, false, pass.count, k, m, 1, tdy, m, pass.parameters + weights, k, 0, tdx, k)
      Element.gemm(false, false, pass.count, k, m, 1, dy, m, v + weights, k, 1, tdx, k)
    }
  }
}
