import Influence
import Network
import Tensor

/// Trains a model again and again from one start, each time without some of its samples.
///
/// Two trainings differ only in the weights of samples:
///
/// - A descent uses the same minibatches and learning rates, without the samples left out
///   (`Trainer.init(omitting:)`).
/// - A minimisation ends at the minimum of the mean over the remaining samples.
///
/// The effect of a removal is the difference to a control training that leaves nothing out. The difference
/// cancels the drift of unconverged weights, the noise of minibatches and the length of the training.
struct Retrainer<Element: Scalar>: Sendable {
  let model: LoadedModel<Element>
  /// All n samples.
  let samples: Samples
  let recipe: TrainingRecipe
  let start: NetworkState<Element>
  let length: ValidationPlan.Length
  /// The share of the recipe's learning rate.
  let rate: Double
  let seed: Int
  /// Bytes that one training may keep in memory.
  let memoryLimit: Int
  /// The mean norm of the gradients of single samples at the start.
  let gradientScale: Double

  init(
    model: LoadedModel<Element>, samples: Samples, recipe: TrainingRecipe, start: NetworkState<Element>,
    length: ValidationPlan.Length, rate: Double = 1, memoryLimit: Int, compute: Compute
  ) throws {
    self.model = model
    self.samples = samples
    self.recipe = recipe
    self.start = start
    self.length = length
    self.rate = rate
    self.memoryLimit = memoryLimit
    seed = model.record.seed
    gradientScale = try NetworkRisk(
      network: model.network, state: start, samples: samples, loss: model.loss,
      weightDecay: model.weightDecay, memoryLimit: 0, compute: compute
    ).gradientScale(start.parameters.map { Double($0) })
  }

  /// Steps, or the most iterations, of one training.
  var steps: Int {
    switch method {
    case .descent(let options): options.stepLimit ?? 0
    case .minimization(let options): options.iterationLimit
    }
  }

  /// How long one training is, as damping counts it.
  var time: TrainedTime { method.time(samples: samples.count) }

  /// The recipe, with the length that the plan asks for.
  private var method: TrainingRecipe.Method {
    func steps(of total: Int) -> Int {
      switch length {
      case .steps(let steps): steps
      case .fraction(let fraction): max(1, Int((fraction * Double(total)).rounded()))
      }
    }
    switch recipe.method(weightDecay: model.weightDecay, seed: seed, samples: samples.count) {
    case .descent(var options):
      let perEpoch = options.stepsPerEpoch(samples: samples.count, of: model.network.architecture)
      let limit = steps(of: options.epochs * perEpoch)
      options.stepLimit = limit
      options.learningRate *= rate
      options.epochs = (limit + perEpoch - 1) / perEpoch
      return .descent(options)
    case .minimization(var options):
      options.iterationLimit = steps(of: options.iterationLimit)
      // The recipe's goal is too coarse for the effect of one sample.
      options.gradientNorm = nil
      options.sufficientNorm = NetworkRisk.sampleTolerance(scale: gradientScale, samples: samples.count)
      // The effect of one sample on the risk is of the order 1/n².
      let count = Double(samples.count)
      options.decreaseShare = min(options.decreaseShare, 1e-4 / (count * count))
      return .minimization(options)
    }
  }

  /// One training.
  struct Outcome {
    let state: NetworkState<Element>
    /// ‖∇R‖ over the remaining samples, with the weight decay.
    let gradientNorm: Double
    /// Whether a minimisation reached its end; nil for a descent, which has none.
    let converged: Bool?
    let steps: Int
  }

  /// - Parameters:
  ///   - omitted: places in `samples`.
  ///   - progress: receives the share done. An error that it throws ends the training.
  func run(
    omitting omitted: [Int], _ compute: Compute, progress: (Double) throws -> Void
  ) throws -> Outcome {
    let isOmitted = Set(omitted)
    let rest =
      omitted.isEmpty ? samples : samples.selecting((0..<samples.count).filter { !isOmitted.contains($0) })
    switch method {
    case .descent(let options):
      let trainer = Trainer(
        network: model.network, state: start, samples: samples, loss: model.loss, options: options,
        compute: compute, omitting: omitted)
      let total = Double(trainer.totalSteps)
      while !trainer.isDone {
        let before = trainer.epoch * trainer.stepsPerEpoch
        _ = try trainer.runEpoch { step, _ in try progress(Double(before + step) / total) }
      }
      var gradient = try model.network.gradient(trainer.state, on: rest, loss: model.loss, compute: compute)
        .gradient
      gradient.add(Element(model.weightDecay), times: trainer.state.parameters)
      return Outcome(
        state: trainer.state, gradientNorm: gradient.norm, converged: nil, steps: trainer.totalSteps)
    case .minimization(let options):
      let minimization = try RiskMinimization(
        network: model.network, from: start, samples: rest, loss: model.loss,
        weightDecay: model.weightDecay, options: options, memoryLimit: memoryLimit, compute: compute)
      var course = MinimizationCourse(options: options, report: minimization.report)
      let report = try minimization.run {
        course.note($0)
        try progress(course.fraction)
      }
      if report.reason == .nonFinite { throw TrainingError.nonFinite(epoch: 1, step: 1) }
      return Outcome(
        state: minimization.state(Element.self), gradientNorm: report.gradientNorm,
        converged: report.converged,
        steps: report.iterations)
    }
  }
}
