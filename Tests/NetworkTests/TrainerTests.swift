import Foundation
import Network
import Tensor
import TestSupport
import Testing

struct TrainerTests {
  private let compute = Compute(pool: testPool)

  private func options(_ epochs: Int, batch: Int, rate: Double = 0.05) -> TrainingOptions {
    TrainingOptions(
      optimizer: .sgd(momentum: 0.9, nesterov: false), learningRate: rate,
      schedule: .cosine(warmup: 0), epochs: epochs,
      batchSize: batch, weightDecay: 1e-3, seed: 7)
  }

  /// One step of plain descent from θ moves by −rate·∇: the gradient of the loss in training mode, where
  /// batch normalization uses the minibatch. Compared with differences of the loss that the epoch reports.
  @Test(arguments: SmallNetwork.all.filter { !$0.name.contains("relu perceptron") })
  func trainingGradientAgreesWithDifferences(_ small: SmallNetwork) throws {
    let network = Network<Double>(small.architecture)
    let samples = small.samples(9)
    let start = small.state(Double.self)
    func epoch(_ state: NetworkState<Double>) throws -> (EpochSummary, NetworkState<Double>) {
      var options = TrainingOptions(
        optimizer: .sgd(momentum: 0, nesterov: false), learningRate: 1, schedule: .constant, epochs: 1,
        batchSize: 9)
      options.seed = 1
      let trainer = Trainer(
        network: network, state: state, samples: samples, loss: small.loss, options: options, compute: compute
      )
      let summary = try trainer.runEpoch()
      return (summary, trainer.state)
    }
    let moved = try epoch(start).1
    let gradient = zip(start.parameters, moved.parameters).map { $0 - $1 }
    let h = 1e-5
    let estimate = try start.parameters.indices.map { index in
      var forward = start
      forward.parameters[index] += h
      var backward = start
      backward.parameters[index] -= h
      return (try epoch(forward).0.loss - epoch(backward).0.loss) / (2 * h)
    }
    #expect(relativeError(gradient, estimate) < 1e-6)
  }

  /// A minibatch that is the whole set goes in the set's own order, and on one thread if it is one shard.
  /// Plain descent at rate 1 then subtracts the gradient, bit for bit, epoch after epoch.
  @Test(
    arguments: [
      SmallNetwork.softmaxRegression, SmallNetwork.hinge, SmallNetwork.tanhPerceptron,
      SmallNetwork.convolutions,
    ],
    [40, 600])
  func aStepOverAllSamplesSubtractsTheirGradient(_ small: SmallNetwork, _ count: Int) throws {
    let network = Network<Float>(small.architecture)
    let samples = small.samples(count)
    let options = TrainingOptions(
      optimizer: .sgd(momentum: 0, nesterov: false), learningRate: 1, schedule: .constant, epochs: 3,
      batchSize: 1000)
    let trainer = Trainer(
      network: network, state: small.state(Float.self), samples: samples, loss: small.loss, options: options,
      compute: compute)
    for _ in 0..<3 {
      let before = trainer.state
      let expected = try network.gradient(before, on: samples, loss: small.loss, compute: compute)
      let summary = try trainer.runEpoch()
      #expect(trainer.state.parameters == zip(before.parameters, expected.gradient).map { $0 - $1 })
      #expect(abs(summary.loss - expected.meanLoss) <= 1e-12 * expected.meanLoss)
    }
  }

  /// With frozen statistics batch normalization is a fixed map, in training as for curvature: a step
  /// subtracts the gradient of the risk in evaluation mode, and nothing but parameters moves.
  @Test(arguments: [SmallNetwork.normalized, SmallNetwork.residual], [40, 300])
  func frozenStatisticsDescendTheRiskOfEvaluation(_ small: SmallNetwork, _ count: Int) throws {
    let network = Network<Double>(small.architecture)
    let samples = small.samples(count)
    var options = TrainingOptions(
      optimizer: .sgd(momentum: 0, nesterov: false), learningRate: 1, schedule: .constant, epochs: 1,
      batchSize: count)
    options.freezesStatistics = true
    let start = small.state(Double.self)
    let trainer = Trainer(
      network: network, state: start, samples: samples, loss: small.loss, options: options, compute: compute)
    let expected = try network.gradient(start, on: samples, loss: small.loss, compute: compute)
    _ = try trainer.runEpoch()
    let moved = zip(start.parameters, trainer.state.parameters).map { $0 - $1 }
    #expect(relativeError(moved, expected.gradient) < 1e-10)
    #expect(trainer.state.statistics == start.statistics)
    #expect(trainer.state.counters == start.counters)
  }

  /// Three steps an epoch, two epochs of warm-up and two of a cosine.
  @Test func aWarmupRisesEvenlyBeforeTheCosine() throws {
    let small = SmallNetwork.softmaxRegression
    let options = TrainingOptions(
      learningRate: 1.4e-3, schedule: .cosine(warmup: 2), epochs: 4, batchSize: 10, seed: 1)
    let trainer = Trainer(
      network: Network<Double>(small.architecture), state: small.state(Double.self),
      samples: small.samples(30), loss: small.loss, options: options, compute: compute)
    let rates = try (0..<4).map { _ in try trainer.runEpoch().learningRate / 1.4e-3 }
    let expected = [3.0 / 7, 6.0 / 7, 0.75, 0.5 * (1 - 3.0.squareRoot() / 2)]
    #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(rates)")
  }

  /// T is the sum over the steps that are really made, at the rates that are really taken: 30 samples in
  /// minibatches of 7 are five steps an epoch.
  @Test(arguments: [
    TrainingOptions.Schedule.constant, .cosine(warmup: 0), .cosine(warmup: 2), .step(every: 2, gamma: 0.5),
  ])
  func theSummedRateIsThatOfTheSteps(_ schedule: TrainingOptions.Schedule) throws {
    let small = SmallNetwork.softmaxRegression
    for limit in [nil, 13] as [Int?] {
      var options = TrainingOptions(
        optimizer: .sgd(momentum: 0.75, nesterov: false), learningRate: 1e-3, schedule: schedule, epochs: 4,
        stepLimit: limit, batchSize: 7)
      let trainer = Trainer(
        network: Network<Double>(small.architecture), state: small.state(Double.self),
        samples: small.samples(30), loss: small.loss, options: options, compute: compute)
      #expect(trainer.totalSteps == limit ?? 20)
      var expected = 0.0
      for step in 0..<trainer.totalSteps {
        let factor =
          switch schedule {
          case .constant: 1.0
          case .cosine(let warmup):
            step < 5 * warmup
              ? Double(step + 1) / Double(5 * warmup + 1)
              : 0.5 + 0.5
                * cos(Double.pi * Double(step - 5 * warmup) / Double(trainer.totalSteps - 5 * warmup))
          case .step: step < 10 ? 1 : 0.5
          }
        expected += 1e-3 * factor / (1 - 0.75)
      }
      let sum = try #require(options.summedRate(samples: 30))
      #expect(abs(sum - expected) < 1e-12 * expected, "\(sum) \(expected)")
      options.optimizer = .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
      #expect(options.summedRate(samples: 30) == nil)
    }
  }

  /// More steps than are worth adding up one by one are added up evenly spread.
  @Test func theSummedRateOfManySteps() throws {
    let options = TrainingOptions(
      optimizer: .sgd(momentum: 0, nesterov: true), learningRate: 2, schedule: .cosine(warmup: 0),
      epochs: 1, stepLimit: 1_000_000_000, batchSize: 1)
    #expect(try abs(#require(options.summedRate(samples: 5)) / 1e9 - 1) < 1e-5)
  }

  @Test(arguments: [SmallNetwork.reluPerceptron, SmallNetwork.normalized, SmallNetwork.residual])
  func trainingResumesAndRepeatsBitForBit(_ small: SmallNetwork) throws {
    let samples = small.samples(300)
    let network = Network<Float>(small.architecture)
    func trainer(_ pool: ComputePool, _ from: Trainer<Float>? = nil) -> Trainer<Float> {
      Trainer(
        network: network, state: from?.state ?? small.state(Float.self), samples: samples, loss: small.loss,
        options: options(3, batch: 128), compute: Compute(pool: pool), optimizerState: from?.optimizerState,
        epoch: from?.epoch ?? 0)
    }
    let whole = trainer(testPool)
    for _ in 0..<3 { _ = try whole.runEpoch() }
    let part = trainer(ComputePool(threads: 1))
    _ = try part.runEpoch()
    let rest = trainer(ComputePool(threads: 3), part)
    _ = try rest.runEpoch()
    let last = try rest.runEpoch()
    #expect(last.epoch == 3)
    #expect(rest.state == whole.state)
    #expect(rest.optimizerState == whole.optimizerState)
  }

  /// At a rate near 0 all steps of an epoch start at θ. Their sum is then the gradient of the mean over the
  /// samples that are not omitted, times the steps, though one minibatch has fewer of them and one has none.
  @Test(arguments: [8, 1, 24]) func omittedSamplesWeighNothing(_ batch: Int) throws {
    let small = SmallNetwork.tanhPerceptron
    let network = Network<Double>(small.architecture)
    let samples = small.samples(24)
    let start = small.state(Double.self)
    let omitted = [3, 17]
    let rate = 1e-7
    let trainer = Trainer(
      network: network, state: start, samples: samples, loss: small.loss,
      options: TrainingOptions(
        optimizer: .sgd(momentum: 0, nesterov: false), learningRate: rate, schedule: .constant, epochs: 1,
        batchSize: batch, seed: 2), compute: compute, omitting: omitted)
    let summary = try trainer.runEpoch()
    let rest = samples.selecting((0..<24).filter { !omitted.contains($0) })
    let expected = try network.gradient(start, on: rest, loss: small.loss, compute: compute)
    let steps = Double(24 / batch)
    let moved = zip(start.parameters, trainer.state.parameters).map { ($0 - $1) / (rate * steps) }
    #expect(relativeError(moved, expected.gradient) < 1e-5)
    #expect(abs(summary.loss - expected.meanLoss) < 1e-5)
  }

  /// The rest of a training that omits nothing is untouched by the limit on steps, and the limit ends it.
  @Test func stepsAreLimited() throws {
    let small = SmallNetwork.softmaxRegression
    let network = Network<Float>(small.architecture)
    var options = options(5, batch: 10)
    options.schedule = .constant
    func trainer(_ options: TrainingOptions) -> Trainer<Float> {
      Trainer(
        network: network, state: small.state(Float.self), samples: small.samples(40), loss: small.loss,
        options: options, compute: compute)
    }
    var limited = options
    limited.stepLimit = 6
    let (whole, part) = (trainer(options), trainer(limited))
    var states: [NetworkState<Float>] = []
    for _ in 0..<2 { _ = try whole.runEpoch { _, _ in states.append(whole.state) } }
    while !part.isDone { _ = try part.runEpoch() }
    #expect(part.epoch == 2 && whole.stepsPerEpoch == 4 && part.totalSteps == 6)
    #expect(part.state == states[5])
  }

  @Test func trainingLowersTheLoss() throws {
    let small = SmallNetwork.tanhPerceptron
    let network = Network<Double>(small.architecture)
    for optimizer in [
      TrainingOptions.Optimizer.sgd(momentum: 0.9, nesterov: true),
      .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
    ] {
      var options = options(40, batch: 16)
      options.optimizer = optimizer
      let trainer = Trainer(
        network: network, state: small.state(Double.self), samples: small.samples(32), loss: small.loss,
        options: options, compute: compute)
      let first = try trainer.runEpoch().loss
      var last = first
      for _ in 1..<40 { last = try trainer.runEpoch().loss }
      #expect(last < 0.9 * first)
    }
  }

  @Test func divergenceIsAnError() throws {
    let small = SmallNetwork.ridge
    let trainer = Trainer(
      network: Network<Float>(small.architecture), state: small.state(Float.self), samples: small.samples(64),
      loss: small.loss, options: options(200, batch: 8, rate: 50), compute: compute)
    #expect(throws: TrainingError.self) { for _ in 0..<200 { _ = try trainer.runEpoch() } }
  }
}
