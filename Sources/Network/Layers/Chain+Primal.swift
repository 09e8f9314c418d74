import Tensor

/// The forward and the backward pass.
extension Chain {
  /// - Parameter y: receives the chain's output.
  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    var source = x
    for index in stages.indices {
      let target = outputTarget(pass, index, y)
      forward(entering(pass, index), index, x: source, y: target)
      source = UnsafePointer(target)
    }
  }

  /// One stage: its layer, then φ in place.
  /// - Parameter inner: the pass for the stage's layer.
  func forward(
    _ inner: Pass<Element>, _ index: Int, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>
  ) {
    switch stages[index].passes {
    case .layer(let layer): layer.forward(inner, x: x, y: y)
    case .map(let map): map.forward(inner, x: x, y: y)
    }
    stages[index].activation?.forward(y, count(inner, index))
  }

  /// The memory that stage i writes its output to.
  func outputTarget(
    _ pass: Pass<Element>, _ index: Int, _ y: UnsafeMutablePointer<Element>
  ) -> UnsafeMutablePointer<Element> {
    index == stages.count - 1 ? y : kept(pass).outputs[index]?.pointer ?? working(pass).turns.next()
  }

  /// The input of stage i in the forward pass.
  /// - Precondition: the stage is no fixed map: the input of a map is not kept.
  func source(_ pass: Pass<Element>, _ index: Int, _ x: UnsafePointer<Element>) -> UnsafePointer<Element> {
    if index == 0 { return x }
    guard let buffer = kept(pass).outputs[index - 1] else {
      preconditionFailure("A layer that is no fixed map finds its input kept.")
    }
    return UnsafePointer(buffer.pointer)
  }

  /// aᵢ of a stage with an activation.
  func activated(
    _ pass: Pass<Element>, _ index: Int, _ y: UnsafePointer<Element>?
  ) -> UnsafePointer<Element> {
    let output =
      index == stages.count - 1 ? y : kept(pass).outputs[index].map { UnsafePointer($0.pointer) }
    guard let output else {
      preconditionFailure("A chain that ends in an activation needs its output here.")
    }
    return output
  }

  /// - Parameters:
  ///   - y: the chain's output; needed if the chain ends in an activation.
  ///   - dx: receives ∂x; nil if not wanted.
  ///   - gradient: of the network's length, added to.
  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    var incoming = dy
    // The same memory, if it is the pass's own and may be written.
    var own: UnsafeMutablePointer<Element>?
    for index in stages.indices.reversed() {
      if stages[index].activation != nil {
        let inner = own ?? gradientTarget(pass, index)
        throughActivation(pass, index, y: y, from: incoming, into: inner)
        incoming = UnsafePointer(inner)
      }
      let target = index == 0 ? dx : gradientTarget(pass, index - 1)
      backward(
        entering(pass, index), index, x: stages[index].isFixedMap ? nil : source(pass, index, x),
        dy: incoming,
        dx: target, gradient: gradient)
      own = target
      if let target { incoming = UnsafePointer(target) }
    }
  }

  /// The layer of one stage.
  /// - Parameters:
  ///   - inner: the pass for that layer.
  ///   - x: nil for a fixed map, which reads none.
  func backward(
    _ inner: Pass<Element>, _ index: Int, x: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    switch stages[index].passes {
    case .map(let map): if let dx { map.pull(inner, dy: dy, dx: dx) }
    case .layer(let layer):
      guard let x else { preconditionFailure("The backward pass of a layer reads its input.") }
      layer.backward(inner, x: x, dy: dy, dx: dx, gradient: gradient)
    }
  }

  /// The memory for ∂aᵢ, which becomes ∂zᵢ in place.
  func gradientTarget(_ pass: Pass<Element>, _ index: Int) -> UnsafeMutablePointer<Element> {
    pass.keepsGradients && !entersMap(index) ? kept(pass).innerGradient(index) : working(pass).turns.next()
  }

  /// ∂zᵢ from ∂aᵢ, for a stage with an activation.
  /// - Parameters:
  ///   - incoming: ∂aᵢ.
  ///   - inner: receives ∂zᵢ; may be `incoming`.
  func throughActivation(
    _ pass: Pass<Element>, _ index: Int, y: UnsafePointer<Element>?, from incoming: UnsafePointer<Element>,
    into inner: UnsafeMutablePointer<Element>
  ) {
    let n = count(pass, index)
    if incoming != UnsafePointer(inner) { inner.update(from: incoming, count: n) }
    if pass.keepsGradients, stages[index].isCurved, !entersMap(index) {
      kept(pass).outerGradient(index).update(from: inner, count: n)
    }
    stages[index].activation?.slope(activated(pass, index, y), inner, n)
  }
}
