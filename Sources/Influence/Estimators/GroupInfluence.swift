import Tensor

/// The change of θ̂ when a group U of m of n training samples is removed, by the size of the group (Basu, You
/// and Feizi 2020). R and R_U have the weight decay, and the remaining risk is R + q(R − R_U), q = m/(n − m).
///
/// - To first order: Δ₁ = q·H⁻¹g, g = ∇R_U(θ̂).
/// - To second order, without third derivatives of the loss: Δ₂ = Δ₁ − q·Δ₁ + q·H⁻¹H_UΔ₁.
///
/// Δ₁ and Δ₂ begin the series of a Newton step on the remaining risk, Δ = q·(H + q(H − H_U))⁻¹g.
public struct GroupInfluence<Element: Scalar>: Sendable {
  /// Δ₁ and Δ₂ of every group.
  public let first: [[Element]]
  public let second: [[Element]]
  /// The report of each solve for Δ₁, and of each solve for the second-order term.
  public let firstReports: [SolveReport]
  public let secondReports: [SolveReport]

  /// A group U: its weight, gradient and curvature at θ̂.
  public struct Group {
    /// q = m/(n − m).
    public let weight: Double
    /// g = ∇R_U(θ̂), with the weight decay.
    public let gradient: [Element]
    /// v ↦ H_U v, with the weight decay.
    public let product: ([Element]) throws -> [Element]

    /// - Precondition: the group leaves some samples.
    public init(
      size m: Int, of n: Int, gradient: [Element], product: @escaping ([Element]) throws -> [Element]
    ) {
      precondition(m > 0 && m < n, "A group takes some samples and leaves some.")
      weight = Double(m) / Double(n - m)
      self.gradient = gradient
      self.product = product
    }
  }

  /// Solves twice for all groups together.
  /// - Parameters:
  ///   - curvature: H of the whole risk, with the weight decay.
  ///   - progress: sees the share done.
  /// - Throws: `SolveError`, and the errors of products and of `progress`.
  public init<H: SymmetricOperator>(
    _ curvature: H, groups: [Group], solver: any Solver, batches: BatchFamily<H>? = nil,
    progress: ((Double) throws -> Void)? = nil
  ) throws where H.Element == Element {
    func solve(_ rights: [[Element]], _ half: Double) throws -> [Solution<Element>] {
      let factors = try InfluenceFactors(
        curvature, gradients: VectorBlock(rights), solver: solver, batches: batches
      ) { try progress?(half + 0.5 * $0.share) }
      return rights.indices.map { Solution(x: factors.vectors[$0], report: factors.reports[$0]) }
    }
    let linear = try solve(groups.map(\.gradient), 0)
    let first = zip(groups, linear).map { group, solution in
      var change = solution.x
      change.scale(Element(group.weight))
      return change
    }
    let further = try solve(zip(groups, first).map { try $0.product($1) }, 0.5)
    self.first = first
    second = zip(groups, zip(first, further)).map { group, changes in
      var change = changes.0
      change.scale(Element(1 - group.weight))
      change.add(Element(group.weight), times: changes.1.x)
      return change
    }
    firstReports = linear.map(\.report)
    secondReports = further.map(\.report)
  }
}
