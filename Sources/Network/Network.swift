import Tensor

/// A network ready to compute in one precision: its architecture as layers with their passes.
///
/// It holds no parameters; every pass is given them.
public final class Network<Element: Scalar>: Sendable {
  public let architecture: Architecture
  let root: Chain<Element>

  public init(_ architecture: Architecture) {
    self.architecture = architecture
    root = Self.chain(architecture.nodes, input: architecture.input)
  }

  public var layout: ParameterLayout { architecture.layout }

  /// Samples in a shard: the unit of parallel work and of fixed-order sums. It depends on the network alone, never
  /// on the batch or the number of threads. A shard of 64 keeps the values of small networks in the cache; of larger
  /// ones 32 samples give deep layers, which have few positions, enough rows for each pass over their weights.
  public var shardSize: Int {
    let values = architecture.valuesPerSample
    if values <= 512 { return 256 }
    if 64 * values <= 1 << 22 { return 64 }
    var size = 32
    while size > 8, size * values > 1 << 26 { size /= 2 }
    return size
  }

  private static func chain(_ nodes: [Architecture.Node], input: Shape) -> Chain<Element> {
    var stages: [Chain<Element>.Stage] = []
    func activate(_ activation: Activation) {
      if let last = stages.last, last.activation == .identity {
        stages[stages.count - 1].activation = activation
      } else {
        let shape = stages.last?.layer.output ?? input
        stages.append(.init(layer: Rearrangement<Element>.identity(shape), activation: activation))
      }
    }
    for node in nodes {
      switch node {
      case .relu: activate(.relu)
      case .tanh: activate(.tanh)
      // A vector, and a picture of one channel, lie in memory as PyTorch flattens them.
      case .flatten(let shape) where shape.channels == 1 || shape.positions == 1: break
      default: stages.append(.init(layer: layer(node), activation: .identity))
      }
    }
    if stages.isEmpty {
      stages.append(.init(layer: Rearrangement<Element>.identity(input), activation: .identity))
    }
    return Chain(input: input, stages: stages)
  }

  private static func layer(_ node: Architecture.Node) -> any Layer<Element> {
    switch node {
    case .linear(let input, let output, let weights, let bias):
      return Linear<Element>(input: input, output: output, weights: weights, bias: bias)
    case .convolution(let input, let kernel, let stride, let padding, let output, let weights, let bias):
      return Convolution<Element>(
        window: window(input, kernel, stride, padding), output: output, weights: weights, bias: bias)
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
      return Residual<Element>(
        main: chain(main, input: input), shortcut: shortcut.map { chain($0, input: input) })
    case .relu, .tanh: preconditionFailure("Activations belong to the stage before them.")
    }
  }

  private static func window(_ input: Shape, _ kernel: [Int], _ stride: Int, _ padding: Int) -> Window {
    guard
      let window = Window(
        input: input, kernelHeight: kernel[0], kernelWidth: kernel[1], stride: stride, padding: padding)
    else { preconditionFailure("The architecture has checked that the window fits.") }
    return window
  }
}

extension Architecture {
  /// Values that the layers hand on for one sample.
  public var valuesPerSample: Int { input.count + Self.values(nodes) }

  static func values(_ nodes: [Node]) -> Int {
    nodes.reduce(0) { sum, node in
      switch node {
      case .linear(_, let output, _, _), .convolution(_, _, _, _, let output, _, _),
        .adaptiveAveragePool(_, let output):
        return sum + output.count
      case .batchNormalization(let shape, _, _), .dropout(let shape, _, _), .flatten(let shape):
        return sum + shape.count
      case .maxPool(let input, _, let stride, _), .averagePool(let input, _, let stride, _):
        return sum + input.count / (stride * stride)
      case .residual(let input, let main, let shortcut):
        return sum + values(main) + values(shortcut ?? []) + input.count
      case .relu, .tanh: return sum
      }
    }
  }
}
