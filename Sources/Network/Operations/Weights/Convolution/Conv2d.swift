import JSON
import Tensor

/// `torch.nn.Conv2d`: a window of `kernel` (rows, columns) slides over a picture.
public struct Conv2d: LayerKind {
  public static let type = "conv2d"
  public static let standard = Conv2d(outChannels: 1, kernel: [1, 1])
  public static let fields = Fields<Self>([
    .required("out_channels", \.outChannels, .size, "The channels that it gives."),
    .required("kernel_size", \.kernel, .pair(windows.kernelSizes), "Rows and columns."),
    .member("stride", \.stride, .steps(windows.strides), "Steps of the window."),
    .member(
      "padding", \.padding, .padding(.steps(windows.paddings)),
      "Places on each side. `valid` has none, `same` keeps rows and columns."),
    .added("dilation", \.dilation, .steps(windows.dilations), "Steps between the taps of the window."),
    .added(
      "groups", \.groups, .size, "Groups of channels, each with a convolution of its own."),
    .added(
      "padding_mode", \.paddingMode, .choice,
      "What lies there: `zeros`, the mirrored neighbours (`reflect`), the last place (`replicate`), or the other "
        + "end (`circular`)."),
    .given("in_channels", \.inChannels, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether a bias is added."),
  ])
  public static let windows = WindowRanges.convolutions

  public var outChannels: Int
  /// Rows and columns, here and below.
  public var kernel: [Int]
  public var stride: [Int]
  public var padding: WindowPadding
  public var dilation: [Int]
  public var groups: Int
  /// Must agree with the layer before. nil takes its channels.
  public var inChannels: Int?
  public var bias: Bool
  var paddingMode = PaddingMode.zeros

  public init(
    outChannels: Int, kernel: [Int], stride: [Int] = [1, 1], padding: WindowPadding = .places([0, 0]),
    dilation: [Int] = [1, 1], groups: Int = 1, inChannels: Int? = nil, bias: Bool = true
  ) {
    self.outChannels = outChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.inChannels = inChannels
    self.bias = bias
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (site, input) = site.picture(),
      site.checkChannels(input.channels, given: inChannels, output: outChannels, groups: groups)
    else { return nil }
    let options = WindowOptions(
      axes: 2, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    return site.bordered(input, options, paddingMode, in: Self.windows).flatMap { site, input, options in
      site.taps(over: input, options, in: Self.windows).flatMap {
        site.convolution(
          $0, inputChannels: input.channels, channels: outChannels, groups: groups, kernel: options.kernel,
          bias: bias)
      }
    }
  }
}

extension Conv2d {
  public static let examples = [
    LayerExample(Conv2d(outChannels: 3, kernel: [3, 3], padding: .places([1, 1])), [[2, 5, 4]]),
    LayerExample(Conv2d(outChannels: 3, kernel: [2, 3], stride: [2, 2], bias: false), [[2, 5, 6]]),
    LayerExample(Conv2d(outChannels: 3, kernel: [1, 1]), [[2, 3, 3]]),
    // One group with a window that is not plain.
    LayerExample(Conv2d(outChannels: 3, kernel: [2, 3], padding: .same, dilation: [2, 1]), [[2, 5, 4]]),
    LayerExample(
      Conv2d(outChannels: 2, kernel: [3, 2], stride: [2, 1], padding: .places([1, 0])), [[2, 5, 4]]),
    // Groups, pointwise too.
    LayerExample(
      Conv2d(
        outChannels: 4, kernel: [3, 3], stride: [2, 1], padding: .places([2, 1]), dilation: [2, 1],
        groups: 2), [[4, 5, 4]]),
    LayerExample(Conv2d(outChannels: 6, kernel: [1, 1], groups: 3, bias: false), [[3, 2, 3]]),
    // A kernel for each channel: few channels, and more than a vector of them. Rows of 7 have tiles of all
    // sizes.
    LayerExample(
      Conv2d(outChannels: 3, kernel: [3, 3], padding: .places([1, 1]), groups: 3), [[3, 4, 7]]),
    LayerExample(
      Conv2d(outChannels: 11, kernel: [2, 5], padding: .same, groups: 11, bias: false), [[11, 2, 7]]),
    LayerExample(
      Conv2d(
        outChannels: 9, kernel: [3, 3], stride: [2, 2], padding: .places([1, 1]), dilation: [1, 2],
        groups: 9), [[9, 3, 6]]),
    bordered(.reflect, padding: .places([2, 1])), bordered(.replicate, padding: .same),
    bordered(.circular, padding: .places([1, 3])),
  ]

  private static func bordered(_ mode: PaddingMode, padding: WindowPadding) -> LayerExample {
    var kind = Conv2d(outChannels: 3, kernel: [3, 2], padding: padding)
    kind.paddingMode = mode
    return LayerExample(kind, [[2, 4, 3]])
  }
}

extension LayerDescription {
  /// A convolution with the same stride, padding and dilation along rows and columns.
  public static func conv2d(
    outChannels: Int, kernel: [Int], stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, inChannels: Int? = nil, bias: Bool = true
  ) -> LayerDescription {
    LayerDescription(
      Conv2d(
        outChannels: outChannels, kernel: kernel, stride: [stride, stride],
        padding: .places([padding, padding]), dilation: [dilation, dilation], groups: groups,
        inChannels: inChannels, bias: bias))
  }
}
