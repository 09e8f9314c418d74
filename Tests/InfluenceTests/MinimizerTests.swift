import Foundation
import Influence
import Network
import Tensor
import TestSupport
import Testing

/// ½xᵀHx − bᵀx.
private struct Quadratic: Objective {
  let matrix: DenseSymmetricOperator<Double>
  let linear: [Double]

  init(_ matrix: [Double], _ linear: [Double]) {
    self.matrix = DenseSymmetricOperator(matrix, dimension: linear.count)
    self.linear = linear
  }

  var dimension: Int { linear.count }

  func evaluate(_ theta: [Double]) throws -> ObjectiveValue {
    let product = try matrix.apply(theta)
    let value = 0.5 * theta.dot(product) - linear.dot(theta)
    var gradient = product
    gradient.add(-1, times: linear)
    let size = theta.norm * (theta.norm + linear.norm)
    return ObjectiveValue(value: value, resolution: Double.ulpOfOne * size, gradient: gradient)
  }

  func curvature(_ theta: [Double]) throws -> DenseSymmetricOperator<Double> { matrix }

  func gradientScale(_ theta: [Double]) throws -> Double { 3 * linear.norm }
}

/// Σ 100(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)² over neighbours, whose minimum is at (1, …, 1) (Rosenbrock 1960).
private struct Rosenbrock: Objective {
  let dimension: Int

  func evaluate(_ x: [Double]) throws -> ObjectiveValue {
    var value = 0.0
    var gradient = [Double].zeros(dimension)
    for i in 0..<dimension - 1 {
      let (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i])
      value += 100 * a * a + b * b
      gradient[i] += -400 * x[i] * a - 2 * b
      gradient[i + 1] += 200 * a
    }
    return ObjectiveValue(value: value, resolution: 1e-15 * (1 + value), gradient: gradient)
  }

  func curvature(_ x: [Double]) throws -> DenseSymmetricOperator<Double> {
    var matrix = [Double].zeros(dimension * dimension)
    for i in 0..<dimension - 1 {
      matrix[i * dimension + i] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2
      matrix[(i + 1) * dimension + i + 1] += 200
      matrix[i * dimension + i + 1] -= 400 * x[i]
      matrix[(i + 1) * dimension + i] -= 400 * x[i]
    }
    return DenseSymmetricOperator(matrix, dimension: dimension)
  }

  func gradientScale(_ theta: [Double]) throws -> Double { 100 * theta.norm }

  /// The least value is 0.
  func decreaseScale(_ value: ObjectiveValue) -> Double { max(value.value, 1e-3) }
}

@Suite struct MinimizerTests {
  static let methods: [MinimizationMethod] = [.lbfgs(history: 20), .newton]

  private func minimize<P: Objective>(
    _ problem: P, _ method: MinimizationMethod, from start: [Double], gradientNorm: Double? = nil,
    limit: Int = 2000
  ) throws -> (theta: [Double], report: MinimizationReport) {
    let minimizer = try Minimizer(
      problem, from: start,
      options: MinimizationOptions(method, gradientNorm: gradientNorm, iterationLimit: limit))
    let report = try minimizer.run()
    return (minimizer.theta, report)
  }

  /// The error of x is at most κ times the relative error of the gradient, which rounding leaves near 10⁻¹⁵.
  @Test(arguments: methods, [40, 300]) func quadraticInClosedForm(_ method: MinimizationMethod, _ n: Int)
    throws
  {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 1e4), seed: 3)
    let exact = TestSystems.vector(n, seed: 4)
    let linear = try DenseSymmetricOperator(matrix, dimension: n).apply(exact)
    let (x, report) = try minimize(Quadratic(matrix, linear), method, from: .zeros(n))
    #expect(report.converged, "\(report)")
    #expect(relativeError(x, exact) < 1e-10, "\(report)")
  }

  /// The expected decrease at the end is the distance to the minimum, which is known.
  @Test(arguments: methods, [40, 300]) func expectedDecreaseIsWhatIsLeft(
    _ method: MinimizationMethod, _ n: Int
  )
    throws
  {
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 100), seed: 5)
    let exact = TestSystems.vector(n, seed: 6)
    let linear = try DenseSymmetricOperator(matrix, dimension: n).apply(exact)
    let problem = Quadratic(matrix, linear)
    let least = try problem.evaluate(exact).value
    let (_, report) = try minimize(problem, method, from: .zeros(n), gradientNorm: 1e-2)
    let left = report.value - least
    #expect(report.gradientNorm <= 1e-2)
    // Conjugate gradients are left at a tenth of the gradient; rounding of values near 10.
    let rounding = 1e-13
    #expect(report.expectedDecrease >= 0.8 * left - rounding, "\(report), left \(left)")
    #expect(report.expectedDecrease <= 1.001 * left + rounding, "\(report), left \(left)")
  }

  @Test(arguments: methods) func aGradientNormThatIsTooLargeIsSaidSo(_ method: MinimizationMethod) throws {
    let n = 30
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 1e6), seed: 5)
    let linear = TestSystems.vector(n, seed: 6)
    let (_, report) = try minimize(Quadratic(matrix, linear), method, from: .zeros(n), gradientNorm: 1e3)
    #expect(report.gradientNorm <= 1e3)
    #expect(!report.converged && report.reason == .coarseGradientNorm, "\(report)")
  }

  @Test(arguments: methods) func curvedValley(_ method: MinimizationMethod) throws {
    let n = 12
    let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1 }
    let (x, report) = try minimize(Rosenbrock(dimension: n), method, from: start, gradientNorm: 1e-8)
    #expect(report.converged, "\(report)")
    // A valley of this many dimensions has a second minimum, with x₁ near −1.
    let value = try Rosenbrock(dimension: n).evaluate(x)
    #expect(value.gradient.norm <= 1e-8)
    let hessian = try Rosenbrock(dimension: n).curvature(x)
    #expect(try DenseAlgebra.eigen(hessian.elements, order: n).values[0] > 0)
  }

  /// At negative curvature the plain Newton step would climb.
  @Test func newtonLeavesASaddle() throws {
    // x₂ = x₁² = 0.6 with negative curvature along x₁.
    let problem = Rosenbrock(dimension: 2)
    let start = [0.01, 0.5]
    #expect(try DenseAlgebra.eigen(problem.curvature(start).elements, order: 2).values[0] < 0)
    let (x, report) = try minimize(problem, .newton, from: start, gradientNorm: 1e-10)
    #expect(report.converged)
    #expect(relativeError(x, [1, 1]) < 1e-9)
  }

  @Test(arguments: methods) func limitIsReported(_ method: MinimizationMethod) throws {
    let n = 30
    let problem = Rosenbrock(dimension: n)
    let (_, report) = try minimize(problem, method, from: .zeros(n), gradientNorm: 1e-9, limit: 2)
    #expect(!report.converged && report.reason == .iterationLimit && report.iterations == 2)
  }

  @Test(arguments: methods) func unreachableToleranceIsStagnation(_ method: MinimizationMethod) throws {
    let n = 20
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 10), seed: 7)
    let problem = Quadratic(matrix, TestSystems.vector(n, seed: 8))
    let (_, report) = try minimize(problem, method, from: .zeros(n), gradientNorm: 1e-30)
    #expect(!report.converged && report.reason == .stagnation)
    #expect(report.gradientNorm < 1e-12)
  }

  @Test(arguments: methods) func nonFiniteStartIsReported(_ method: MinimizationMethod) throws {
    let (_, report) = try minimize(
      Rosenbrock(dimension: 3), method, from: [.nan, 0, 0], gradientNorm: 1e-9)
    #expect(!report.converged && report.reason == .nonFinite)
  }

  // MARK: Networks

  static let softmax = SmallNetwork.softmaxRegression

  private func risk(
    samples: Int = 700, decay: Double = 0.01, pool: ComputePool = testPool, memoryLimit: Int = 1 << 30
  ) -> NetworkRisk {
    NetworkRisk(
      network: Network<Double>(Self.softmax.architecture), state: Self.softmax.state(Double.self),
      samples: Self.softmax.samples(samples), loss: Self.softmax.loss, weightDecay: decay,
      memoryLimit: memoryLimit, compute: Compute(pool: pool))
  }

  @Test func riskIsTheMeanLossWithDecay() throws {
    let risk = risk()
    let theta = Self.softmax.state(Double.self, seed: 5).parameters
    let value = try risk.evaluate(theta)
    var (mean, gradient) = try risk.network.gradient(
      risk.state(theta), on: risk.samples, loss: risk.loss, compute: Compute(pool: testPool))
    gradient.add(0.01, times: theta)
    #expect(value.gradient == gradient)
    #expect(abs(value.value - mean - 0.005 * theta.dot(theta)) < 1e-15)
  }

  /// Against Newton steps with the dense Hessian, made of products of the linearization at each θ.
  @Test(arguments: methods) func softmaxRegressionAgainstDenseNewton(_ method: MinimizationMethod) throws {
    let risk = risk()
    var theta = Self.softmax.state(Double.self).parameters
    for _ in 0..<12 {
      let h = try risk.curvature(theta)
      let step = try DirectSolver().solve(h, try risk.evaluate(theta).gradient)
      theta.add(-1, times: step.x)
    }
    #expect(try risk.evaluate(theta).gradient.norm < 1e-14)
    let (found, report) = try minimize(risk, method, from: Self.softmax.state(Double.self).parameters)
    #expect(report.converged, "\(report)")
    #expect(relativeError(found, theta) < 1e-11)
    // Float32 weights hold θ to half a unit in its last place.
    for precision in [Precision.float32, .float64] {
      let (rounded, report) = try minimized(precision, method)
      #expect(report.converged, "\(report)")
      #expect(relativeError(rounded, theta) < (precision == .float32 ? 6e-8 : 1e-11))
    }
  }

  /// The whole of it, in scaled coordinates and rounded at the end.
  private func minimized(
    _ precision: Precision, _ method: MinimizationMethod, samples: Int = 700, pool: ComputePool = testPool,
    memoryLimit: Int = 1 << 30
  ) throws -> (theta: [Double], report: MinimizationReport) {
    func run<Element: Scalar>(_: Element.Type) throws -> (theta: [Double], report: MinimizationReport) {
      let minimization = try RiskMinimization(
        network: Network<Element>(Self.softmax.architecture), from: Self.softmax.state(Element.self),
        samples: Self.softmax.samples(samples), loss: Self.softmax.loss, weightDecay: 0.01,
        options: MinimizationOptions(method, iterationLimit: 2000), memoryLimit: memoryLimit,
        compute: Compute(pool: pool))
      let report = try minimization.run()
      return (minimization.state(Element.self).parameters.map { Double($0) }, report)
    }
    return precision == .float32 ? try run(Float.self) : try run(Double.self)
  }

  /// A network with a hidden layer: L-BFGS and Newton end in minima.
  @Test(arguments: methods) func perceptron(_ method: MinimizationMethod) throws {
    let network = SmallNetwork.tanhPerceptron
    let risk = NetworkRisk(
      network: Network<Double>(network.architecture), state: network.state(Double.self),
      samples: network.samples(150), loss: network.loss, weightDecay: 0.003, compute: Compute(pool: testPool))
    let (theta, report) = try minimize(
      risk, method, from: network.state(Double.self).parameters, gradientNorm: 1e-9, limit: 20_000)
    #expect(report.converged, "\(report)")
    let h = try risk.curvature(theta)
    let columns = try h.apply(
      block: (0..<h.dimension).map { index in (0..<h.dimension).map { $0 == index ? 1 : 0 } })
    #expect(try DenseAlgebra.eigen(columns.flatMap { $0 }, order: h.dimension).values[0] > -1e-6)
  }

  @Test(arguments: methods) func takenUpAfterEveryStepGivesTheSameBits(_ method: MinimizationMethod) throws {
    let options = MinimizationOptions(method, iterationLimit: 500)
    func minimization(_ memory: MinimizerMemory?) throws -> RiskMinimization {
      try RiskMinimization(
        network: Network<Float>(Self.softmax.architecture), from: Self.softmax.state(Float.self),
        samples: Self.softmax.samples(300), loss: Self.softmax.loss, weightDecay: 0.01, options: options,
        memory: memory, compute: Compute(pool: testPool))
    }
    let straight = try minimization(nil)
    let report = try straight.run()
    var broken = try minimization(nil)
    while !broken.isDone {
      try broken.step()
      if !broken.isDone { broken = try minimization(broken.memory) }
    }
    #expect(broken.state(Float.self) == straight.state(Float.self))
    #expect(broken.report == report)
  }

  @Test(arguments: methods) func threadsAndMemoryChangeNothing(_ method: MinimizationMethod) throws {
    let one = try minimized(.float32, method, pool: .single)
    let two = try minimized(.float32, method, memoryLimit: 0)
    #expect(one.theta == two.theta)
    #expect(one.report == two.report)
  }
}
