import Tensor

/// A convolution in its place in a network: `conv1d`, `conv2d` and `conv_transpose2d`.
struct PlacedConvolution: PlacedLayer {
  /// From the input to the output.
  let taps: Taps
  let inputChannels: Int
  let outputChannels: Int
  let groups: Int
  let value: ValueShape
  var weights: Int
  var bias: Int?
  /// Whether the passes take no transform of the weights.
  var readsPlainWeights = false

  /// Weights of an output channel.
  var fanIn: Int { taps.count * (inputChannels / groups) }

  /// For a plain convolution, its window.
  private var window: Window? { groups == 1 ? taps.window(channels: inputChannels) : nil }

  /// Whether passes can run over some output channels alone.
  var isNarrowable: Bool { window != nil }

  var multiplyAdds: Int {
    // Each place of the picture that has no padding meets every tap.
    (taps.rows.spreads ? taps.sources : taps.targets) * outputChannels * fanIn
  }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    if let window {
      return .init(
        ConvolutionLayer<Element>(
          window: window, output: taps.target(channels: outputChannels), weights: weights, bias: bias,
          transforms: !readsPlainWeights))
    }
    if groups == inputChannels, groups == outputChannels {
      return .init(
        DepthwiseLayer<Element>(taps: taps, channels: groups, weights: weights, bias: bias))
    }
    return .init(
      GroupedConvolutionLayer<Element>(
        taps: taps, groups: groups, inputChannels: inputChannels, outputChannels: outputChannels,
        weights: weights, bias: bias))
  }
}

extension LayerSite {
  /// The channels of the input, if the options for channels agree with them; nil after a fault.
  func checkChannels(_ input: Int, given: Int?, output: Int, groups: Int) -> Bool {
    if let given, given != input {
      addFault("must be \(input), the channels of the layer before, got \(given)", at: "in_channels")
    } else if groups < 1 || input % groups != 0 {
      addFault("must divide the \(input) channels of the layer before, got \(groups)", at: "groups")
    } else if output % groups != 0 {
      addFault("must be a multiple of groups, \(groups), got \(output)", at: "out_channels")
    } else {
      return true
    }
    return false
  }

  /// The node of a convolution whose options are checked. Its tensors get their places. nil after a fault.
  /// - Parameters:
  ///   - channels: of the output.
  ///   - kernel: the last dimensions of the weights.
  func convolution(
    _ taps: Taps, inputChannels: Int, channels: Int, groups: Int, kernel: [Int], bias: Bool
  ) -> Architecture.Node? {
    let group = inputChannels / groups
    let fanIn = taps.count * group
    let (values, overflow) = channels.multipliedReportingOverflow(by: taps.targets)
    guard hasRoom(rows: channels, columns: fanIn, values: overflow ? .max : values, at: "out_channels")
    else { return nil }
    let output = taps.target(channels: channels)
    var placed = PlacedConvolution(
      taps: taps, inputChannels: inputChannels, outputChannels: channels, groups: groups,
      value: kernel.count == 1
        ? ValueShape([channels, output.width], order: ValueShape.channelsLast(2))
        : ValueShape(picture: output), weights: 0, bias: nil)
    let transposed = taps.rows.spreads
    let tensors = addWeights(
      transposed ? [inputChannels, channels / groups] + kernel : [channels, group] + kernel,
      transposed ? .transposedConvolution(groups: groups) : .convolution,
      // PyTorch counts the second dimension of the weights as inputs, also where it is not.
      fanIn: transposed ? taps.count * (channels / groups) : fanIn, neurons: channels, bias: bias,
      positions: taps.targets, isNarrowable: placed.isNarrowable)
    (placed.weights, placed.bias) = tensors
    return node(placed)
  }
}
