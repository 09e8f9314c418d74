import Tensor

/// Makes layers of an architecture's nodes.
struct ChainBuilder<Element: Scalar> {
  /// Whether batch normalization right after a convolution becomes part of its weights.
  let foldsNormalization: Bool
  /// The normalizations that did.
  private(set) var folds: [NormalizationFold] = []

  init(foldsNormalization: Bool) { self.foldsNormalization = foldsNormalization }

  mutating func chain(_ nodes: [Architecture.Node], input: Shape) -> Chain<Element> {
    var stages: [Chain<Element>.Stage] = []
    var rest = nodes[...]
    while let node = rest.popFirst() {
      switch node {
      case .relu:
        // max(relu(z)) = relu(max(z)): after the pooling there is less to do and to keep.
        if case .maxPool = rest.first, let pool = rest.popFirst() {
          stages.append(.init(layer: layer(pool), activation: .identity))
        }
        activate(&stages, .relu, input)
      case .tanh: activate(&stages, .tanh, input)
      // A vector, and a picture of one channel, lie in memory as PyTorch flattens them.
      case .flatten(let shape) where shape.channels == 1 || shape.positions == 1: break
      case .convolution(let shape, let kernel, let stride, let padding, let output, let weights, let bias):
        var bias = bias
        if foldsNormalization, case .batchNormalization(_, let scale, let statistics) = rest.first {
          rest = rest.dropFirst()
          folds.append(
            NormalizationFold(
              weights: weights, bias: bias, neurons: output.channels,
              fanIn: kernel[0] * kernel[1] * shape.channels, scale: scale, statistics: statistics))
          // The bias that remains takes the place of β.
          bias = scale + output.channels
        }
        stages.append(
          .init(
            layer: Convolution<Element>(
              window: window(shape, kernel, stride, padding), output: output, weights: weights, bias: bias),
            activation: .identity))
      default: stages.append(.init(layer: layer(node), activation: .identity))
      }
    }
    if stages.isEmpty {
      stages.append(.init(layer: Rearrangement<Element>.identity(input), activation: .identity))
    }
    return Chain(input: input, stages: stages)
  }

  private func activate(_ stages: inout [Chain<Element>.Stage], _ activation: Activation, _ input: Shape) {
    if let last = stages.last, last.activation == .identity {
      stages[stages.count - 1].activation = activation
    } else {
      let shape = stages.last?.layer.output ?? input
      stages.append(.init(layer: Rearrangement<Element>.identity(shape), activation: activation))
    }
  }

  private mutating func layer(_ node: Architecture.Node) -> any Layer<Element> {
    switch node {
    case .linear(let input, let output, let weights, let bias):
      return Linear<Element>(input: input, output: output, weights: weights, bias: bias)
    case .batchNormalization(let input, let scale, let statistics):
      return BatchNormalization<Element>(input: input, scale: scale, statistics: statistics)
    case .maxPool(let input, let kernel, let stride, let padding):
      let window = window(input, kernel, stride, padding)
      return MaxPool<Element>(
        window: window,
        output: Shape(height: window.outputHeight, width: window.outputWidth, channels: input.channels))
    case .averagePool(let input, let kernel, let stride, let padding):
      return AveragePool<Element>(window: window(input, kernel, stride, padding))
    case .adaptiveAveragePool(let input, let output):
      return AveragePool<Element>(input: input, outputHeight: output.height, outputWidth: output.width)
    case .flatten(let input): return Rearrangement<Element>.flatten(input)
    case .dropout(let input, let p, let index):
      return Dropout<Element>(input: input, probability: p, index: index)
    case .residual(let input, let main, let shortcut):
      let main = chain(main, input: input)
      return Residual<Element>(main: main, shortcut: shortcut.map { chain($0, input: input) })
    case .convolution, .relu, .tanh: preconditionFailure("The chain makes these stages itself.")
    }
  }

  private func window(_ input: Shape, _ kernel: [Int], _ stride: Int, _ padding: Int) -> Window {
    guard
      let window = Window(
        input: input, kernelHeight: kernel[0], kernelWidth: kernel[1], stride: stride, padding: padding)
    else { preconditionFailure("The architecture has checked that the window fits.") }
    return window
  }
}
