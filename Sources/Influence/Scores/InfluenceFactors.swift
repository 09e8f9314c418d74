import Tensor

/// The progress of a solve with several right-hand sides.
public struct BlockProgress: Sendable, Equatable {
  /// Right-hand sides that are done.
  public var solved: Int
  /// Right-hand sides that are being solved together.
  public var active: Int
  /// All right-hand sides.
  public var count: Int
  /// The present step of the solve.
  public var step: SolveProgress

  /// The share of the allowed steps that is done, 0…1.
  public var share: Double {
    guard count > 0, step.limit > 0 else { return 1 }
    let inside = min(1, Double(step.iteration) / Double(step.limit))
    return (Double(solved) + Double(active) * inside) / Double(count)
  }
}

/// The influence factors of some losses: s = +(H + δI)⁻¹∇ℓ for each loss ℓ (Koh and Liang 2017, §3: s_test).
///
/// The score of a sample z is sᵀ∇ℓ(z). It is positive if z helps, that is, if the loss rises without z.
public struct InfluenceFactors<Element: Scalar>: Sendable {
  /// sᵢ, in the engine's order of the parameters.
  public let vectors: VectorBlock<Element>
  /// Of every solve.
  public let reports: [SolveReport]

  public init(vectors: VectorBlock<Element>, reports: [SolveReport]) {
    self.vectors = vectors
    self.reports = reports
  }

  /// Solves (H + δI)sᵢ = gᵢ for every vector of a block, each with a report of its own.
  /// - Parameters:
  ///   - curvature: H with the weight decay in it, without δ.
  ///   - gradients: gᵢ, without weight decay.
  ///   - batches: pieces of the curvature, for a solver that draws batches.
  /// - Throws: `SolveError`, and the errors of products and of `progress`.
  @specialized(where H == SampledCurvature<Float>)
  @specialized(where H == SampledCurvature<Double>)
  public init<H: SymmetricOperator>(
    _ curvature: H, gradients: VectorBlock<Element>, solver: any Solver, batches: BatchFamily<H>? = nil,
    progress: ((BlockProgress) throws -> Void)? = nil
  ) throws where H.Element == Element {
    let count = gradients.count
    let width = min(solver.blockWidth(length: gradients.length, Element.self), max(1, count))
    // Right-hand sides are solved some at a time. Each time the steps begin at 1.
    var (solved, last) = (0, 0)
    let solutions = try solver.solve(curvature, block: gradients.vectors, batches: batches) { step in
      if step.iteration < last { solved += width }
      last = step.iteration
      let before = max(0, min(solved, count - 1))
      try progress?(
        BlockProgress(solved: before, active: min(width, count - before), count: count, step: step))
    }
    var vectors = VectorBlock<Element>(count: count, length: gradients.length, zeroed: false)
    for (place, solution) in solutions.enumerated() { vectors.set(place, to: solution.x) }
    self.init(vectors: vectors, reports: solutions.map(\.report))
  }
}
