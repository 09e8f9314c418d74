import Tensor

/// The four passes without an im2col matrix. The results are the same, but for rounding. The two terms of a
/// tangent pass are one sum.
extension ConvolutionLayer {
  func forward(
    _ pass: Pass<Element>, by direct: DirectConvolution<Element>, x: UnsafePointer<Element>,
    y: UnsafeMutablePointer<Element>
  ) {
    direct.forward(
      pass.count, [(x, pass.parameters + weights)], bias: bias.map { pass.parameters + $0 }, y: y,
      scratch: pass.scratch)
    pass.observer?(weights, y, pass.count * window.positions)
  }

  func backward(
    _ pass: Pass<Element>, by direct: DirectConvolution<Element>, x: UnsafePointer<Element>,
    dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    let rows = pass.count * window.positions
    pass.observer?(weights, dy, rows)
    if let bias { Element.sumRows(dy, gradient + bias, rows, output.channels) }
    direct.backward(
      pass.count, [.init(dy: dy, x: x, w: pass.parameters + weights)], dx: dx, gradient: gradient + weights,
      scratch: pass.scratch)
  }

  func tangentForward(
    _ pass: Pass<Element>, by direct: DirectConvolution<Element>, v: UnsafePointer<Element>,
    x: UnsafePointer<Element>, tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    var terms = [(x: x, w: v + weights)]
    if let tx { terms.append((x: tx, w: pass.parameters + weights)) }
    direct.forward(pass.count, terms, bias: bias.map { v + $0 }, y: ty, scratch: pass.scratch)
  }

  func tangentBackward(
    _ pass: Pass<Element>, by direct: DirectConvolution<Element>, v: UnsafePointer<Element>,
    x: UnsafePointer<Element>, tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    tdy: UnsafePointer<Element>, tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let product, let bias {
      Element.sumRows(tdy, product + bias, pass.count * window.positions, output.channels)
    }
    direct.backward(
      pass.count,
      [.init(dy: tdy, x: x, w: pass.parameters + weights), .init(dy: dy, x: tx, w: v + weights)], dx: tdx,
      gradient: product.map { $0 + weights }, scratch: pass.scratch)
  }
}
