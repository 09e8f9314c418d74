import JSON
import Tensor

/// An operation on each value by itself, y = φ(x), whose derivatives follow from x.
protocol FunctionKind: LayerKind {
  var function: PointFunction { get }
}

extension FunctionKind {
  func place(at site: LayerSite) -> Architecture.Node? {
    site.node(PlacedPointFunction(function: function, value: site.shape))
  }
}

struct PlacedPointFunction: PlacedLayer {
  let function: PointFunction
  let value: ValueShape

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(PointFunctionLayer<Element>(function: function, outputCount: value.count))
  }
}

/// - tangentForward: ẏ = φ′ẋ.
/// - backward: ∂x = φ′∂y.
/// - tangentBackward: ∂ẋ = φ′∂ẏ + φ″ẋ∂y.
struct PointFunctionLayer<Element: Scalar>: Joint {
  let function: PointFunction
  let outputCount: Int

  var uses: LayerUses { LayerUses(gradient: !function.isPiecewiseLinear) }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    function.values(x[0], y, pass.count * outputCount)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let dx = dx[0] else { return }
    let n = pass.count * outputCount
    dx.update(from: dy, count: n)
    function.slope(x, dx, n)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let tx = tx[0] else { return }
    let n = pass.count * outputCount
    ty.update(from: tx, count: n)
    function.slope(x, ty, n)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let x = x[0], let tdx = tdx[0] else { return }
    let n = pass.count * outputCount
    tdx.update(from: tdy, count: n)
    if let tx = tx[0], let dy, !function.isPiecewiseLinear {
      function.slopeTangent(x, tx: tx, dy: dy, tdx, n)
    } else {
      function.slope(x, tdx, n)
    }
  }
}
