/// A second-order matrix of the mean loss.
public enum CurvatureKind: String, Sendable, CaseIterable {
  /// ∇²L. A product is a tangent forward and a tangent backward pass: Pearlmutter's R-operator (1994).
  case hessian
  /// The generalised Gauss–Newton matrix 1/n Σ Jᵢᵀ(∇²_f ℓ)Jᵢ (Schraudolph 2002): positive semidefinite, equal
  /// to the Hessian for linear models. A product is a tangent forward pass, the loss's curvature and a
  /// backward pass.
  case gaussNewton = "gauss_newton"
}
