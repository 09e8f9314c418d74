import JSON
import Tensor

/// `torch.nn.LayerNorm` (Ba et al. 2016): the last axes of every sample are normalized together.
struct LayerNorm: LayerKind {
  static let type = "layer_norm"
  static let standard = LayerNorm()
  static let fields = Fields<Self>([
    .required(
      "normalized_shape", \.sizes, .list(of: .size, atMost: 16), "The sizes of the last axes."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("elementwise_affine", \.isAffine, "Whether there is a factor for each value."),
    .flag("bias", \.bias, "Whether there is an offset for each value."),
  ])
  static let examples = [
    LayerExample(LayerNorm(sizes: [5]), [[3, 5]]),
    LayerExample(LayerNorm(sizes: [2, 3], bias: false), [[2, 2, 3]]),
    LayerExample(LayerNorm(sizes: [40], isAffine: false), [[2, 40]]),
  ]

  var sizes: [Int] = []
  var epsilon = 1e-5
  var isAffine = true
  var bias = true

  func place(at site: LayerSite) -> Architecture.Node? {
    site.placeRows(sizes, epsilon, isCentred: true, scales: isAffine, shifts: isAffine && bias)
  }
}

/// `torch.nn.RMSNorm` (Zhang and Sennrich 2019): the last axes are divided by the root of their mean square.
struct RMSNorm: LayerKind {
  static let type = "rms_norm"
  static let standard = RMSNorm()
  static let fields = Fields<Self>([
    .required(
      "normalized_shape", \.sizes, .list(of: .size, atMost: 16), "The sizes of the last axes."),
    .number("eps", \.epsilon, .positive, "Added to the mean square."),
    .flag("elementwise_affine", \.isAffine, "Whether there is a factor for each value."),
  ])
  static let examples = [
    LayerExample(RMSNorm(sizes: [5]), [[3, 5]]), LayerExample(RMSNorm(sizes: [5], isAffine: false), [[5]]),
  ]

  var sizes: [Int] = []
  /// The rounding of `float32`, as PyTorch has it.
  var epsilon = 1.1920928955078125e-7
  var isAffine = true

  func place(at site: LayerSite) -> Architecture.Node? {
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
struct GroupNorm: LayerKind {
  static let type = "group_norm"
  static let standard = GroupNorm()
  static let fields = Fields<Self>([
    .required("num_groups", \.groups, .size, "The groups that the channels are cut into."),
    .given("num_channels", \.channels, .size, "Must agree with the layer before."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("affine", \.isAffine, "Whether there is a factor and an offset for each channel."),
  ])
  static let examples = [
    LayerExample(GroupNorm(groups: 2), [[4, 3, 2]]),
    LayerExample(GroupNorm(groups: 3, isAffine: false), [[6, 2]]),
  ]

  var groups = 1
  var channels: Int?
  var epsilon = 1e-5
  var isAffine = true

  func place(at site: LayerSite) -> Architecture.Node? {
    site.placeGroups(groups, channels, channelsAt: "num_channels", epsilon, isAffine)
  }
}

/// `torch.nn.InstanceNorm1d` and `…2d` (Ulyanov et al. 2016): every channel of every sample is normalized by
/// itself.
struct InstanceNorm: LayerKind {
  static let type = "instance_norm"
  static let standard = InstanceNorm()
  static let fields = Fields<Self>([
    .given("num_features", \.channels, .size, "Must agree with the layer before."),
    .number("eps", \.epsilon, .positive, "Added to the variance."),
    .flag("affine", \.isAffine, "Whether there is a factor and an offset for each channel."),
  ])
  static let examples = [
    LayerExample(InstanceNorm(), [[2, 3, 3]]), LayerExample(InstanceNorm(isAffine: true), [[3, 4]]),
  ]

  var channels: Int?
  var epsilon = 1e-5
  var isAffine = false

  func place(at site: LayerSite) -> Architecture.Node? {
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
