import Tensor

/// Solves (H + δI) x = g for a symmetric H.
public protocol SymmetricSolver: Sendable {
  func solve<H: SymmetricOperator>(
    _ h: H, _ g: [H.Element], monitor: SolveMonitor<H.Element>
  ) throws -> Solution<H.Element>

  /// Several right-hand sides, sharing what can be shared; each has its own report.
  func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>]
}

extension SymmetricSolver {
  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]]
  ) throws -> [Solution<H.Element>] {
    try solve(h, block: block, progress: nil)
  }

  public func solve<H: SymmetricOperator>(_ h: H, _ g: [H.Element]) throws -> Solution<H.Element> {
    try solve(h, g, monitor: SolveMonitor())
  }

  public func solve<H: SymmetricOperator>(
    _ h: H, block: [[H.Element]], progress: ((SolveProgress) throws -> Void)?
  ) throws -> [Solution<H.Element>] {
    try block.map { try solve(h, $0, monitor: SolveMonitor(progress: progress)) }
  }
}

/// Solves min ‖Ax − g‖² + δ²‖x‖² for a rectangular A; where that leaves x open, the shortest x.
public protocol LeastSquaresSolver: Sendable {
  func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element], monitor: SolveMonitor<A.Element>
  ) throws -> Solution<A.Element>
}

extension LeastSquaresSolver {
  public func solve<A: LinearOperator>(
    leastSquares a: A, _ g: [A.Element]
  ) throws -> Solution<A.Element> {
    try solve(leastSquares: a, g, monitor: SolveMonitor())
  }
}
