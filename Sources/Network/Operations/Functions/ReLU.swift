import JSON
import Tensor

/// y = max(z, 0). The derivative is 1 where y > 0 and 0 elsewhere, also at z = 0, as in PyTorch.
public struct ReLU: LayerKind, Elementwise {
  public static let type = "relu"
  public static let standard = ReLU()
  public static let fields = Fields<Self>([])

  public init() {}

  public func place(at site: LayerSite) -> Architecture.Node? { site.elementwise(self) }

  var isPiecewiseLinear: Bool { true }
  var followsMaxPool: Bool { true }

  func forward<Element: Scalar>(_ y: UnsafeMutablePointer<Element>, _ n: Int) { Element.relu(y, n) }

  func slope<Element: Scalar>(
    _ y: UnsafePointer<Element>, _ d: UnsafeMutablePointer<Element>, _ n: Int
  ) {
    Element.reluMask(y, d, n)
  }
}

extension LayerDescription {
  public static var relu: LayerDescription { LayerDescription(ReLU()) }
}
