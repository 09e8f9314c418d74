import JSON
import Tensor

/// `torch.nn.Conv1d`: a window slides over a sequence (channels, length).
public struct Conv1d: LayerKind {
  public static let type = "conv1d"
  public static let standard = Conv1d(outChannels: 1, kernel: [1])
  public static let fields = Fields<Self>([
    .required("out_channels", \.outChannels, .size, "The channels that it gives."),
    .required("kernel_size", \.kernel, .single(windows.kernelSizes), "Places."),
    .member("stride", \.stride, .single(windows.strides), "Steps of the window."),
    .member(
      "padding", \.padding, .padding(.single(windows.paddings)),
      "Places on each side. `valid` has none, `same` keeps the length."),
    .member("dilation", \.dilation, .single(windows.dilations), "Steps between the taps of the window."),
    .integer("groups", \.groups, 1...(1 << 30), "Groups of channels, each with a convolution of its own."),
    .added(
      "padding_mode", \.paddingMode, .choice,
      "What lies there: `zeros`, the mirrored neighbours (`reflect`), the last place (`replicate`), or the other "
        + "end (`circular`)."),
    .given("in_channels", \.inChannels, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether a bias is added."),
  ])
  public static let examples = [
    LayerExample(Conv1d(outChannels: 3, kernel: [3]), [[2, 7]]),
    LayerExample(Conv1d(outChannels: 3, kernel: [3], stride: [2], padding: .places([2])), [[2, 7]]),
    LayerExample(
      Conv1d(outChannels: 4, kernel: [2], padding: .same, dilation: [3], groups: 2, bias: false), [[4, 6]]),
    LayerExample(Conv1d(outChannels: 5, kernel: [3], padding: .same, groups: 5), [[5, 6]]),
    bordered(.circular),
  ]
  public static let windows = WindowRanges.convolutions

  public var outChannels: Int
  public var kernel: [Int]
  public var stride = [1]
  public var padding = WindowPadding.places([0])
  public var dilation = [1]
  public var groups = 1
  /// Must agree with the layer before. nil takes its channels.
  public var inChannels: Int?
  public var bias = true
  var paddingMode = PaddingMode.zeros

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (site, input) = site.sequence(),
      site.checkChannels(input.channels, given: inChannels, output: outChannels, groups: groups)
    else { return nil }
    let options = WindowOptions(
      axes: 1, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    return site.bordered(input, options, paddingMode, in: Self.windows).flatMap { site, input, options in
      site.taps(over: input, options, in: Self.windows).flatMap {
        site.convolution(
          $0, inputChannels: input.channels, channels: outChannels, groups: groups, kernel: options.kernel,
          bias: bias)
      }
    }
  }

  private static func bordered(_ mode: PaddingMode) -> LayerExample {
    var kind = Conv1d(outChannels: 3, kernel: [3], padding: .places([2]))
    kind.paddingMode = mode
    return LayerExample(kind, [[2, 5]])
  }
}
