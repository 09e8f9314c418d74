import Tensor

/// Block conjugate gradients (O'Leary 1980) for (H + δI) X = G, in the breakdown-free form of Ji and Li
/// (2017): every step orthonormalises the search directions and drops dependent ones.
///
/// All right-hand sides share one search space, so they need far fewer steps than each alone. Negative
/// curvature spoils the shared space. Then each right-hand side is solved alone from the start.
public struct BlockConjugateGradient: SymmetricSolver, Equatable {
  /// The most right-hand sides that are solved together. More are solved some at a time.
  public static let defaultWidth = 64
  public var options: SolveOptions
  public var preconditioning: ConjugateGradient.Preconditioning
  public var width: Int

  public init(
    _ options: SolveOptions = SolveOptions(), preconditioning: ConjugateGradient.Preconditioning = .none,
    width: Int = Self.defaultWidth
  ) {
    self.options = options
    self.preconditioning = preconditioning
    self.width = width
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element> {
    try ConjugateGradient(options, preconditioning: preconditioning).solve(h, g, monitor: monitor)
  }

  /// - Returns: a solution for each right-hand side. A block step counts a product for every direction. The
  ///   products are divided evenly among the right-hand sides of the block.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try options.validate()
    if width < 1 { throw SolveError.option(name: "width", value: "\(width)", expected: "at least 1") }
    for g in block {
      try requireLength(g.count, h.dimension, "the right-hand side")
      if !g.isFinite {
        throw SolveError.nonFinite(
          solver: ConjugateGradient.name, iteration: 0, quantity: "the right-hand side")
      }
    }
    let single = ConjugateGradient(options, preconditioning: preconditioning)
    let built = try single.preconditioner(for: h)
    var solutions: [Solution<H.Element>] = []
    for first in stride(from: 0, to: block.count, by: width) {
      let part = Array(block[first..<min(first + width, block.count)])
      var state = BlockState(h, part, options, built.preconditioner, progress)
      solutions += try state.solve(single)
    }
    if !solutions.isEmpty { solutions[0].report.curvatureProducts += built.products }
    return solutions
  }
}

/// The state of one block while it is solved.
private struct BlockState<H: SymmetricOperator> {
  typealias Element = H.Element
  let damped: DampedOperator<H>
  let block: [[Element]]
  let sizes: [Double]
  let options: SolveOptions
  let tolerance: Double
  let limit: Int
  let preconditioner: (any Preconditioner<Element>)?
  let progress: ((SolveProgress) throws -> Void)?
  var x: VectorBlock<Element>
  var reports: [SolveReport]
  var products = 0
  var iterations = 0
  var largest = 0.0

  init(
    _ h: H, _ block: [[Element]], _ options: SolveOptions,
    _ preconditioner: (any Preconditioner<Element>)?, _ progress: ((SolveProgress) throws -> Void)?
  ) {
    damped = DampedOperator(h, damping: options.damping)
    self.block = block
    sizes = block.map(\.norm)
    self.options = options
    let tolerance = options.tolerance ?? DefaultTolerance.symmetric(Element.self)
    self.tolerance = tolerance
    limit = options.iterationLimit ?? ConjugateGradient.defaultIterationLimit
    self.preconditioner = preconditioner
    self.progress = progress
    x = VectorBlock(count: block.count, length: h.dimension)
    reports = block.map { _ in
      SolveReport(solver: ConjugateGradient.name, tolerance: tolerance, damping: options.damping)
    }
  }

  /// Runs the block recurrence on the true residuals, until all meet the tolerance or a run gains too little.
  /// After negative curvature `single` solves them one by one.
  mutating func solve(_ single: ConjugateGradient) throws -> [Solution<Element>] {
    var open = block.indices.filter { sizes[$0] > 0 }
    for index in block.indices where sizes[index] == 0 {
      reports[index].relativeResidual = 0
      reports[index].converged = true
    }
    var rests = VectorBlock(open.map { block[$0] })
    var alone: [Int] = []
    while !open.isEmpty {
      let outcome = try run(open, rests)
      rests = try residuals(of: open)
      var next: [Int] = []
      for (position, index) in open.enumerated() {
        let residual = rests.norm(position) / sizes[index]
        let previous = reports[index].relativeResidual
        settle(index, residual)
        if reports[index].converged { continue }
        if iterations >= limit {
          reports[index].reason = .iterationLimit
        } else if outcome == .broken {
          alone.append(index)
        } else if residual <= previous / 2 {
          next.append(position)
        } else {
          reports[index].reason = .stagnation
        }
      }
      rests = rests.selecting(next)
      open = next.map { open[$0] }
    }
    share()
    for index in alone { try solveAlone(index, single) }
    return block.indices.map { Solution(x: x[$0], report: reports[$0]) }
  }

  /// G − (H + δI) X, measured by products.
  private mutating func residuals(of open: [Int]) throws -> VectorBlock<Element> {
    let points = x.selecting(open)
    var rests = VectorBlock<Element>(count: points.count, length: points.length, zeroed: false)
    try damped.apply(block: points, into: &rests)
    products += open.count * damped.productsPerApplication
    for (position, index) in open.enumerated() {
      rests.withMutablePointer(position) { Element.xpby(block[index], -1, $0, points.length) }
    }
    return rests
  }

  private enum Outcome { case finished, broken }

  /// One run of the recurrences for corrections of x. Vectors are scaled by ‖gᵢ‖, so all count alike.
  private mutating func run(_ open: [Int], _ rests: VectorBlock<Element>) throws -> Outcome {
    var r = rests
    for (position, index) in open.enumerated() { r.scale(position, by: Element(1 / sizes[index])) }
    // A bound on the rounding in each residual, as a length.
    var noise = open.indices.map { 100 * unitRoundoff(Element.self) * r.norm($0) }
    var corrections = VectorBlock<Element>(count: open.count, length: r.length)
    defer {
      for (position, index) in open.enumerated() {
        x.add(Element(sizes[index]), times: corrections, position, to: index)
      }
    }
    var p = r
    if preconditioner != nil { try precondition(r, into: &p, Array(open.indices)) }
    var spare = VectorBlock<Element>(count: p.count, length: p.length, zeroed: false)
    var q = VectorBlock<Element>(count: p.count, length: p.length, zeroed: false)
    while iterations < limit {
      orthonormalize(&p, &spare)
      if p.count == 0 { return .finished }
      q.resize(to: p.count)
      try damped.apply(block: p, into: &q)
      products += p.count * damped.productsPerApplication
      guard let step = try BlockStep(p, q, r) else { return .broken }
      largest = max(largest, step.largest)
      iterations += 1
      corrections.add(step.weights, times: p)
      r.add(step.weights.map { -$0 }, times: q)
      var live: [Int] = []
      var worst = 0.0
      for (position, index) in open.enumerated() {
        let residual = r.norm(position)
        if !residual.isFinite {
          throw SolveError.nonFinite(
            solver: ConjugateGradient.name, iteration: iterations, quantity: "the residual")
        }
        reports[index].iterations = iterations
        reports[index].residualHistory.append(residual)
        noise[position] = max(noise[position], 100 * unitRoundoff(Element.self) * residual)
        worst = max(worst, residual)
        if residual > noise[position] { live.append(position) }
      }
      try progress?(SolveProgress(iteration: iterations, limit: limit, relativeResidual: worst))
      // A residual that is only rounding would spoil the shared space, so its right-hand side is dropped. If
      // the tolerance is smaller still, the next run begins with the true residual.
      if worst <= tolerance / 2 || live.isEmpty || iterations == limit { return .finished }
      // P ← Z + P β with β = −(PᵀQ)⁻¹ QᵀZ
      try precondition(r, into: &spare, live)
      let weights = step.solve(spare.products(with: q), rows: spare.count)
      spare.add(weights.map { -$0 }, times: p)
      swap(&p, &spare)
    }
    return .finished
  }

  /// Z ← P⁻¹R for some of the residuals.
  private func precondition(
    _ r: VectorBlock<Element>, into z: inout VectorBlock<Element>, _ live: [Int]
  ) throws {
    z.set(to: r, live)
    guard let preconditioner else { return }
    for place in 0..<z.count { z.set(place, to: try preconditioner.apply(z[place])) }
  }

  /// Notes the true residual of a right-hand side.
  private mutating func settle(_ index: Int, _ residual: Double) {
    reports[index].relativeResidual = residual
    reports[index].roundingFloor =
      2 * unitRoundoff(Element.self) * (1 + largest * x.norm(index) / sizes[index])
    reports[index].converged = reports[index].meets(residual, isStrict: options.tolerance != nil)
  }

  /// Divides the products of the block among the reports.
  private mutating func share() {
    guard !reports.isEmpty else { return }
    let share = products / reports.count
    for index in reports.indices { reports[index].curvatureProducts += share }
    reports[0].curvatureProducts += products - share * reports.count
  }

  /// Solves one right-hand side from the start, with the steps that are left.
  private mutating func solveAlone(_ index: Int, _ single: ConjugateGradient) throws {
    var single = single
    single.options.iterationLimit = limit - iterations
    let solution = try single.solve(
      damped.base, block[index], preconditioner: preconditioner, monitor: SolveMonitor(progress: progress))
    let shared = reports[index]
    x.set(index, to: solution.x)
    reports[index] = solution.report
    reports[index].iterations += shared.iterations
    reports[index].curvatureProducts += shared.curvatureProducts
  }
}

/// The small systems of one block step, with PᵀHP kept as its eigenpairs.
private struct BlockStep {
  /// (PᵀHP)⁻¹ Pᵀ rᵢ, a row for each right-hand side.
  private(set) var weights: [Double] = []
  let largest: Double
  private let values: [Double]
  private let vectors: [Double]

  /// nil if PᵀHP is not positive definite, up to rounding.
  init?<Element: Scalar>(
    _ p: VectorBlock<Element>, _ q: VectorBlock<Element>, _ r: VectorBlock<Element>
  ) throws {
    let core = p.symmetricProducts(with: q)
    for value in core where !value.isFinite {
      throw SolveError.nonFinite(solver: ConjugateGradient.name, iteration: 0, quantity: "a product")
    }
    (values, vectors) = try DenseAlgebra.eigen(core, order: p.count)
    largest = max(values.last ?? 0, -(values.first ?? 0))
    guard let smallest = values.first, smallest > unitRoundoff(Element.self) * largest else { return nil }
    weights = solve(r.products(with: p), rows: r.count)
  }

  /// (PᵀHP)⁻¹ applied to every row.
  func solve(_ rights: [Double], rows: Int) -> [Double] {
    let s = values.count
    var overlaps = [Double](repeating: 0, count: rows * s)
    Double.gemm(false, true, rows, s, s, 1, rights, s, vectors, s, 0, &overlaps, s)
    for row in 0..<rows {
      for index in 0..<s { overlaps[row * s + index] /= values[index] }
    }
    var answers = [Double](repeating: 0, count: rows * s)
    Double.gemm(false, false, rows, s, s, 1, overlaps, s, vectors, s, 0, &answers, s)
    return answers
  }
}
