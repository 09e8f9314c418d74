import Tensor

/// An operation whose derivative by all its inputs is zero.
protocol FlatJoint<Element>: Joint {
  /// Values of a sample of an input.
  func inputCount(_ input: Int) -> Int
}

extension FlatJoint {
  var uses: LayerUses { LayerUses(inputs: false, gradient: false, hasDerivative: false) }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) { clear(pass, dx) }

  // The value has no tangent, so no schedule calls this.
  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) { ty.clear(pass.count * outputCount) }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) { clear(pass, tdx) }

  private func clear(_ pass: Pass<Element>, _ parts: [UnsafeMutablePointer<Element>?]) {
    for (input, part) in parts.enumerated() { part?.clear(pass.count * inputCount(input)) }
  }
}
