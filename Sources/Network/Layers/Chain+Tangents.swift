import Tensor

/// The passes along a direction.
extension Chain {
  /// - Parameters:
  ///   - v: the direction, of the network's length.
  ///   - y: the chain's output; needed if the chain ends in an activation.
  ///   - tx: ẋ; nil if it is zero.
  ///   - ty: receives ẏ.
  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    var tangentSource = tx
    for (index, stage) in stages.enumerated() {
      let n = count(pass, index)
      let target = index == stages.count - 1 ? ty : working(pass).tangentTarget(index)
      let inner = entering(pass, index)
      switch stage.passes {
      case .layer(let layer):
        layer.tangentForward(inner, v: v, x: source(pass, index, x), tx: tangentSource, ty: target)
      case .map(let map):
        if let tangentSource { map.push(inner, tx: tangentSource, ty: target) } else { target.clear(n) }
      }
      stage.activation?.slope(activated(pass, index, y), target, n)
      tangentSource = UnsafePointer(target)
    }
  }

  /// - Parameters:
  ///   - y: the chain's output; needed if the chain ends in an activation.
  ///   - tx: ẋ; nil if it is zero.
  ///   - ty: ẏ; needed if the chain ends in a curved activation.
  ///   - dy: ∂y of the primal backward pass.
  ///   - tdy: ∂ẏ.
  ///   - tdx: receives ∂ẋ; nil if not wanted.
  ///   - product: of the network's length, added to; nil if not wanted.
  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    tx: UnsafePointer<Element>?, ty: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    tdy: UnsafePointer<Element>, tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let kept = kept(pass)
    let working = working(pass)
    let last = stages.count - 1
    var incoming = tdy
    // The same memory, if it is the pass's own and may be written.
    var own: UnsafeMutablePointer<Element>?
    // ∂aᵢ of the primal pass, if the fixed map after stage i has made it again.
    var remade: UnsafeMutablePointer<Element>?
    for index in stages.indices.reversed() {
      let stage = stages[index]
      let n = count(pass, index)
      var gradient = index == last ? dy : remade.map { UnsafePointer($0) } ?? kept.keptInner(index)
      if let activation = stage.activation {
        let inner = own ?? working.turns.next()
        if own == nil { inner.update(from: incoming, count: n) }
        let output = activated(pass, index, y)
        if stage.isCurved {
          let outer = index < last && remade == nil ? kept.keptOuter(index) : gradient
          guard let tangent = index < last ? working.keptTangent(index) : ty else {
            preconditionFailure("A chain that ends in a curved activation needs the tangent of its output.")
          }
          activation.slopeTangent(output, ty: tangent, dy: outer, inner, n)
        } else {
          activation.slope(output, inner, n)
        }
        if let remade { activation.slope(output, remade, n) }
        if index == last { gradient = kept.keptInner(index) }
        incoming = UnsafePointer(inner)
      }
      let target = index == 0 ? tdx : working.turns.next()
      let inner = entering(pass, index)
      remade = nil
      switch stage.passes {
      case .layer(let layer):
        layer.tangentBackward(
          inner, v: v, x: source(pass, index, x), tx: index == 0 ? tx : working.keptTangent(index - 1),
          dy: gradient, tdy: incoming, tdx: target, product: product)
      case .map(let map):
        if let target { map.pull(inner, dy: incoming, dx: target) }
        if index > 0 {
          let made = working.turns.nextPrimal()
          map.pull(inner, dy: gradient, dx: made)
          remade = made
        }
      }
      own = target
      if let target { incoming = UnsafePointer(target) }
    }
  }
}
