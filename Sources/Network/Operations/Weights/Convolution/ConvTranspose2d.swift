import JSON
import Tensor

/// `torch.nn.ConvTranspose2d`: the transpose of a convolution. Every value spreads over a window of the
/// output, which is (H − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1 rows high.
public struct ConvTranspose2d: LayerKind {
  public static let type = "conv_transpose2d"
  public static let standard = ConvTranspose2d(outChannels: 1, kernel: [1, 1])
  public static let fields = Fields<Self>([
    .required("out_channels", \.outChannels, .size, "The channels that it gives."),
    .required("kernel_size", \.kernel, .pair(windows.kernelSizes), "Rows and columns."),
    .member("stride", \.stride, .steps(windows.strides), "Steps of the window over the output."),
    .member("padding", \.padding, .steps(windows.paddings), "Cells that are cut off on each side."),
    .member(
      "output_padding", \.outputPadding, .steps(windows.paddings),
      "More rows and columns at the end. Less than the stride or the dilation."),
    .member("dilation", \.dilation, .steps(windows.dilations), "Steps between the taps of the window."),
    .integer("groups", \.groups, 1...(1 << 30), "Groups of channels, each with a convolution of its own."),
    .given("in_channels", \.inChannels, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether a bias is added."),
  ])
  public static let examples = [
    LayerExample(ConvTranspose2d(outChannels: 3, kernel: [3, 2]), [[2, 3, 4]]),
    LayerExample(
      ConvTranspose2d(
        outChannels: 4, kernel: [3, 3], stride: [2, 3], padding: [1, 0], outputPadding: [1, 2], groups: 2),
      [[6, 2, 3]]),
    LayerExample(
      ConvTranspose2d(outChannels: 3, kernel: [2, 3], stride: [2, 1], dilation: [3, 2], bias: false),
      [[2, 2, 2]]),
    LayerExample(
      ConvTranspose2d(outChannels: 9, kernel: [3, 4], stride: [2, 2], padding: [1, 1], groups: 9),
      [[9, 2, 3]]),
  ]
  public static let windows = WindowRanges.convolutions

  public var outChannels: Int
  /// Rows and columns, here and below.
  public var kernel: [Int]
  public var stride = [1, 1]
  public var padding = [0, 0]
  public var outputPadding = [0, 0]
  public var dilation = [1, 1]
  public var groups = 1
  /// Must agree with the layer before. nil takes its channels.
  public var inChannels: Int?
  public var bias = true

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (site, input) = site.picture(),
      site.checkChannels(input.channels, given: inChannels, output: outChannels, groups: groups)
    else { return nil }
    let options = WindowOptions(
      axes: 2, kernel: kernel, stride: stride, padding: .places(padding), dilation: dilation)
    return site.spreadingTaps(over: input, options, extra: outputPadding, in: Self.windows).flatMap {
      site.convolution(
        $0, inputChannels: input.channels, channels: outChannels, groups: groups, kernel: options.kernel,
        bias: bias)
    }
  }
}
