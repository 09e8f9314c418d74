import JSON
import Tensor

/// `torch.nn.LayerNorm` (Ba et al. 2016): the last axes of every sample are normalized together.
public struct LayerNorm: LayerKind {
  public static let type = "layer_norm"
  public static let standard = LayerNorm()
  public static let fields = Fields<Self>([
    .required(
      "normalized_shape", \.sizes, .list(of: .size, atMost: 16), "The sizes of the last axes."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("elementwise_affine", \.isAffine, "Whether there is a factor for each value."),
    .flag("bias", \.bias, "Whether there is an offset for each value."),
  ])
  public static let examples = [
    LayerExample(LayerNorm(sizes: [5]), [[3, 5]]),
    LayerExample(LayerNorm(sizes: [2, 3], bias: false), [[2, 2, 3]]),
    LayerExample(LayerNorm(sizes: [40], isAffine: false), [[2, 40]]),
  ]

  public var sizes: [Int] = []
  public var epsilon = 1e-5
  public var isAffine = true
  public var bias = true

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.placeRows(sizes, epsilon, isCentred: true, scales: isAffine, shifts: isAffine && bias)
  }
}

/// `torch.nn.RMSNorm` (Zhang and Sennrich 2019): the last axes are divided by the root of their mean square.
public struct RMSNorm: LayerKind {
  public static let type = "rms_norm"
  public static let standard = RMSNorm()
  public static let fields = Fields<Self>([
    .required(
      "normalized_shape", \.sizes, .list(of: .size, atMost: 16), "The sizes of the last axes."),
    .number("eps", \.epsilon, .positive, "Added to the mean square."),
    .flag("elementwise_affine", \.isAffine, "Whether there is a factor for each value."),
  ])
  public static let examples = [
    LayerExample(RMSNorm(sizes: [5]), [[3, 5]]), LayerExample(RMSNorm(sizes: [5], isAffine: false), [[5]]),
  ]

  public var sizes: [Int] = []
  /// The rounding of `float32`, as PyTorch has it.
  public var epsilon = 1.1920928955078125e-7
  public var isAffine = true

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.placeRows(sizes, epsilon, isCentred: false, scales: isAffine, shifts: false)
  }
}

extension LayerSite {
  fileprivate func placeRows(
    _ sizes: [Int], _ epsilon: Double, isCentred: Bool, scales: Bool, shifts: Bool
  ) -> Architecture.Node? {
    guard !sizes.isEmpty, sizes.count <= shape.rank, Array(shape.sizes.suffix(sizes.count)) == sizes else {
      return fault("must be the last sizes of the input, \(shape.words)", at: "normalized_shape")
    }
    let (source, value) = rowMajor(0)
    let scale = scales ? add("weight", sizes, .scale) : nil
    let shift = shifts ? add("bias", sizes, .shift) : nil
    return .init(
      PlacedRowNormalization(
        value: source, row: sizes.reduce(1, *), epsilon: epsilon, isCentred: isCentred, scale: scale,
        shift: shift, repeats: 1, period: 1), inputs: [value])
  }
}

/// `torch.nn.GroupNorm` (Wu and He 2018): the channels of every sample are normalized in groups.
public struct GroupNorm: LayerKind {
  public static let type = "group_norm"
  public static let standard = GroupNorm()
  public static let fields = Fields<Self>([
    .required("num_groups", \.groups, .size, "The groups that the channels are cut into."),
    .given("num_channels", \.channels, .size, "Must agree with the layer before."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("affine", \.isAffine, "Whether there is a factor and an offset for each channel."),
  ])
  public static let examples = [
    LayerExample(GroupNorm(groups: 2), [[4, 3, 2]]),
    LayerExample(GroupNorm(groups: 3, isAffine: false), [[6, 2]]),
  ]

  public var groups = 1
  public var channels: Int?
  public var epsilon = 1e-5
  public var isAffine = true

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.placeGroups(groups, channels, channelsAt: "num_channels", epsilon, isAffine)
  }
}

/// `torch.nn.InstanceNorm1d` and `…2d` (Ulyanov et al. 2016): every channel of every sample is normalized by
/// itself.
public struct InstanceNorm: LayerKind {
  public static let type = "instance_norm"
  public static let standard = InstanceNorm()
  public static let fields = Fields<Self>([
    .given("num_features", \.channels, .size, "Must agree with the layer before."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("affine", \.isAffine, "Whether there is a factor and an offset for each channel."),
  ])
  public static let examples = [
    LayerExample(InstanceNorm(), [[2, 3, 3]]), LayerExample(InstanceNorm(isAffine: true), [[3, 4]]),
  ]

  public var channels: Int?
  public var epsilon = 1e-5
  public var isAffine = false

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.placeGroups(site.shape.sizes.first ?? 1, channels, channelsAt: "num_features", epsilon, isAffine)
  }
}

extension LayerSite {
  fileprivate func placeGroups(
    _ groups: Int, _ given: Int?, channelsAt option: String, _ epsilon: Double, _ isAffine: Bool
  ) -> Architecture.Node? {
    let channels = shape.sizes.first ?? 1
    if let given, given != channels {
      return fault("must be \(channels), the channels of the layer before, got \(given)", at: option)
    }
    guard channels % groups == 0 else {
      return fault(
        "must divide the \(channels) channels of the layer before, got \(groups)", at: "num_groups")
    }
    let (source, value) = rowMajor(0)
    let scale = isAffine ? add("weight", [channels], .scale) : nil
    let shift = isAffine ? add("bias", [channels], .shift) : nil
    return .init(
      PlacedRowNormalization(
        value: source, row: source.count / groups, epsilon: epsilon, isCentred: true, scale: scale,
        shift: shift, repeats: source.count / channels, period: groups), inputs: [value])
  }
}
