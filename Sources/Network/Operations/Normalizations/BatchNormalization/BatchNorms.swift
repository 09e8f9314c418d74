import JSON
import Tensor

/// `torch.nn.BatchNorm2d` (Ioffe and Szegedy 2015): y = γ(x − μ)/σ + β for each channel.
public struct BatchNorm2d: BatchNormKind {
  public static let type = "batch_norm2d"
  public static let standard = BatchNorm2d()
  public static let examples = [
    LayerExample(BatchNorm2d(), [[2, 3, 3]]),
    LayerExample(BatchNorm2d(epsilon: 0.1, isAffine: false), [[2, 3, 3]]),
  ]

  public var features: Int?
  public var epsilon: Double
  public var momentum: Double
  public var isAffine: Bool

  public init(
    features: Int? = nil, epsilon: Double = Self.usualEpsilon, momentum: Double = Self.usualMomentum,
    isAffine: Bool = true
  ) {
    self.features = features
    self.epsilon = epsilon
    self.momentum = momentum
    self.isAffine = isAffine
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.picture().flatMap { place(at: $0.0, $0.1) }
  }
}

/// `torch.nn.BatchNorm1d`: the same for each channel of a sequence, or for each feature of a vector.
public struct BatchNorm1d: BatchNormKind {
  public static let type = "batch_norm1d"
  public static let standard = BatchNorm1d()
  public static let examples = [
    LayerExample(BatchNorm1d(), [[5]]), LayerExample(BatchNorm1d(epsilon: 0.1), [[3, 4]]),
    LayerExample(BatchNorm1d(isAffine: false), [[3, 4]]),
  ]

  public var features: Int?
  public var epsilon: Double
  public var momentum: Double
  public var isAffine: Bool

  public init(
    features: Int? = nil, epsilon: Double = Self.usualEpsilon, momentum: Double = Self.usualMomentum,
    isAffine: Bool = true
  ) {
    self.features = features
    self.epsilon = epsilon
    self.momentum = momentum
    self.isAffine = isAffine
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    if site.shape.rank == 1 { return place(at: site, Shape(features: site.shape.sizes[0])) }
    return site.sequence().flatMap { place(at: $0.0, $0.1) }
  }
}

/// A batch normalization with the options of PyTorch's modules. It keeps running statistics.
public protocol BatchNormKind: LayerKind {
  /// Must agree with the channels of the layer before. nil takes them.
  var features: Int? { get set }
  /// σ² is the variance plus this.
  var epsilon: Double { get set }
  /// The weight of a minibatch's statistics in the running ones.
  var momentum: Double { get set }
  /// Whether there are γ and β. Without them they are 1 and 0.
  var isAffine: Bool { get set }
}

extension BatchNormKind {
  public static var usualEpsilon: Double { 1e-5 }
  public static var usualMomentum: Double { 0.1 }

  public static var fields: Fields<Self> {
    Fields([
      .given("num_features", \.features, .size, "Must agree with the layer before."),
      .added("eps", \.epsilon, .number(.positive), "Added to the variance."),
      .added(
        "momentum", \.momentum, .number(momenta),
        "The weight of a minibatch's statistics in the running ones."),
      .added("affine", \.isAffine, .flag, "Whether there is a factor and an offset for each channel."),
    ])
  }

  private static var momenta: NumberRange { NumberRange(from: .including(0), to: .including(1)) }

  /// - Parameter input: the input of the site, channels-last in memory.
  fileprivate func place(at site: LayerSite, _ input: Shape) -> Architecture.Node? {
    let channels = input.channels
    if let features, features != channels {
      return site.fault(
        "must be \(channels), the channels of the layer before, got \(features)", at: "num_features")
    }
    guard epsilon > 0, epsilon.isFinite else {
      return site.fault("must be greater than 0, got \(epsilon)", at: "eps")
    }
    guard (0...1).contains(momentum) else {
      return site.fault("must be from 0 to 1, got \(momentum)", at: "momentum")
    }
    let scale = isAffine ? site.add("weight", [channels], .scale) : nil
    let shift = isAffine ? site.add("bias", [channels], .shift) : nil
    let mean = site.add("running_mean", [channels], .runningMean)
    let variance = site.add("running_var", [channels], .runningVariance)
    site.add("num_batches_tracked", [], .batchesTracked)
    return site.node(
      PlacedBatchNormalization(
        input: input, value: site.shape, scale: scale, shift: shift, mean: mean, variance: variance,
        epsilon: epsilon, momentum: momentum))
  }
}

struct PlacedBatchNormalization: PlacedLayer {
  let input: Shape
  let value: ValueShape
  /// Offsets of γ and β in the parameters, if there are any.
  let scale: Int?
  let shift: Int?
  /// Offsets of the running means and variances in the statistics.
  let mean: Int
  let variance: Int
  let epsilon: Double
  let momentum: Double

  var normalizesSinglePositions: Bool { input.positions == 1 }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(BatchNormalizationLayer<Element>(options: self))
  }
}

extension LayerDescription {
  public static func batchNorm2d(
    features: Int? = nil, epsilon: Double = BatchNorm2d.usualEpsilon,
    momentum: Double = BatchNorm2d.usualMomentum
  ) -> LayerDescription {
    LayerDescription(BatchNorm2d(features: features, epsilon: epsilon, momentum: momentum))
  }
}
