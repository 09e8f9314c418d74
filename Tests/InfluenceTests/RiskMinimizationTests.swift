import Foundation
import Influence
import Network
import Tensor
import TestSupport
import Testing

/// `converged` is a statement about the end of a minimisation: it must hold on columns of every size.
@Suite struct RiskMinimizationTests {
  /// A linear model on columns that are scaled and shifted.
  struct Problem: CustomStringConvertible {
    let samples: Samples
    let network: SmallNetwork
    let reference: StandardizedReference
    let description: String

    init(
      columns: [[Double]], targets: [Double], loss: StandardizedReference.Loss, decay: Double, _ name: String
    ) {
      description = name
      let count = targets.count
      let shape = Shape(features: columns.count)
      let inputs = (0..<count).flatMap { row in columns.map { $0[row] } }
      let own: Targets
      switch loss {
      case .squared:
        own = .values(targets, columns: 1)
        network = SmallNetwork(name, shape, [.linear(outFeatures: 1)], loss: .meanSquaredError)
      case .logistic:
        own = .classes(targets.map { Int32($0) })
        network = SmallNetwork(name, shape, [.linear(outFeatures: 1)])
      case .softmax(let classes):
        own = .classes(targets.map { Int32($0) })
        network = SmallNetwork(name, shape, [.linear(outFeatures: classes)])
      }
      samples = Samples(
        source: TensorSource(inputs: inputs, shape: shape), indices: Array(0..<count), targets: own)
      reference = StandardizedReference(columns: columns, targets: targets, loss: loss, decay: decay)
    }

    /// n from 8 to 40, one to four columns of scales from 1 to 10⁷ with offsets up to 1,000 times as large.
    init(random seed: UInt64) {
      var stream = RandomStream(seed: seed, purpose: "ill-conditioned problem")
      let n = 8 + stream.index(below: 33)
      let width = 1 + stream.index(below: 4)
      let kind = Int(seed % 4)
      let base = (0..<width).map { _ in (0..<n).map { _ in stream.normal() } }
      let truth = (0..<3).map { _ in (0..<width).map { _ in stream.normal() } }
      func score(_ row: Int, _ output: Int) -> Double {
        (0..<width).reduce(1.5 * stream.normal()) { $0 + truth[output][$1] * base[$1][row] }
      }
      let columns = base.map { column in
        let scale = pow(10, stream.uniform(in: 0..<7))
        let offset = [0, 1, 30, 1000][stream.index(below: 4)] * stream.uniform(in: 0.5..<2)
        // As float32 data has them: exact in both precisions.
        return column.map { Double(Float((offset + $0) * scale)) }
      }
      let decay = [0.01, 1e-4, 0][Int(seed / 4) % 3]
      let targets: [Double]
      switch kind {
      case 0: targets = (0..<n).map { Double(Float(score($0, 0))) }
      case 1, 2: targets = (0..<n).map { score($0, 0) > 0 ? 1 : 0 }
      default:
        targets = (0..<n).map { row in
          let scores = (0..<3).map { score(row, $0) }
          return Double(scores.firstIndex(of: scores.max() ?? 0) ?? 0)
        }
      }
      self.init(
        columns: columns, targets: targets, loss: [.squared, .logistic, .softmax(2), .softmax(3)][kind],
        decay: decay, "problem \(seed)")
    }

    func minimize<Element: Scalar>(
      _: Element.Type, _ method: MinimizationMethod, gradientNorm: Double? = nil
    ) throws -> (theta: [Double], report: MinimizationReport) {
      let network = Network<Element>(network.architecture)
      let minimization = try RiskMinimization(
        network: network, from: NetworkState<Element>(initial: network.layout, seed: 1), samples: samples,
        loss: self.network.loss, weightDecay: reference.decay,
        options: MinimizationOptions(
          method, gradientNorm: gradientNorm, iterationLimit: method == .newton ? 100 : 1000),
        compute: Compute(pool: .single))
      let report = try minimization.run()
      return (plain(minimization.state(Element.self).parameters.map { Double($0) }), report)
    }

    /// [outputs, columns and 1] from W and b.
    private func plain(_ theta: [Double]) -> [Double] {
      let (width, outputs) = (samples.source.shape.count, network.architecture.output.count)
      var plain: [Double] = []
      for output in 0..<outputs {
        plain += theta[output * width..<(output + 1) * width]
        plain.append(theta[outputs * width + output])
      }
      return plain
    }
  }

  static let methods: [MinimizationMethod] = [.lbfgs(history: 20), .newton]

  /// An end that is called converged is within 10⁻⁶ of the least risk. With a weight decay every end in
  /// `Double` is.
  @Test(arguments: methods, 0..<48) func illConditionedColumns(_ method: MinimizationMethod, _ seed: Int)
    throws
  {
    let problem = Problem(random: UInt64(seed))
    let least = try problem.reference.least()
    for precision in [Precision.float32, .float64] {
      let (theta, report) =
        precision == .float32
        ? try problem.minimize(Float.self, method) : try problem.minimize(Double.self, method)
      let risk = problem.reference.risk(theta)
      #expect(abs(risk - report.value) <= 1e-9 * risk + 1e-300, "\(problem) \(report)")
      if report.converged {
        #expect(risk <= least * (1 + 2e-6) + 1e-12, "\(problem) \(precision) \(report), least \(least)")
      } else {
        #expect(report.reason != nil)
        let isHonest =
          report.reason == .noMinimum && problem.reference.decay == 0
          || report.reason == .precision && risk > least * (1 + 1e-7)
        #expect(isHonest, "\(problem) \(precision) \(report), least \(least)")
      }
      if precision == .float64, problem.reference.decay > 0 {
        #expect(report.converged, "\(problem) \(report)")
      }
    }
  }

  /// A column of 10⁷ ± 1, whose weight must be known to nine digits and more.
  @Test(arguments: methods) func largeOffset(_ method: MinimizationMethod) throws {
    var stream = RandomStream(seed: 3, purpose: "large offset")
    let a = (0..<40).map { _ in stream.uniform(in: -1..<1) }
    let b = (0..<40).map { _ in stream.normal() }
    let classes = zip(a, b).map { 1.5 * $0 + $1 + stream.normal() > 0 ? 1.0 : 0 }
    for (decay, loss) in [(0.01, StandardizedReference.Loss.softmax(2)), (0, .logistic), (1e-4, .squared)] {
      let problem = Problem(
        columns: [a.map { 1e7 + $0 }, b], targets: classes, loss: loss, decay: decay, "offset")
      let (theta, report) = try problem.minimize(Double.self, method)
      let least = try problem.reference.least()
      #expect(report.converged, "\(report)")
      // Plain sums of 10⁷ are exact to 10⁻⁹.
      #expect(problem.reference.risk(theta) <= least * (1 + 1e-6), "\(report), least \(least)")
    }
  }

  /// Nothing holds the weights if a hyperplane parts the classes. Outliers are far on their side at a proper
  /// minimum: no alarm.
  @Test(arguments: methods) func outliersAreNoReasonForAlarm(_ method: MinimizationMethod) throws {
    var stream = RandomStream(seed: 5, purpose: "outliers")
    let x = (0..<60).map { _ in stream.normal() } + [400, -300, 250]
    let classes = x.map { $0 + 0.7 * stream.normal() > 0 ? 1.0 : 0 }
    for loss in [StandardizedReference.Loss.logistic, .softmax(2)] {
      let problem = Problem(
        columns: [x, x.map { sin($0) }], targets: classes, loss: loss, decay: 0, "outliers")
      let (theta, report) = try problem.minimize(Double.self, method)
      #expect(report.converged, "\(report)")
      #expect(try problem.reference.risk(theta) <= problem.reference.least() * (1 + 1e-9))
    }
  }

  @Test(arguments: methods) func partedClassesHaveNoMinimum(_ method: MinimizationMethod) throws {
    let x: [Double] = [-2, -1, 1, 2]
    let extra: [Double] = [0.3, -0.2, 0.1, 0.4]
    for loss in [StandardizedReference.Loss.logistic, .softmax(2)] {
      for (classes, parted) in [([0.0, 0, 1, 1], true), ([0, 1, 0, 1], false), ([1, 0, 1, 0], false)] {
        for decay in [0, 0.01] {
          let problem = Problem(columns: [x], targets: classes, loss: loss, decay: decay, "four")
          let report = try problem.minimize(Double.self, method).report
          let hasMinimum = decay > 0 || !parted
          #expect(report.converged == hasMinimum, "\(classes) \(decay) \(report)")
          #expect(report.reason == (hasMinimum ? nil : .noMinimum), "\(classes) \(decay) \(report)")
        }
      }
    }
    // Of three classes the third lies apart, the others overlap; and a pair at one place, between parted
    // ones.
    let three = Problem(
      columns: [x + x.map { $0 + 0.1 } + [9, 9.5, 10]], targets: [0, 1, 0, 1, 1, 0, 1, 0, 2, 2, 2],
      loss: .softmax(3), decay: 0, "three")
    let pair = Problem(
      columns: [x + [0, 0], extra + [0, 0]], targets: [0, 0, 1, 1, 0, 1], loss: .logistic, decay: 0, "pair")
    for problem in [three, pair] {
      let report = try problem.minimize(Double.self, method).report
      #expect(!report.converged && report.reason == .noMinimum, "\(problem) \(report)")
    }
    // A gradient norm in the options does not make the end a minimum.
    let asked = try Problem(columns: [x], targets: [0, 0, 1, 1], loss: .logistic, decay: 0, "asked")
      .minimize(Double.self, method, gradientNorm: 1e-3).report
    #expect(!asked.converged && asked.reason == .noMinimum && asked.gradientNorm <= 1e-3, "\(asked)")
  }

  /// A network that reads all samples right by the cross-entropy or the hinge has no minimum; by squares it
  /// has.
  @Test func interpolatingNetworks() throws {
    let shape = Shape(features: 2)
    var stream = RandomStream(seed: 1, purpose: "interpolation")
    let inputs = (0..<24).map { _ in stream.normal() }
    let labels = (0..<12).map { _ in Int32(stream.index(below: 2)) }
    let layers: [LayerDescription] = [.linear(outFeatures: 16), .tanh, .linear(outFeatures: 2)]
    for (loss, hasMinimum) in [
      (Loss.crossEntropy, false), (.smoothHinge(temperature: 0.5), false), (.meanSquaredError, true),
    ] {
      let small = SmallNetwork("interpolating", shape, layers, loss: loss)
      let minimization = try RiskMinimization(
        network: Network<Double>(small.architecture),
        from: NetworkState(initial: small.architecture.layout, seed: 2),
        samples: Samples(
          source: TensorSource(inputs: inputs, shape: shape), indices: Array(0..<12),
          targets: .classes(labels)),
        loss: loss, weightDecay: 0, options: MinimizationOptions(.lbfgs(history: 20), iterationLimit: 5000),
        compute: Compute(pool: .single))
      let report = try minimization.run()
      #expect(report.converged == hasMinimum, "\(loss) \(report)")
      #expect(report.reason == (hasMinimum ? nil : .noMinimum), "\(loss) \(report)")
      if hasMinimum { #expect(report.value < 1e-12) }
    }
  }

  /// float32 weights cannot hold w = 1 beside b = −10⁷, float64 weights can.
  @Test(arguments: methods) func whatFloatsCannotHoldIsSaidSo(_ method: MinimizationMethod) throws {
    let a: [Double] = [-3, -2, -1, 0, 1, 2, 3, 4]
    let problem = Problem(
      columns: [a.map { 1e7 + $0 }],
      targets: zip(a, [0.1, -0.1, 0.2, 0, -0.1, 0, 0.1, -0.2]).map { $0 + $1 },
      loss: .squared, decay: 0, "steep line")
    let single = try problem.minimize(Float.self, method).report
    #expect(!single.converged && single.reason == .precision, "\(single)")
    let double = try problem.minimize(Double.self, method).report
    #expect(double.converged, "\(double)")
  }
}
