import Tensor

/// A layer that is a fixed permutation of each sample's values: `flatten`, which hands on a picture in PyTorch's
/// order (channel, row, column) as a vector. With `order` nil it is the identity, for an activation that no
/// layer precedes.
///
/// All four passes are the permutation or its inverse.
struct Rearrangement<Element: Scalar>: Layer {
  let input: Shape
  let output: Shape
  var isFixedMap: Bool { true }
  /// y[i] = x[order[i]]
  private let order: [Int]?

  static func identity(_ shape: Shape) -> Rearrangement {
    Rearrangement(input: shape, output: shape, order: nil)
  }

  static func flatten(_ input: Shape) -> Rearrangement {
    let order = (0..<input.channels).flatMap { c in (0..<input.positions).map { $0 * input.channels + c } }
    return Rearrangement(input: input, output: Shape(features: input.count), order: order)
  }

  private func gather(_ count: Int, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>) {
    guard let order else { return y.update(from: x, count: count * input.count) }
    let size = order.count
    order.withUnsafeBufferPointer { order in
      for sample in 0..<count {
        let source = x + sample * size
        let target = y + sample * size
        for index in 0..<size { target[index] = source[order[index]] }
      }
    }
  }

  private func scatter(_ count: Int, _ dy: UnsafePointer<Element>, _ dx: UnsafeMutablePointer<Element>?) {
    guard let dx else { return }
    guard let order else { return dx.update(from: dy, count: count * input.count) }
    let size = order.count
    order.withUnsafeBufferPointer { order in
      for sample in 0..<count {
        let source = dy + sample * size
        let target = dx + sample * size
        for index in 0..<size { target[order[index]] = source[index] }
      }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    gather(pass.count, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    scatter(pass.count, dy, dx)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let tx {
      gather(pass.count, tx, ty)
    } else {
      ty.clear(pass.count * output.count)
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    scatter(pass.count, tdy, tdx)
  }
}
