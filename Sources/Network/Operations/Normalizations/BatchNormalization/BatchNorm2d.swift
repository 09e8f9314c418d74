import JSON
import Tensor

/// `torch.nn.BatchNorm2d` (Ioffe and Szegedy 2015): y = γ(x − μ)/σ + β for each channel.
public struct BatchNorm2d: LayerKind {
  public static let type = "batch_norm2d"
  public static let standard = BatchNorm2d()
  public static let fields = Fields<Self>([
    .given("num_features", \.features, .size, "Must agree with the layer before.")
  ])
  public static let examples = [LayerExample(BatchNorm2d(), [[2, 3, 3]])]
  /// σ² is the variance plus this.
  public static let epsilon = 1e-5
  /// The weight of a minibatch's statistics in the running ones.
  public static let momentum = 0.1

  /// Must agree with the channels of the layer before. nil takes them.
  public var features: Int?

  public init(features: Int? = nil) { self.features = features }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (site, input) = site.picture() else { return nil }
    let channels = input.channels
    if let features, features != channels {
      return site.fault(
        "must be \(channels), the channels of the layer before, got \(features)", at: "num_features")
    }
    let scale = site.add("weight", [channels], .scale)
    site.add("bias", [channels], .shift)
    let statistics = site.add("running_mean", [channels], .runningMean)
    site.add("running_var", [channels], .runningVariance)
    site.add("num_batches_tracked", [], .batchesTracked)
    return site.node(Placed(input: input, value: site.shape, scale: scale, statistics: statistics))
  }

  struct Placed: PlacedLayer {
    let input: Shape
    let value: ValueShape
    /// Offset of γ in the parameters; β follows.
    let scale: Int
    /// Offset of the running means in the statistics; the variances follow.
    let statistics: Int

    var normalizesSinglePositions: Bool { input.positions == 1 }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(BatchNormalizationLayer<Element>(input: input, scale: scale, statistics: statistics))
    }
  }
}

extension LayerDescription {
  public static func batchNorm2d(features: Int? = nil) -> LayerDescription {
    LayerDescription(BatchNorm2d(features: features))
  }
}
