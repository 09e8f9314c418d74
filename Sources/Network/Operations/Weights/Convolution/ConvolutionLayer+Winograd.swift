import Tensor

/// The four passes by minimal filtering. The results are those of im2col, but for rounding. `Pass` has the
/// transformed weights of θ and of the direction. The two terms of a tangent pass share the transform back.
extension ConvolutionLayer {
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
    let whole = Winograd<Element>.Gradient(dy, channels: output.channels)
    winograd.backward(
      pass.count, inputTerms: [(whole, own(pass.transformed))], weightTerms: [(whole, x)], dx: dx,
      gradient: gradient + weights, scratch: pass.scratch)
  }

  func inputGradient(
    _ pass: Pass<Element>, by winograd: Winograd<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>
  ) {
    winograd.backward(
      pass.count, inputTerms: [(.init(dy, channels: output.channels), own(pass.transformed))],
      weightTerms: [],
      dx: dx, gradient: nil, scratch: pass.scratch)
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
    let (dy, tdy) = (
      Winograd<Element>.Gradient(dy, channels: output.channels),
      Winograd<Element>.Gradient(tdy, channels: output.channels)
    )
    // A direction with few rows has only these rows. So has a product of which few rows are wanted.
    func some(
      _ rows: [Int32]?, of whole: Winograd<Element>.Gradient, _ use: Spares<Element>.Use
    ) -> Winograd<Element>.Gradient {
      rows.map { .init(columns(pass, whole.dy, $0, use), channels: $0.count) } ?? whole
    }
    let (support, wanted) = (support(pass), wanted(pass))
    let along = tdx == nil ? dy : some(support, of: dy, .directionColumns)
    let inputTerms = [(tdy, own(pass.transformed)), (along, own(pass.transformedDirection))]
    var weightTerms: [(gradient: Winograd<Element>.Gradient, x: UnsafePointer<Element>)] = []
    if product != nil {
      weightTerms.append((some(wanted, of: tdy, .wantedTangentColumns), x))
      if let tx {
        let primal = support == wanted && tdx != nil ? along : some(wanted, of: dy, .wantedPrimalColumns)
        weightTerms.append((primal, tx))
      }
    }
    winograd.backward(
      pass.count, inputTerms: inputTerms.filter { $0.0.channels > 0 },
      weightTerms: weightTerms.filter { $0.gradient.channels > 0 }, dx: tdx,
      gradient: product.map { $0 + weights }, scratch: pass.scratch)
  }
}
