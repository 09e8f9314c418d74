import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// Why a training stopped before its end.
public enum TrainingError: Error, Equatable {
  /// The loss or a parameter is infinite or NaN.
  case nonFinite(epoch: Int, step: Int)
  /// For a batch normalization a minibatch has a single value in each channel, which has no variance.
  case singleValue(epoch: Int, step: Int)
}

/// The outcome of an epoch of training.
public struct EpochSummary: Sendable, Equatable {
  /// Counted from 1.
  public var epoch: Int
  /// Mean over the epoch's samples, each at the θ of its step.
  public var loss: Double
  /// Share of samples read right, each at the θ of its step; nil for regression.
  public var accuracy: Double?
  /// The rate of the last step.
  public var learningRate: Double
}

/// Trains a network by minibatches, an epoch at a time. The result depends on the options and samples alone.
/// A training can go on from the state after any epoch with the same bits, and with any number of threads.
public final class Trainer<Element: Scalar> {
  public let options: TrainingOptions
  public private(set) var state: NetworkState<Element>
  /// The optimizer's vectors, one after the other, each of θ's length.
  public private(set) var optimizerState: [Element]
  /// Epochs done.
  public private(set) var epoch: Int

  private let samples: Samples
  /// A mark for every sample that is left out of its minibatches; empty if there is none.
  private let omitted: [Bool]
  /// The samples that are trained on.
  private let present: Samples
  private let machine: GradientMachine<Element>
  public let stepsPerEpoch: Int
  /// Whether no minibatch may have a single sample.
  private let needsSeveral: Bool

  /// - Parameters:
  ///   - optimizerState, epoch: the state of an earlier training, which then goes on.
  ///   - omitting: places of m of n samples that are left out. Minibatches are drawn with them and then lose
  ///     them. Every other sample weighs n/(n − m), so an epoch's gradients sum to that of the mean over the
  ///     others. Samples behind an omitted one in a minibatch get other dropout masks.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(
    network: Network<Element>, state: NetworkState<Element>, samples: Samples, loss: Loss,
    options: TrainingOptions, compute: Compute, optimizerState: [Element]? = nil, epoch: Int = 0,
    omitting: [Int] = []
  ) {
    precondition(samples.count > Set(omitting).count, "A training needs at least one sample.")
    precondition(options.batchSize > 0, "A minibatch has at least one sample.")
    self.options = options
    self.state = state
    self.samples = samples
    self.epoch = epoch
    var marks = [Bool](repeating: false, count: omitting.isEmpty ? 0 : samples.count)
    for place in omitting { marks[place] = true }
    omitted = marks
    present = marks.isEmpty ? samples : samples.selecting(marks.indices.filter { !marks[$0] })
    let length = network.layout.parameterCount * options.optimizerVectors
    self.optimizerState = optimizerState ?? .zeros(length)
    precondition(self.optimizerState.count == length, "The optimizer's vectors have the length of θ.")
    stepsPerEpoch = options.stepsPerEpoch(samples: samples.count, of: network.architecture)
    needsSeveral = network.architecture.normalizesSinglePositions && !options.freezesStatistics
    machine = GradientMachine(
      network: network, loss: loss,
      batchSize: min(options.batchSize + (needsSeveral ? 1 : 0), samples.count),
      freezesStatistics: options.freezesStatistics, compute: compute)
  }

  /// Steps of the whole training.
  public var totalSteps: Int { options.stepLimit ?? options.epochs * stepsPerEpoch }

  public var isDone: Bool { epoch * stepsPerEpoch >= totalSteps }

  /// Trains for one epoch over the samples in a new order, or for the rest of the step limit.
  /// - Parameter progress: called after every step with (steps done, steps an epoch).
  /// - Throws: `Cancelled`, `TrainingError`, or an error of `progress`; then the state is undefined.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func runEpoch(progress: (Int, Int) throws -> Void = { _, _ in }) throws -> EpochSummary {
    // If a minibatch has all samples, no order is drawn.
    let isWhole = stepsPerEpoch == 1 && options.augment.isEmpty
    var stream = RandomStream(seed: options.seed, purpose: isWhole ? "" : "shuffle epoch \(epoch)")
    let order = isWhole ? [] : stream.permutation(samples.count)
    let source: any SampleSource =
      options.augment.isEmpty
      ? samples.source
      : AugmentedSource(base: samples.source, augment: options.augment, seed: options.seed, epoch: epoch)
    var loss = 0.0
    var correct = 0.0
    var rate = options.learningRate
    var seen = 0
    let steps = min(stepsPerEpoch, max(0, totalSteps - epoch * stepsPerEpoch))
    for step in 0..<steps {
      let (batch, size) = isWhole ? (present, samples.count) : minibatch(step, order, source)
      if needsSeveral, batch.count == 1 {
        throw TrainingError.singleValue(epoch: epoch + 1, step: step + 1)
      }
      let key = options.seed &+ UInt64(epoch * stepsPerEpoch + step) &* 0x9e37_79b9_7f4a_7c15
      let result = try machine.run(
        batch, isWhole: isWhole, scale: weight / Double(size), state: &state, dropoutSeed: key)
      guard result.loss.isFinite else { throw TrainingError.nonFinite(epoch: epoch + 1, step: step + 1) }
      rate = learningRate(step: step)
      update(machine.gradient, rate: rate)
      loss += result.loss
      correct += result.correct
      seen += batch.count
      try progress(step + 1, steps)
    }
    guard state.parameters.isFinite, state.statistics.isFinite else {
      throw TrainingError.nonFinite(epoch: epoch + 1, step: stepsPerEpoch)
    }
    epoch += 1
    return EpochSummary(
      epoch: epoch, loss: loss / Double(seen),
      accuracy: machine.loss.judges(samples.targets) ? correct / Double(seen) : nil,
      learningRate: rate)
  }

  /// The weight of every sample that is not omitted.
  private var weight: Double { Double(samples.count) / Double(present.count) }

  /// The samples of a step without the omitted ones, and the number of samples with them.
  private func minibatch(
    _ step: Int, _ order: [Int], _ source: any SampleSource
  ) -> (samples: Samples, size: Int) {
    let end = step == stepsPerEpoch - 1 ? samples.count : (step + 1) * options.batchSize
    var places = Array(order[step * options.batchSize..<end])
    let size = places.count
    if !omitted.isEmpty { places.removeAll { omitted[$0] } }
    let batch = Samples(
      source: source, indices: places.map { samples.indices[$0] }, targets: samples.targets.selecting(places))
    return (batch, size)
  }

  private func learningRate(step: Int) -> Double {
    options.learningRate(
      ofStep: epoch * stepsPerEpoch + step, perEpoch: stepsPerEpoch, total: totalSteps)
  }

  private func update(_ gradient: UnsafePointer<Element>, rate: Double) {
    let n = state.parameters.count
    let lambda = Element(options.weightDecay)
    let done = epoch * stepsPerEpoch
    steps = max(steps, done)
    steps += 1
    state.parameters.withUnsafeMutableBufferPointer { theta in
      optimizerState.withUnsafeMutableBufferPointer { vectors in
        guard let theta = theta.baseAddress, let vectors = vectors.baseAddress else { return }
        switch options.optimizer {
        case .sgd(let momentum, let nesterov):
          Element.sgd(
            theta, vectors, gradient, rate: Element(rate), mu: Element(momentum), lambda: lambda,
            nesterov: nesterov, n)
        case .adam(let beta1, let beta2, let epsilon):
          Element.adam(
            theta, vectors, vectors + n, gradient, rate: Element(rate), beta1: Element(beta1),
            beta2: Element(beta2), epsilon: Element(epsilon), lambda: lambda,
            c1: Element(1 - pow(beta1, Double(steps))), c2: Element(1 - pow(beta2, Double(steps))), n)
        }
      }
    }
  }

  /// Steps done, for Adam's bias correction.
  private var steps = 0
}
