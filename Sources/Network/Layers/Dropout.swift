import Tensor

/// Drops every value with probability p in training and divides the others by 1 − p (PyTorch's `Dropout`); the
/// identity everywhere else, and so in all curvature.
///
/// The mask is a hash of (seed, layer, sample, value), so it does not depend on how the minibatch is cut.
struct Dropout<Element: Scalar>: Layer {
  let input: Shape
  let probability: Double
  /// Tells this layer's masks from another's.
  let index: Int
  var output: Shape { input }
  var isFixedMap: Bool { true }

  private func apply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) {
    y.update(from: x, count: pass.count * input.count)
    guard let key = pass.dropout, probability > 0 else { return }
    let keep = 1 / Element(1 - probability)
    let threshold = UInt64(probability * 0x1p53)
    for sample in 0..<pass.count {
      var stream = SplitMix64(state: key.seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15)
      stream.state = stream.next() &+ UInt64(key.firstSample + sample)
      stream.state = stream.next()
      let row = y + sample * input.count
      for value in 0..<input.count { row[value] = stream.next() >> 11 < threshold ? 0 : row[value] * keep }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    apply(pass, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    if let dx { apply(pass, dy, dx) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let tx { apply(pass, tx, ty) } else { ty.clear(pass.count * output.count) }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    if let tdx { apply(pass, tdy, tdx) }
  }
}
