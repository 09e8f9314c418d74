import Tensor

/// Block conjugate gradients (O'Leary 1980) for (H + δI) X = G with many right-hand sides, in the breakdown-free
/// form of Ji and Li (2017): search directions are orthonormalised in every step and dependent ones left out.
///
/// All right-hand sides search in one common space, so the block needs far fewer steps than each alone; a
/// step is one product with the whole block. Where negative curvature shows, the common space is spoilt for
/// all; each right-hand side is then solved alone from the start, so that each has a verdict of its own.
public struct BlockConjugateGradient: SymmetricSolver, Equatable {
  /// Right-hand sides solved together, at most; more are taken in turns.
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

  /// - Returns: a solution for each right-hand side. The products of a block step count one for every
  ///   direction, shared out evenly over the right-hand sides of the block.
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try options.validate()
    if width < 1 { throw SolveError.option(name: "width", value: "\(width)", expected: "at least 1") }
    for g in block {
      try requireLength(g.count, h.dimension, "the right-hand side")
      if !g.isFinite {
        throw SolveError.nonFinite(solver: "cg", iteration: 0, quantity: "the right-hand side")
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

/// One block on its way.
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
  var x: [[Element]]
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
    x = block.map { [Element].zeros($0.count) }
    reports = block.map { _ in
      SolveReport(solver: "cg", tolerance: tolerance, damping: options.damping)
    }
  }

  /// Rounds of the block recurrence on the true residuals until all meet the tolerance or a round gains
  /// too little; after negative curvature `single` takes them one by one.
  mutating func solve(_ single: ConjugateGradient) throws -> [Solution<Element>] {
    var open = block.indices.filter { sizes[$0] > 0 }
    for index in block.indices where sizes[index] == 0 {
      reports[index].relativeResidual = 0
      reports[index].converged = true
    }
    var rests = block
    var alone: [Int] = []
    while !open.isEmpty {
      let outcome = try run(open, open.map { rests[$0] })
      let measured = try damped.apply(block: open.map { x[$0] })
      products += open.count * damped.productsPerApplication
      var next: [Int] = []
      for (position, index) in open.enumerated() {
        var rest = measured[position]
        rest.scale(-1, adding: block[index])
        let residual = rest.norm / sizes[index]
        let previous = reports[index].relativeResidual
        settle(index, residual)
        rests[index] = rest
        if reports[index].converged { continue }
        if iterations >= limit {
          reports[index].reason = .iterationLimit
        } else if outcome == .broken {
          alone.append(index)
        } else if residual <= previous / 2 {
          next.append(index)
        } else {
          reports[index].reason = .stagnation
        }
      }
      open = next
    }
    share()
    for index in alone { try solveAlone(index, single) }
    return block.indices.map { Solution(x: x[$0], report: reports[$0]) }
  }

  private enum Outcome { case finished, broken }

  /// One run of the recurrences for corrections of x. Vectors are scaled by ‖gᵢ‖, so all count alike.
  private mutating func run(_ open: [Int], _ rests: [[Element]]) throws -> Outcome {
    var r = rests
    for (position, index) in open.enumerated() { r[position].scale(Element(1 / sizes[index])) }
    // What rounding may have left in each residual, as a length.
    var noise = r.map { 100 * unitRoundoff(Element.self) * $0.norm }
    var corrections = open.map { [Element].zeros(block[$0].count) }
    defer {
      for (position, index) in open.enumerated() {
        x[index].add(Element(sizes[index]), times: corrections[position])
      }
    }
    var p = try directions(r)
    while iterations < limit {
      p = orthonormalized(p)
      if p.isEmpty { return .finished }
      let q = try damped.apply(block: p)
      products += p.count * damped.productsPerApplication
      guard let step = try BlockStep(p, q, r) else { return .broken }
      largest = max(largest, step.largest)
      iterations += 1
      addCombinations(of: p, step.weights, to: &corrections)
      addCombinations(of: q, step.weights.map { $0.map { -$0 } }, to: &r)
      var live: [Int] = []
      var worst = 0.0
      for (position, index) in open.enumerated() {
        let residual = r[position].norm
        if !residual.isFinite {
          throw SolveError.nonFinite(solver: "cg", iteration: iterations, quantity: "the residual")
        }
        reports[index].iterations = iterations
        reports[index].residualHistory.append(residual)
        noise[position] = max(noise[position], 100 * unitRoundoff(Element.self) * residual)
        worst = max(worst, residual)
        if residual > noise[position] { live.append(position) }
      }
      try progress?(SolveProgress(iteration: iterations, limit: limit, relativeResidual: worst))
      // A residual that is rounding has no direction: searching along it would spoil the common space. Where
      // more is wanted, the next round begins with the true residual.
      if worst <= tolerance / 2 || live.isEmpty { return .finished }
      // P ← Z + P β with β = −(PᵀQ)⁻¹ QᵀZ
      var z = try directions(live.map { r[$0] })
      let weights = try step.solve(crossProducts(z, q), rows: z.count)
      addCombinations(of: p, weights.map { $0.map { -$0 } }, to: &z)
      p = z
    }
    return .finished
  }

  private func directions(_ r: [[Element]]) throws -> [[Element]] {
    guard let preconditioner else { return r }
    return try r.map { try preconditioner.apply($0) }
  }

  /// Notes the true residual of a right-hand side.
  private mutating func settle(_ index: Int, _ residual: Double) {
    reports[index].relativeResidual = residual
    reports[index].roundingFloor =
      2 * unitRoundoff(Element.self) * (1 + largest * x[index].norm / sizes[index])
    let floor = options.tolerance == nil ? reports[index].roundingFloor : 0
    reports[index].converged = residual <= max(tolerance, floor)
  }

  /// The products of the block, shared out.
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
    x[index] = solution.x
    reports[index] = solution.report
    reports[index].iterations += shared.iterations
    reports[index].curvatureProducts += shared.curvatureProducts
  }
}

/// The small systems of one block step, with PᵀHP kept as its eigenpairs.
private struct BlockStep {
  /// (PᵀHP)⁻¹ Pᵀ rᵢ, a row for each right-hand side.
  private(set) var weights: [[Double]] = []
  let largest: Double
  private let values: [Double]
  private let vectors: [Double]

  /// nil where PᵀHP is not positive definite, up to rounding.
  init?<Element: Scalar>(_ p: [[Element]], _ q: [[Element]], _ r: [[Element]]) throws {
    let s = p.count
    let core = symmetricPart(crossProducts(p, q), order: s)
    for value in core where !value.isFinite {
      throw SolveError.nonFinite(solver: "cg", iteration: 0, quantity: "a product")
    }
    (values, vectors) = try DenseAlgebra.eigen(core, order: s)
    largest = max(values.last ?? 0, -(values.first ?? 0))
    guard let smallest = values.first, smallest > unitRoundoff(Element.self) * largest else { return nil }
    weights = try solve(crossProducts(r, p), rows: r.count)
  }

  /// (PᵀHP)⁻¹ applied to every row.
  func solve(_ rights: [Double], rows: Int) throws -> [[Double]] {
    let s = values.count
    return (0..<rows).map { row in
      var answer = [Double](repeating: 0, count: s)
      for index in 0..<s {
        var overlap = 0.0
        for k in 0..<s { overlap += vectors[index * s + k] * rights[row * s + k] }
        overlap /= values[index]
        for k in 0..<s { answer[k] += overlap * vectors[index * s + k] }
      }
      return answer
    }
  }
}
