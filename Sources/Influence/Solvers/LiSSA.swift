import Tensor

/// The curvature on batches of samples. The mean of the batches is H.
public struct BatchFamily<Operator: SymmetricOperator> {
  /// How many batches there are.
  public let count: Int
  /// The operator of a batch, 0 ..< count.
  public let batch: (Int) throws -> Operator

  public init(count: Int, batch: @escaping (Int) throws -> Operator) {
    self.count = count
    self.batch = batch
  }
}

/// LiSSA (Agarwal, Bullins and Hazan 2017; Koh and Liang 2017): z ← g + (I − (H_batch + δI)/c) z, x = z/c.
///
/// In the published form the answer has the noise of the last batches: 5 to 20 % of x at a condition number
/// of about 100. Here the last part of the steps is averaged, and `repeats` independent runs are. Then
/// `corrections` run again on the true residual, each for one product with all samples.
public struct LiSSA: Solver {
  public static let name = "lissa"
  /// `iterationLimit` is the number of steps of one run (default 500). The tolerance (default 10⁻³) ends the
  /// corrections.
  public var options: SolveOptions
  /// Independent runs that are averaged in each round.
  public var repeats: Int
  /// The most rounds after the first.
  public var corrections: Int
  /// The last share of the steps of a run, over which the answer is averaged.
  public var averagedShare: Double
  /// c. nil takes the largest eigenvalue that is measured over all samples and over some batches.
  public var scale: Double?
  /// The samples of a batch. The batches are the caller's, who reads this number.
  public var batchSize: Int
  /// Seeds the order of the batches.
  public var seed: UInt64

  public static let defaultDepth = 500
  public static let defaultTolerance = 1e-3

  public init(
    _ options: SolveOptions = SolveOptions(), repeats: Int = 1, corrections: Int = 10,
    averagedShare: Double = 0.25, scale: Double? = nil, batchSize: Int = 64, seed: UInt64 = 0
  ) {
    self.options = options
    self.repeats = repeats
    self.corrections = corrections
    self.averagedShare = averagedShare
    self.scale = scale
    self.batchSize = batchSize
    self.seed = seed
  }

  public var samplesABatch: Int? { batchSize }

  public func seeded(_ seed: UInt64) -> LiSSA {
    var solver = self
    solver.seed = seed
    return solver
  }

  /// Solves (H + δI) x = g for every g of the block. All use the same draws of batches.
  ///
  /// `curvatureProducts` counts a product with a batch as one.
  /// - Parameters:
  ///   - h: the whole operator, for c and the true residual.
  ///   - batches: in each run every batch comes once in random order before any comes again.
  ///   - progress: called at each step, with the largest residual of the last round.
  public func solve<H: SymmetricOperator, B: SymmetricOperator>(
    _ h: H, batches: BatchFamily<B>, block: [[H.Element]],
    progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> [Solution<H.Element>] where B.Element == H.Element {
    try validate(batches.count)
    for g in block { try requireLength(g.count, h.dimension, "the right-hand side") }
    let whole = DampedOperator(h, damping: options.damping)
    let sizes = block.map(\.norm)
    for size in sizes where !size.isFinite {
      throw SolveError.nonFinite(solver: LiSSA.name, iteration: 0, quantity: "the right-hand side")
    }
    var run = try LiSSARun<H.Element>(
      steps: options.iterationLimit ?? Self.defaultDepth, averagedShare: averagedShare,
      limit: (options.iterationLimit ?? Self.defaultDepth) * repeats * (corrections + 1),
      progress: progress, sizes: sizes)
    let measured = try scale.map { (scale: $0, products: 0) } ?? measuredScale(whole, batches)
    let c = measured.scale
    var states = block.map { g in
      var report = SolveReport(
        solver: LiSSA.name, tolerance: options.tolerance ?? Self.defaultTolerance, damping: options.damping)
      report.scale = c
      return (x: [H.Element].zeros(g.count), rest: g, report: report)
    }
    if !states.isEmpty { states[0].report.curvatureProducts += measured.products }
    var active = block.indices.filter { sizes[$0] > 0 }
    for index in block.indices where sizes[index] == 0 {
      states[index].report.relativeResidual = 0
      states[index].report.converged = true
    }
    for round in 0...corrections where !active.isEmpty {
      let rests = active.map { states[$0].rest }
      var steps = active.map { _ in [H.Element].zeros(h.dimension) }
      for repetition in 0..<repeats {
        var stream = RandomStream(seed: seed, purpose: "lissa round \(round) run \(repetition)")
        let answers = try run.answers(rests, active, batches, options.damping, c, &stream) { active in
          active.map { states[$0].report.relativeResidual }.max() ?? 1
        }
        for index in steps.indices {
          steps[index].add(H.Element(1 / Double(repeats)), times: answers[index])
        }
      }
      let candidates = active.indices.map { position -> [H.Element] in
        var x = steps[position]
        x.add(1, times: states[active[position]].x)
        return x
      }
      let products = try whole.apply(block: candidates)
      var open: [Int] = []
      for (position, index) in active.enumerated() {
        var rest = products[position]
        rest.scale(-1, adding: block[index])
        let residual = rest.norm / sizes[index]
        let previous = states[index].report.relativeResidual
        var report = states[index].report
        report.iterations += run.steps * repeats
        report.residualHistory.append(residual)
        report.curvatureProducts += run.steps * repeats * 1 + h.productsPerApplication
        if !residual.isFinite || residual > 2 * max(1, previous) {
          throw SolveError.diverged(
            solver: LiSSA.name, iteration: report.iterations, relativeResidual: residual, advice: Self.advice)
        }
        if residual < previous {
          report.relativeResidual = residual
          states[index].x = candidates[position]
          states[index].rest = rest
        }
        report.converged = report.relativeResidual <= report.tolerance
        report.reason = nil
        if !report.converged {
          // A round that reduces the residual by less than a twentieth is noise.
          let gains = residual < 0.95 * previous
          report.reason = gains ? .iterationLimit : .stagnation
          if gains { open.append(index) }
        }
        states[index].report = report
      }
      active = open
    }
    return states.map { Solution(x: $0.x, report: $0.report) }
  }

  public func expectedCost(_ size: SolveSize) -> SolveCost {
    let depth = Double(options.iterationLimit ?? Self.defaultDepth)
    var cost = SolveCost()
    cost.batchProducts = size.count * depth * Double(repeats) * (Double(corrections) + 1)
    cost.products = size.count * 20
    cost.vectors = 10
    return cost
  }

  /// No limit: all right-hand sides use the same draws of batches.
  public func blockWidth<Element: Scalar>(length: Int, _: Element.Type) -> Int { .max }

  /// Solves with the whole operator in place of batches.
  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try solve(h, g, batches: nil, monitor: monitor)
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], batches: BatchFamily<H>?, monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try solve(h, block: [g], batches: batches, progress: monitor.progress)[0]
  }

  /// - Parameter batches: nil takes the whole operator in place of batches.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], batches: BatchFamily<H>?, progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try solve(h, batches: batches ?? BatchFamily(count: 1) { _ in h }, block: block, progress: progress)
  }

  /// LiSSA has no least-squares form.
  /// - Throws: `SolveError.option`, always.
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element> {
    throw SolveError.option(
      name: "solver", value: Self.name, expected: "a solver for least squares, such as \(LSMR.name)")
  }

  /// One right-hand side.
  public func solve<H: SymmetricOperator, B: SymmetricOperator>(
    _ h: H, batches: BatchFamily<B>, _ g: [H.Element],
    progress: ((SolveProgress) throws -> Void)? = nil
  ) throws -> Solution<H.Element> where B.Element == H.Element {
    try solve(h, batches: batches, block: [g], progress: progress)[0]
  }

  static let advice = """
    LiSSA needs positive semidefinite batches with eigenvalues below 2c: take larger batches, add damping, use \
    the Gauss–Newton operator, or choose a larger scale.
    """

  private func validate(_ batches: Int) throws {
    try options.validate()
    if repeats < 1 { throw SolveError.option(name: "repeats", value: "\(repeats)", expected: "at least 1") }
    if corrections < 0 {
      throw SolveError.option(name: "corrections", value: "\(corrections)", expected: "at least 0")
    }
    if !(averagedShare >= 0 && averagedShare <= 1) {
      throw SolveError.option(name: "averaged_share", value: "\(averagedShare)", expected: "in 0 ... 1")
    }
    if let scale, !(scale.isFinite && scale > 0) {
      throw SolveError.option(name: "scale", value: "\(scale)", expected: "a positive number")
    }
    if batches < 1 { throw SolveError.option(name: "batches", value: "\(batches)", expected: "at least 1") }
  }

  /// The largest bound on an eigenvalue, over all samples and up to eight batches. A batch has larger
  /// eigenvalues than the mean of all. A step is stable up to twice this bound.
  private func measuredScale<H: SymmetricOperator, B: SymmetricOperator>(
    _ whole: H, _ batches: BatchFamily<B>
  ) throws -> (scale: Double, products: Int) where B.Element == H.Element {
    let ends = try ExtremeEigenvalues(of: whole, steps: 20, accuracy: 0.1, seed: seed)
    var bound = ends.upperBound
    var products = ends.products
    for index in 0..<min(8, batches.count) {
      let batch = DampedOperator(try batches.batch(index), damping: options.damping)
      let ends = try ExtremeEigenvalues(of: batch, steps: 20, accuracy: 0.1, seed: seed)
      bound = max(bound, ends.upperBound)
      products += ends.products
    }
    return (bound > 0 ? 1.1 * bound : 1, products)
  }
}

/// The steps of one run for several right-hand sides.
private struct LiSSARun<Element: Scalar> {
  let steps: Int
  let averaged: Int
  let limit: Int
  let progress: ((SolveProgress) throws -> Void)?
  let sizes: [Double]
  private var done = 0

  init(
    steps: Int, averagedShare: Double, limit: Int, progress: ((SolveProgress) throws -> Void)?,
    sizes: [Double]
  ) throws {
    self.steps = steps
    averaged = max(1, min(steps, Int((Double(steps) * averagedShare).rounded())))
    self.limit = limit
    self.progress = progress
    self.sizes = sizes
  }

  /// Answers of z ← g + (I − (H_batch + δI)/c) z, averaged over the last steps and divided by c.
  mutating func answers<B: SymmetricOperator>(
    _ rights: [[Element]], _ active: [Int], _ batches: BatchFamily<B>, _ damping: Double, _ c: Double,
    _ stream: inout RandomStream, residual: ([Int]) -> Double
  ) throws -> [[Element]] where B.Element == Element {
    var z = rights
    var sum = rights.map { [Element].zeros($0.count) }
    var order: [Int] = []
    let last = residual(active)
    let share = Element(1 / (Double(averaged) * c))
    for step in 1...steps {
      if order.isEmpty { order = stream.permutation(batches.count) }
      let batch = DampedOperator(try batches.batch(order.removeLast()), damping: damping)
      let products = try batch.apply(block: z)
      for index in z.indices {
        z[index].add(Element(-1 / c), times: products[index])
        z[index].add(1, times: rights[index])
        if step > steps - averaged { sum[index].add(share, times: z[index]) }
      }
      done += 1
      // An answer that grows by more than any plausible condition number diverges.
      let growth = zip(z, active).map { $0.norm / sizes[$1] }.max() ?? 0
      if !growth.isFinite || growth > 1e8 {
        throw SolveError.diverged(
          solver: LiSSA.name, iteration: done, relativeResidual: growth, advice: LiSSA.advice)
      }
      try progress?(SolveProgress(iteration: done, limit: limit, relativeResidual: last))
    }
    return sum
  }
}
