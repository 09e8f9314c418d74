import Influence
import Network
import Tensor
import TestSupport
import Testing

/// Self-influences against gᵀ(H + δI)⁻¹g with a dense Hessian.
struct SelfInfluenceTests {
  private let compute = Compute(pool: testPool)
  private static let count = 40

  private struct Setting<Element: Scalar> {
    let network: Network<Element>
    let state: NetworkState<Element>
    let samples: Samples
    let curvature: SampledCurvature<Element>
    let loss: Loss
  }

  private func setting<Element: Scalar>(_ small: SmallNetwork, _: Element.Type) throws -> Setting<Element> {
    let network = Network<Element>(small.architecture)
    let state = small.state(Element.self)
    let samples = small.samples(Self.count)
    let linearization = try Linearization(
      network: network, state: state, samples: samples, loss: small.loss, compute: compute)
    return Setting(
      network: network, state: state, samples: samples,
      curvature: SampledCurvature(linearization, kind: .gaussNewton, weightDecay: 0.01), loss: small.loss)
  }

  private func run<Element: Scalar>(
    _ setting: Setting<Element>, _ solver: any Solver, threads: Int = 2
  ) throws -> SelfInfluence {
    let pool = ComputePool(threads: threads)
    defer { pool.stop() }
    return try SelfInfluence(
      of: setting.samples, at: setting.state, network: setting.network, loss: setting.loss,
      curvature: setting.curvature, solver: solver, compute: Compute(pool: pool))
  }

  private func exact(_ setting: Setting<Double>, damping: Double) throws -> [Double] {
    let gradients = try setting.network.sampleGradients(
      setting.state, on: setting.samples, loss: setting.loss, compute: compute)
    let solutions = try DirectSolver(damping: damping).solve(setting.curvature, block: gradients.vectors)
    return solutions.indices.map { gradients[$0].dot(solutions[$0].x) }
  }

  private static func options(_ tolerance: Double = 1e-11) -> SolveOptions {
    SolveOptions(tolerance: tolerance, damping: 0.02)
  }

  private static let exactSolvers: [any Solver] = [
    DirectSolver(damping: 0.02), ConjugateGradient(options()), MINRES(options()),
    ArnoldiSolver(options(), rank: 6, complement: .solved),
  ]

  @Test(
    arguments: [SmallNetwork.softmaxRegression, SmallNetwork.tanhPerceptron, SmallNetwork.convolutions],
    exactSolvers.indices)
  func everySolverGivesTheDenseValues(_ small: SmallNetwork, _ solver: Int) throws {
    let setting = try setting(small, Double.self)
    let own = try run(setting, Self.exactSolvers[solver])
    #expect(relativeError(own.values, try exact(setting, damping: 0.02)) < 1e-9)
    #expect(own.status.isExact && own.status.relativeResidual < 1e-9)
    #expect(own.status.damping == 0.02 && own.status.curvatureProducts > 0)
  }

  /// The strongest pairs alone fall short of the value; a flat complement, at the level of some exact values,
  /// adds to it and is nearer. The status tells the true error.
  @Test func aLowRankKnowsHowFarOffItIs() throws {
    let setting = try setting(SmallNetwork.convolutions, Double.self)
    let truth = try exact(setting, damping: 0.02)
    var errors: [Double] = []
    for rank in [4, 20] {
      let dropped = try run(
        setting, ArnoldiSolver(Self.options(), rank: rank, complement: .dropped))
      let constant = try run(
        setting, ArnoldiSolver(Self.options(), rank: rank, complement: .constant))
      for place in truth.indices {
        #expect(dropped.values[place] <= constant.values[place] * (1 + 1e-9))
        #expect(dropped.values[place] <= truth[place] * (1 + 1e-6))
      }
      #expect(relativeError(constant.values, truth) < relativeError(dropped.values, truth))
      #expect(!constant.status.isExact && constant.status.rank == rank)
      #expect(constant.status.solves == SelfInfluence.checkedSamples)
      let checked = (0..<16).map { $0 * Self.count / 16 }
      let worst = checked.map { abs(truth[$0] - constant.values[$0]) / truth[$0] }.max() ?? 0
      #expect(abs((constant.status.largestError ?? 0) - worst) < 1e-3)
      #expect(constant.status.rankCorrelation ?? 0 > 0.9)
      errors.append(constant.status.medianError ?? 1)
    }
    #expect(errors[1] < errors[0])
  }

  @Test func fullRankIsExact() throws {
    let setting = try setting(SmallNetwork.softmaxRegression, Double.self)
    let own = try run(
      setting,
      ArnoldiSolver(Self.options(), rank: setting.network.layout.parameterCount, complement: .dropped))
    #expect(relativeError(own.values, try exact(setting, damping: 0.02)) < 1e-6)
    #expect((own.status.largestError ?? 1) < 1e-3)
  }

  private static let threadedSolvers: [any Solver] = [
    DirectSolver(damping: 0.02), ArnoldiSolver(options(1e-6), rank: 8, complement: .constant),
    ConjugateGradient(options(1e-6)),
  ]

  @Test(arguments: threadedSolvers)
  func threadsChangeNoBit(_ solver: any Solver) throws {
    let setting = try setting(SmallNetwork.convolutions, Float.self)
    #expect(try run(setting, solver, threads: 1).values == run(setting, solver, threads: 3).values)
  }
}
