#if canImport(Glibc)
  import Glibc
#endif

/// How a network is trained: the recipe of a model.
public struct TrainingOptions: Sendable, Equatable {
  public enum Optimizer: Sendable, Hashable {
    /// `torch.optim.SGD`.
    case sgd(momentum: Double, nesterov: Bool)
    /// `torch.optim.Adam` (Kingma and Ba 2015).
    case adam(beta1: Double, beta2: Double, epsilon: Double)

    /// The names that requests use.
    public enum Name: String, Sendable, CaseIterable { case sgd, adam }

    public var name: Name {
      switch self {
      case .sgd: .sgd
      case .adam: .adam
      }
    }
  }

  /// The learning rate over the steps of a training, as a factor of `learningRate`.
  public enum Schedule: Sendable, Hashable {
    case constant
    /// ½(1 + cos(π·step/steps)): from 1 to 0 (Loshchilov and Hutter 2017, without restarts), after `warmup`
    /// epochs in which it grows evenly from 0 (Goyal et al. 2017).
    case cosine(warmup: Int)
    /// γ^⌊epoch/every⌋.
    case step(every: Int, gamma: Double)

    /// The names that requests use.
    public enum Name: String, Sendable, CaseIterable { case constant, cosine, step }

    public var name: Name {
      switch self {
      case .constant: .constant
      case .cosine: .cosine
      case .step: .step
      }
    }
  }

  /// Random changes of pictures; the raw values are the names that requests use.
  public enum Augmentation: String, Sendable, CaseIterable {
    /// Half of the pictures are mirrored: left and right are exchanged.
    case flip
    /// Each picture is moved by up to 4 places in each direction. Zeros fill the free places.
    case crop
  }

  public var optimizer: Optimizer
  public var learningRate: Double
  public var schedule: Schedule
  public var epochs: Int
  /// Steps of the whole training, which may then end within an epoch. nil makes every epoch whole.
  public var stepLimit: Int?
  public var batchSize: Int
  public var augment: Set<Augmentation>
  /// Whether batch normalization uses its running statistics and does not change them. Training then descends
  /// on the risk whose curvature is computed.
  public var freezesStatistics: Bool
  /// λ of the risk, applied to every parameter.
  public var weightDecay: Double
  public var seed: UInt64

  public init(
    optimizer: Optimizer = .sgd(momentum: 0.9, nesterov: false), learningRate: Double = 0.05,
    schedule: Schedule = .cosine(warmup: 0), epochs: Int, stepLimit: Int? = nil, batchSize: Int = 256,
    augment: Set<Augmentation> = [], freezesStatistics: Bool = false,
    weightDecay: Double = 0, seed: UInt64 = 0
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.schedule = schedule
    self.epochs = epochs
    self.stepLimit = stepLimit
    self.batchSize = batchSize
    self.augment = augment
    self.freezesStatistics = freezesStatistics
    self.weightDecay = weightDecay
    self.seed = seed
  }

  /// The learning rate of a step.
  /// - Parameters:
  ///   - step: from 0, over all epochs.
  ///   - perEpoch: steps of an epoch.
  ///   - total: steps of the whole training.
  public func learningRate(ofStep step: Int, perEpoch: Int, total: Int) -> Double {
    switch schedule {
    case .constant: return learningRate
    case .cosine(let warmup):
      let rising = min(warmup * perEpoch, total)
      if step < rising { return learningRate * Double(step + 1) / Double(rising + 1) }
      let done = Double(step - rising) / Double(max(1, total - rising))
      return learningRate * 0.5 * (1 + cos(Double.pi * done))
    case .step(let every, let gamma):
      return learningRate * pow(gamma, Double(step / max(1, perEpoch) / max(1, every)))
    }
  }

  /// T = Σ rate/(1 − momentum) over the steps of a descent: how far a constant gradient of 1 moves a weight.
  /// If the risk changes at a minimum, a descent of T moves the weights about as far as a solve with damping
  /// 1/T (Bae et al. 2024, "SOURCE", §3).
  /// - Parameter samples: n, the number of samples.
  /// - Returns: nil for Adam, whose steps have no common rate.
  public func summedRate(samples: Int) -> Double? {
    guard case .sgd(let momentum, _) = optimizer, momentum < 1 else { return nil }
    let perEpoch = max(1, (samples + batchSize - 1) / batchSize)
    let total = stepLimit ?? epochs * perEpoch
    // A longer sum is estimated from this many terms, spread evenly.
    let terms = min(total, 1_000_000)
    var sum = 0.0
    for term in 0..<terms {
      let step = terms == total ? term : Int(Double(total) / Double(terms) * Double(term))
      sum += learningRate(ofStep: step, perEpoch: perEpoch, total: total)
    }
    return sum * (Double(total) / Double(max(1, terms))) / (1 - momentum)
  }

  /// Whether a last minibatch of one sample joins the minibatch before. A single value has no batch
  /// statistics.
  func joinsLastSample(_ network: Architecture) -> Bool {
    network.normalizesSinglePositions && !freezesStatistics && batchSize > 1
  }

  /// Minibatches of an epoch over so many samples.
  public func stepsPerEpoch(samples: Int, of network: Architecture) -> Int {
    let full = samples / batchSize
    let rest = samples % batchSize
    return rest == 0 || (rest == 1 && full > 0 && joinsLastSample(network)) ? full : full + 1
  }

  /// Vectors of θ's length that the optimizer keeps.
  public var optimizerVectors: Int {
    if case .adam = optimizer { 2 } else { 1 }
  }
}
