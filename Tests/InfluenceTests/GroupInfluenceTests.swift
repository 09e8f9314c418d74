import Influence
import Network
import Tensor
import TestSupport
import Testing

/// The change of θ̂ by removing a group against minimising the remaining risk, in `Double`.
@Suite struct GroupInfluenceTests {
  private let compute = Compute(pool: testPool)
  private static let count = 60

  private struct Problem {
    let small: SmallNetwork
    let samples: Samples
    let decay: Double
    let theta: [Double]
    let compute: Compute

    func risk(_ samples: Samples) -> NetworkRisk {
      NetworkRisk(
        network: Network(small.architecture), state: small.state(Double.self), samples: samples,
        loss: small.loss, weightDecay: decay, compute: compute)
    }

    func minimum(_ samples: Samples, from start: [Double]) throws -> [Double] {
      let minimizer = try Minimizer(
        risk(samples), from: start, options: MinimizationOptions(.newton, iterationLimit: 200))
      #expect(try minimizer.run().converged)
      return minimizer.theta
    }

    /// Δ of retraining without the first m.
    func retrained(_ m: Int) throws -> [Double] {
      var change = try minimum(samples.selecting(Array(m..<samples.count)), from: theta)
      change.add(-1, times: theta)
      return change
    }

    func estimates(_ m: Int) throws -> (first: [Double], second: [Double], newton: [Double]) {
      let group = risk(samples.selecting(Array(0..<m)))
      let curvature = try risk(samples).curvature(theta)
      let own = try group.curvature(theta)
      let influence = try GroupInfluence(
        curvature,
        groups: [
          .init(
            size: m, of: samples.count, gradient: try group.evaluate(theta).gradient,
            product: { try own.apply($0) })
        ], solver: DirectSolver(damping: 0))
      let remaining = try risk(samples.selecting(Array(m..<samples.count))).curvature(theta)
      var newton = try DirectSolver().solve(remaining, try group.evaluate(theta).gradient).x
      newton.scale(Double(m) / Double(samples.count - m))
      return (influence.first[0], influence.second[0], newton)
    }
  }

  private func problem(_ small: SmallNetwork, decay: Double) throws -> Problem {
    let samples = small.samples(Self.count)
    let start = Problem(small: small, samples: samples, decay: decay, theta: [], compute: compute)
    return Problem(
      small: small, samples: samples, decay: decay,
      theta: try start.minimum(samples, from: small.state(Double.self).parameters), compute: compute)
  }

  /// Ridge regression: the Newton step on the remaining risk is retraining, and the k-th order leaves an
  /// error of the power k + 1 of q.
  @Test func ridgeRegression() throws {
    let problem = try problem(SmallNetwork.ridge, decay: 0.05)
    var errors: [(q: Double, first: Double, second: Double)] = []
    for m in [1, 2, 4, 8] {
      let truth = try problem.retrained(m)
      let (first, second, newton) = try problem.estimates(m)
      #expect(relativeError(newton, truth) < 1e-10)
      let (one, two) = (relativeError(first, truth), relativeError(second, truth))
      #expect(two < one)
      errors.append((Double(m) / Double(Self.count - m), one, two))
    }
    #expect(errors[0].first < 0.2 && errors[0].second < 0.04)
  }

  /// The leave-one-out formula: without weight decay θ moves by (1/n)H⁻¹∇ℓ/(1 − h), h = 2xᵀH⁻¹x/n of the
  /// squared error, which is the plain influence function over 1 − h.
  @Test func leavingOneOutOfLeastSquares() throws {
    let small = SmallNetwork(
      "least squares", Shape(features: 4), [.linear(outFeatures: 1)], loss: .meanSquaredError)
    let problem = try problem(small, decay: 0)
    let truth = try problem.retrained(1)
    let curvature = try problem.risk(problem.samples).curvature(problem.theta)
    let own = problem.risk(problem.samples.selecting([0]))
    var influence = try DirectSolver().solve(curvature, try own.evaluate(problem.theta).gradient).x
    influence.scale(1 / Double(Self.count))
    // h = trace(H⁻¹H_1)/n: H_1 = 2xxᵀ has rank one.
    let single = try own.curvature(problem.theta)
    let units = (0..<curvature.dimension).map { index in
      (0..<curvature.dimension).map { $0 == index ? 1.0 : 0 }
    }
    let solved = try DirectSolver().solve(curvature, block: try single.apply(block: units))
    let h = solved.indices.reduce(0) { $0 + solved[$1].x[$1] } / Double(Self.count)
    #expect(h > 0.01 && h < 0.9)
    influence.scale(1 / (1 - h))
    #expect(relativeError(influence, truth) < 1e-10)
  }

  /// The same direction of the risk with a smaller weight: Δ(q) for a fixed group as q → 0, which shows the
  /// orders plainly. Repeating the samples outside the group makes q small.
  @Test(arguments: [SmallNetwork.ridge, SmallNetwork.softmaxRegression]) func ordersOfTheError(
    _ small: SmallNetwork
  )
    throws
  {
    let isQuadratic = small.loss == .meanSquaredError
    var rows: [(q: Double, first: Double, second: Double)] = []
    let base = small.samples(Self.count)
    // 4 samples that are in U, among copies of themselves and all others: only their share changes.
    for copies in [8, 16, 32] {
      let rest = (0..<copies).flatMap { _ in Array(0..<Self.count) }
      let samples = base.selecting(Array(0..<4) + rest)
      let start = Problem(small: small, samples: samples, decay: 0.02, theta: [], compute: compute)
      let theta = try start.minimum(samples, from: small.state(Double.self).parameters)
      let problem = Problem(small: small, samples: samples, decay: 0.02, theta: theta, compute: compute)
      let truth = try problem.retrained(4)
      let (first, second, _) = try problem.estimates(4)
      func error(_ estimate: [Double]) -> Double { zip(estimate, truth).map { $0 - $1 }.norm }
      rows.append((4 / Double(rest.count), error(first), error(second)))
    }
    for (coarse, fine) in zip(rows, rows.dropFirst()) {
      // With half of q, errors of first order fall by 4. Errors of second order fall by 8 for a quadratic
      // risk. Otherwise third derivatives leave smaller errors of the order q².
      #expect(abs(coarse.first / fine.first - 4) < 0.5, "\(rows)")
      if isQuadratic {
        #expect(abs(coarse.second / fine.second - 8) < 1, "\(rows)")
      } else {
        #expect(fine.second < fine.first, "\(rows)")
      }
    }
  }
}
