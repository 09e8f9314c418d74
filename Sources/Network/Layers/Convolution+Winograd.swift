import Tensor

/// The four passes by minimal filtering: the same results as by im2col but for rounding. The transformed weights of θ
/// and of the direction come with the pass; the two terms of a tangent pass share its transforms back.
extension Convolution {
  var weightTransforms: [WeightTransform<Element>] {
    winograd.map { [WeightTransform(weights: weights, winograd: $0)] } ?? []
  }

  /// This layer's part of a vector's transformed weights.
  private func own(_ transformed: UnsafePointer<Element>?) -> UnsafePointer<Element> {
    guard let transformed else {
      preconditionFailure("A pass over a network with weight transforms comes with transformed weights.")
    }
    return transformed + Operand<Element>.room * weights
  }

  func forward(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, x: UnsafePointer<Element>,
    y: UnsafeMutablePointer<Element>
  ) {
    winograd.forward(
      pass.count, [(x, own(pass.transformed))], bias: bias.map { pass.parameters + $0 }, y: y,
      scratch: pass.scratch)
    pass.observer?(weights, y, pass.count * window.positions)
  }

  func backward(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, x: UnsafePointer<Element>,
    dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    let rows = pass.count * window.positions
    pass.observer?(weights, dy, rows)
    if let bias { Element.sumRows(dy, gradient + bias, rows, output.channels) }
    winograd.backward(
      pass.count, [.init(dy: dy, x: x, u: own(pass.transformed))], dx: dx, gradient: gradient + weights,
      scratch: pass.scratch)
  }

  func inputGradient(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>
  ) {
    winograd.backward(
      pass.count, [.init(dy: dy, x: nil, u: own(pass.transformed))], dx: dx, gradient: nil,
      scratch: pass.scratch)
  }

  func tangentForward(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, v: UnsafePointer<Element>,
    x: UnsafePointer<Element>, tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    var terms = [(x: x, u: own(pass.transformedDirection))]
    if let tx { terms.append((x: tx, u: own(pass.transformed))) }
    winograd.forward(pass.count, terms, bias: bias.map { v + $0 }, y: ty, scratch: pass.scratch)
  }

  func tangentBackward(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, v: UnsafePointer<Element>,
    x: UnsafePointer<Element>, tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    tdy: UnsafePointer<Element>, tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let product, let bias {
      Element.sumRows(tdy, product + bias, pass.count * window.positions, output.channels)
    }
    var terms = [Winograd<Element>.BackwardTerm(dy: tdy, x: x, u: own(pass.transformed))]
    if tx != nil || tdx != nil { terms.append(.init(dy: dy, x: tx, u: own(pass.transformedDirection))) }
    winograd.backward(
      pass.count, terms, dx: tdx, gradient: product.map { $0 + weights }, scratch: pass.scratch)
  }
}
