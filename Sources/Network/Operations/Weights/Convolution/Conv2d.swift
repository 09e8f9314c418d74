import JSON
import Tensor

/// `torch.nn.Conv2d` with zero padding: a window of `kernel` (rows, columns) slides over a picture.
public struct Conv2d: LayerKind {
  public static let type = "conv2d"
  public static let standard = Conv2d(outChannels: 1, kernel: [1, 1])
  public static let fields = Fields<Self>([
    .required("out_channels", \.outChannels, .size, "The channels that it gives."),
    .required("kernel_size", \.kernel, .pair(windows.kernelSizes), "Rows and columns."),
    .integer("stride", \.stride, windows.strides, "Steps of the window."),
    .integer("padding", \.padding, windows.paddings, "Zeros on each side."),
    .given("in_channels", \.inChannels, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether a bias is added."),
  ])
  public static let examples = [
    LayerExample(Conv2d(outChannels: 3, kernel: [3, 3], padding: 1), [[2, 5, 4]]),
    LayerExample(Conv2d(outChannels: 3, kernel: [2, 3], stride: 2, bias: false), [[2, 5, 6]]),
    LayerExample(Conv2d(outChannels: 3, kernel: [1, 1]), [[2, 3, 3]]),
  ]
  public static let windows = WindowRanges(kernelSizes: 1...1024, strides: 1...1024, paddings: 0...1024)

  public var outChannels: Int
  /// Rows and columns.
  public var kernel: [Int]
  public var stride: Int
  public var padding: Int
  /// Must agree with the layer before. nil takes its channels.
  public var inChannels: Int?
  public var bias: Bool

  public init(
    outChannels: Int, kernel: [Int], stride: Int = 1, padding: Int = 0, inChannels: Int? = nil,
    bias: Bool = true
  ) {
    self.outChannels = outChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.inChannels = inChannels
    self.bias = bias
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard let (site, input) = site.picture() else { return nil }
    if let inChannels, inChannels != input.channels {
      return site.fault(
        "must be \(input.channels), the channels of the layer before, got \(inChannels)", at: "in_channels")
    }
    guard let window = site.window(over: input, kernel, stride: stride, padding: padding, in: Self.windows)
    else {
      return nil
    }
    let (values, overflow) = outChannels.multipliedReportingOverflow(by: window.positions)
    guard
      site.hasRoom(
        rows: outChannels, columns: window.columns, values: overflow ? .max : values, at: "out_channels")
    else { return nil }
    let (weights, offset) = site.addWeights(
      [outChannels, input.channels, kernel[0], kernel[1]], .convolution, fanIn: window.columns, bias: bias,
      positions: window.positions)
    let output = Shape(height: window.outputHeight, width: window.outputWidth, channels: outChannels)
    return site.node(Placed(options: self, input: input, output: output, weights: weights, bias: offset))
  }

  struct Placed: PlacedLayer {
    let options: Conv2d
    let input: Shape
    let output: Shape
    var value: ValueShape { ValueShape(picture: output) }
    let weights: Int
    var bias: Int?

    /// Weights of an output channel.
    var fanIn: Int { options.kernel[0] * options.kernel[1] * input.channels }

    var multiplyAdds: Int { output.count * fanIn }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      let window = Window.placed(
        over: input, options.kernel, stride: options.stride, padding: options.padding)
      return .init(
        ConvolutionLayer<Element>(window: window, output: output, weights: weights, bias: bias))
    }
  }
}

extension LayerDescription {
  public static func conv2d(
    outChannels: Int, kernel: [Int], stride: Int = 1, padding: Int = 0, inChannels: Int? = nil,
    bias: Bool = true
  ) -> LayerDescription {
    LayerDescription(
      Conv2d(
        outChannels: outChannels, kernel: kernel, stride: stride, padding: padding, inChannels: inChannels,
        bias: bias))
  }
}
