/// The size of a solve, for an estimate of its cost. Everything is in `Double`, so that no size overflows.
public struct SolveSize: Sendable, Equatable {
  /// Length of θ.
  public var parameters: Double
  /// Length of an answer.
  public var unknowns: Double
  /// Right-hand sides.
  public var count: Double
  /// Products for one step: 2 if a solver for symmetric matrices solves a least-squares problem, else 1.
  public var productsAStep: Double
  /// The steps that a Krylov method usually takes, if the caller knows better than the solver.
  public var usualSteps: Double?
  /// Whether validation watches the path and ends it early.
  public var isWatched: Bool

  public init(
    parameters: Double, unknowns: Double, count: Double = 1, productsAStep: Double = 1,
    usualSteps: Double? = nil, isWatched: Bool = false
  ) {
    self.parameters = parameters
    self.unknowns = unknowns
    self.count = count
    self.productsAStep = productsAStep
    self.usualSteps = usualSteps
    self.isWatched = isWatched
  }

  /// The steps that a solve is expected to take: 20 on a watched path, as measured, else `usual`.
  func steps(_ usual: Double, limit: Int?) -> Double {
    if isWatched { return 20 }
    return limit.map { min(Double($0), usual) } ?? usual
  }

  /// The cost of a product with a block of all right-hand sides, in products with one vector.
  var block: Double { Self.block(of: count) }

  /// The measured cost of a product with a block of `count` vectors, in products with one vector.
  public static func block(of count: Double) -> Double { 1 + 0.35 * max(0, count - 1) }
}

/// The expected cost of a solve, for estimates of time and memory.
public struct SolveCost: Sendable, Equatable {
  /// Products with the whole operator before the first step.
  public var setupProducts = 0.0
  /// Products with the operator of one batch.
  public var batchProducts = 0.0
  /// Products with the whole operator.
  public var products = 0.0
  /// Multiply-adds of dense matrices in `Double`.
  public var multiplyAdds = 0.0
  /// Vector operations on θ outside the products.
  public var sweeps = 0.0
  /// Vectors of θ's length that are held.
  public var vectors = 0.0
  /// Bytes that are held for other things.
  public var bytes = 0.0

  public init() {}
}
