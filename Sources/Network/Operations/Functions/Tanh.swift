import JSON
import Tensor

/// y = tanh z, φ′ = 1 − y², φ″ż = −2yẏ.
public struct Tanh: LayerKind, Elementwise {
  public static let type = "tanh"
  public static let standard = Tanh()
  public static let fields = Fields<Self>([])

  public init() {}

  public func place(at site: LayerSite) -> Architecture.Node? { site.elementwise(self) }

  func forward<Element: Scalar>(_ y: UnsafeMutablePointer<Element>, _ n: Int) { Element.tanh(y, n) }

  func slope<Element: Scalar>(
    _ y: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    Element.tanhSlope(y, d, n)
  }

  func slopeTangent<Element: Scalar>(
    _ y: UnsafePointer<Element>, ty: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ tdy: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    Element.tanhSlopeTangent(y, ty, dy, tdy, n)
  }
}

extension LayerDescription {
  public static var tanh: LayerDescription { LayerDescription(Tanh()) }
}
