import Network
import Tensor

/// Which second-order matrix of the mean loss is meant.
public enum CurvatureKind: String, Sendable, CaseIterable {
  /// ∇²L.
  case hessian
  /// The generalised Gauss–Newton matrix: positive semidefinite, equal to the Hessian for linear models.
  case gaussNewton = "gauss_newton"
}

/// The curvature of the risk R(θ) = L(θ) + λ/2‖θ‖² at one θ over one set of samples, known by its products
/// (∇²L + λI)v.
public struct RiskCurvature<Element: Scalar>: SymmetricOperator {
  public let linearization: Linearization<Element>
  public let kind: CurvatureKind
  /// λ.
  public let weightDecay: Double
  private var support: ParameterSubset<Element>?
  private var wanted: ParameterSubset<Element>?

  public init(_ linearization: Linearization<Element>, kind: CurvatureKind = .hessian, weightDecay: Double) {
    self.linearization = linearization
    self.kind = kind
    self.weightDecay = weightDecay
  }

  public var dimension: Int { linearization.dimension }

  public func narrowed(support: [Int]?, wanted: [Int]?) -> RiskCurvature {
    var narrowed = self
    (narrowed.support, narrowed.wanted) = linearization.network.subsets(support, wanted)
    return narrowed
  }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, dimension, "the vector to multiply")
    switch kind {
    case .hessian: try linearization.hessianProduct(x, into: &y, support: support, wanted: wanted)
    case .gaussNewton: try linearization.gaussNewtonProduct(x, into: &y, support: support, wanted: wanted)
    }
    if weightDecay != 0 { y.add(Element(weightDecay), times: x) }
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, dimension, "the vector to multiply")
    switch kind {
    case .hessian: try linearization.hessianProducts(block, into: &products)
    case .gaussNewton: try linearization.gaussNewtonProducts(block, into: &products)
    }
    if weightDecay != 0 { products.add(Element(weightDecay), times: block) }
  }
}

extension Network {
  /// What the passes need to know of two sets of places, made once where they are the same.
  func subsets(
    _ support: [Int]?, _ wanted: [Int]?
  ) -> (support: ParameterSubset<Element>?, wanted: ParameterSubset<Element>?) {
    let first = support.map { subset($0) }
    return (first, support == wanted ? first : wanted.map { subset($0) })
  }
}
