import Tensor

/// Where a solve with several right-hand sides stands.
public struct BlockProgress: Sendable, Equatable {
  /// Right-hand sides done before those in work.
  public var solved: Int
  /// Right-hand sides in work together.
  public var active: Int
  /// All of them.
  public var count: Int
  /// The step of those in work.
  public var step: SolveProgress

  /// The share of the steps allowed that is done, 0…1.
  public var share: Double {
    guard count > 0, step.limit > 0 else { return 1 }
    let inside = min(1, Double(step.iteration) / Double(step.limit))
    return (Double(solved) + Double(active) * inside) / Double(count)
  }
}

/// The influence factors of some losses: s = +(H + δI)⁻¹∇ℓ for each (Koh and Liang 2017, §3: s_test).
///
/// A score is sᵀ∇ℓ(z): positive where the point z helps, that is, where its removal raises the loss asked about.
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
  /// - Throws: `SolveError`, and what products and `progress` throw.
  public init<H: SymmetricOperator>(
    _ curvature: H, gradients: VectorBlock<Element>, solver: SolverChoice, batches: BatchFamily<H>? = nil,
    progress: ((BlockProgress) throws -> Void)? = nil
  ) throws where H.Element == Element {
    let count = gradients.count
    let width = min(solver.blockWidth(length: gradients.length, Element.self), max(1, count))
    // Every turn of right-hand sides begins its steps anew.
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

extension SolverChoice {
  /// Bytes that one array of vectors in a block method may take.
  private static var blockBytes: Int { 1 << 27 }

  /// Right-hand sides of a length that the solver works on at a time. It depends on the length alone.
  func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int {
    switch self {
    case .conjugateGradient:
      min(
        BlockConjugateGradient.defaultWidth,
        max(1, Self.blockBytes / max(1, length * MemoryLayout<Element>.size)))
    // Batches and factors are shared by all at once.
    case .lissa, .direct: .max
    case .lsmr, .minres, .neumann, .arnoldi: 1
    }
  }

  /// Solves (H + δI)xᵢ = gᵢ for several right-hand sides, sharing what the solver can share: one Krylov space (`cg`), one
  /// factorisation (`direct`), eigenpairs (`arnoldi`), batches (`lissa`).
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>? = nil,
    progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> [Solution<H.Element>] {
    switch self {
    case .lsmr(let options): return try LSMR(options).solve(h, block: block, progress: progress)
    case .minres(let options): return try MINRES(options).solve(h, block: block, progress: progress)
    case .neumann(let options, let scale):
      return try NeumannSeries(options, scale: scale).solve(h, block: block, progress: progress)
    case .conjugateGradient(let single):
      return try BlockConjugateGradient(
        single.options, preconditioning: single.preconditioning,
        width: blockWidth(length: h.dimension, H.Element.self)
      ).solve(h, block: block, progress: progress)
    case .direct(let damping):
      return try DirectSolver(damping: damping).solve(h, block: block, progress: progress)
    case .arnoldi(let solver): return try solver.solve(h, block: block, progress: progress)
    case .lissa(let solver):
      return try solver.solve(
        h, batches: batches ?? BatchFamily(count: 1) { _ in h }, block: block, progress: progress)
    }
  }
}
