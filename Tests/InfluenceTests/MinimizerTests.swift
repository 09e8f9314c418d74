import Foundation
import Influence
import Network
import Tensor
import TestSupport
import Testing

/// ½xᵀHx − bᵀx.
private struct Quadratic<Element: Scalar>: Objective {
  let matrix: DenseSymmetricOperator<Element>
  let linear: [Element]

  init(_ matrix: [Double], _ linear: [Double]) {
    self.matrix = DenseSymmetricOperator(cast(matrix), dimension: linear.count)
    self.linear = cast(linear)
  }

  var dimension: Int { linear.count }

  func evaluate(_ theta: [Element]) throws -> ObjectiveValue<Element> {
    let product = try matrix.apply(theta)
    let value = 0.5 * theta.dot(product) - linear.dot(theta)
    var gradient = product
    gradient.add(-1, times: linear)
    let size = theta.norm * (theta.norm + linear.norm)
    return ObjectiveValue(value: value, resolution: Double(Element.ulpOfOne) * size, gradient: gradient)
  }

  func curvature(_ theta: [Element]) throws -> DenseSymmetricOperator<Element> { matrix }

  func gradientScale(_ theta: [Element]) throws -> Double { 3 * linear.norm }
}

/// Σ 100(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)² over neighbours, whose minimum is at (1, …, 1) (Rosenbrock 1960).
private struct Rosenbrock: Objective {
  let dimension: Int

  func evaluate(_ x: [Double]) throws -> ObjectiveValue<Double> {
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
}

@Suite struct MinimizerTests {
  static let methods: [MinimizationMethod] = [.lbfgs(history: 20), .newton]

  private func minimize<P: Objective>(
    _ problem: P, _ method: MinimizationMethod, from start: [P.Element], gradientNorm: Double? = nil,
    limit: Int = 2000
  ) throws -> (theta: [P.Element], report: MinimizationReport) {
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
    let (x, report) = try minimize(Quadratic<Double>(matrix, linear), method, from: .zeros(n))
    #expect(report.converged, "\(report)")
    #expect(relativeError(x, exact) < 1e-10, "\(report)")
  }

  @Test(arguments: methods) func quadraticInFloat(_ method: MinimizationMethod) throws {
    let n = 40
    let matrix = TestSystems.symmetric(TestSystems.logSpaced(n, condition: 100), seed: 5)
    let exact = TestSystems.vector(n, seed: 6)
    let linear = try DenseSymmetricOperator(matrix, dimension: n).apply(exact)
    let (x, report) = try minimize(Quadratic<Float>(matrix, linear), method, from: .zeros(n))
    #expect(report.converged, "\(report)")
    // 100 times a relative residual of some 10⁻⁷.
    #expect(relativeError(x, exact) < 2e-5)
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

  /// Where the Hessian bends down Newton's own step would climb.
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
    let problem = Quadratic<Float>(matrix, TestSystems.vector(n, seed: 8))
    let (_, report) = try minimize(problem, method, from: .zeros(n), gradientNorm: 1e-30)
    #expect(!report.converged && report.reason == .stagnation)
    #expect(report.gradientNorm < 1e-5)
  }

  @Test(arguments: methods) func nonFiniteStartIsReported(_ method: MinimizationMethod) throws {
    let (_, report) = try minimize(
      Rosenbrock(dimension: 3), method, from: [.nan, 0, 0], gradientNorm: 1e-9)
    #expect(!report.converged && report.reason == .nonFinite)
  }

  // MARK: Networks

  static let softmax = SmallNetwork.all[0]

  private func risk<Element: Scalar>(
    _: Element.Type, samples: Int = 700, decay: Double = 0.01, pool: ComputePool = testPool,
    memoryLimit: Int = 1 << 30
  ) -> NetworkRisk<Element> {
    NetworkRisk(
      network: Network(Self.softmax.architecture), state: Self.softmax.state(Element.self),
      samples: Self.softmax.samples(samples), loss: Self.softmax.loss, weightDecay: decay,
      memoryLimit: memoryLimit, compute: Compute(pool: pool))
  }

  @Test func riskIsTheMeanLossWithDecay() throws {
    let risk = risk(Double.self)
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
    let risk = risk(Double.self)
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
    // What Float reaches: the gradient to some 10⁻⁷ of those it is the mean of, θ to that over λ.
    let (single, floatReport) = try minimize(
      self.risk(Float.self), method, from: Self.softmax.state(Float.self).parameters)
    #expect(floatReport.converged, "\(floatReport)")
    #expect(relativeError(single, theta) < 2e-5)
  }

  /// A network with a hidden layer: L-BFGS and Newton end in minima.
  @Test(arguments: methods) func perceptron(_ method: MinimizationMethod) throws {
    let network = SmallNetwork.all[3]
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
    let risk = risk(Float.self, samples: 300)
    let start = Self.softmax.state(Float.self).parameters
    let options = MinimizationOptions(method, iterationLimit: 500)
    let straight = try Minimizer(risk, from: start, options: options)
    let report = try straight.run()
    var broken = try Minimizer(risk, from: start, options: options)
    while !broken.isDone {
      try broken.step()
      if !broken.isDone { broken = try Minimizer(risk, from: [], options: options, memory: broken.memory) }
    }
    #expect(broken.theta == straight.theta)
    #expect(broken.report == report)
  }

  @Test(arguments: methods) func threadsAndMemoryChangeNothing(_ method: MinimizationMethod) throws {
    let start = Self.softmax.state(Float.self).parameters
    let one = try minimize(risk(Float.self, pool: .single), method, from: start)
    let two = try minimize(risk(Float.self, memoryLimit: 0), method, from: start)
    #expect(one.theta == two.theta)
    #expect(one.report == two.report)
  }
}
