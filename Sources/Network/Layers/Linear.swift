import Tensor

/// Fully connected: y = x Wᵀ + b, with x n×in, W out×in (PyTorch's `Linear`), b of length out or absent.
///
/// - backward: ∂x = ∂y W, ∂W = ∂yᵀx, ∂b = Σ ∂y.
/// - tangentForward: ẏ = ẋ Wᵀ + x Vᵀ + v_b.
/// - tangentBackward: ∂ẋ = ∂ẏ W + ∂y V, product W: ∂ẏᵀx + ∂yᵀẋ, product b: Σ ∂ẏ.
struct Linear<Element: Scalar>: NeuronRows {
  let input: Shape
  let output: Shape
  /// Offset of W in the parameters.
  let weights: Int
  /// Offset of b, if there is one.
  let bias: Int?

  private var m: Int { output.count }
  private var k: Int { input.count }
  var fanIn: Int { k }

  var withoutBias: Linear { Linear(input: input, output: output, weights: weights, bias: nil) }

  func narrowed(to neurons: Int, bias: Bool) -> Linear {
    Linear(
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
