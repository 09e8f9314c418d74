import Tensor

/// Follows shapes through layers, gives every tensor its place, and collects faults.
struct ArchitectureBuilder {
  typealias Node = Architecture.Node

  var layout = ParameterLayout()
  var rows: [Architecture.Row] = []
  var faults: [ArchitectureFaults.Fault] = []
  private var dropouts = 0

  mutating func fault(_ path: [String], _ detail: String) { faults.append(.init(path: path, detail: detail)) }

  /// The nodes of `layers` and the shape they end in. After a fault the shape is a guess, so that later layers
  /// are still checked as far as that makes sense.
  mutating func follow(_ layers: [NamedLayer], from input: Shape, path: [String]) -> ([Node], Shape) {
    var shape = input
    var nodes: [Node] = []
    for (index, named) in layers.enumerated() {
      let before = faults.count
      let count = layout.parameterCount
      guard let (node, output) = node(named, shape, path + ["\(index)"]) else {
        // What follows would only repeat this fault in other words.
        if faults.count > before { return (nodes, shape) }
        continue
      }
      nodes.append(node)
      shape = output
      if case .residual = named.layer {
      } else {
        rows.append(
          .init(
            name: named.name, type: named.layer.type, output: output.dimensions,
            parameters: layout.parameterCount - count))
      }
    }
    return (nodes, shape)
  }

  private mutating func node(
    _ named: NamedLayer, _ input: Shape, _ path: [String]
  ) -> (Node, Shape)? {
    switch named.layer {
    case .linear(let out, let given, let bias): return linear(named.name, input, out, given, bias, path)
    case .conv2d(let out, let kernel, let stride, let padding, let given, let bias):
      if let given, given != input.channels {
        fault(
          path + ["in_channels"], "must be \(input.channels), the channels of the layer before, got \(given)")
        return nil
      }
      return convolution(named.name, input, out, kernel, stride, padding, bias, path)
    case .batchNorm2d(let features):
      if let features, features != input.channels {
        fault(
          path + ["num_features"],
          "must be \(input.channels), the channels of the layer before, got \(features)")
        return nil
      }
      return batchNormalization(named.name, input)
    case .relu: return (.relu, input)
    case .tanh: return (.tanh, input)
    case .maxPool2d(let kernel, let stride, let padding):
      guard let output = pooled(input, kernel, stride, padding, path) else { return nil }
      return (
        .maxPool(input: input, kernel: kernel, stride: stride ?? kernel[0], padding: padding), output
      )
    case .avgPool2d(let kernel, let stride, let padding):
      guard let output = pooled(input, kernel, stride, padding, path) else { return nil }
      return (
        .averagePool(input: input, kernel: kernel, stride: stride ?? kernel[0], padding: padding), output
      )
    case .adaptiveAvgPool2d(let h, let w):
      return adaptivePool(input, h, w, path + ["output_size"])
    case .flatten: return (.flatten(input: input), Shape(features: input.count))
    case .dropout(let p):
      guard p >= 0, p < 1 else {
        fault(path + ["p"], "must be at least 0 and less than 1, got \(p)")
        return nil
      }
      dropouts += 1
      return (.dropout(input: input, p: p, index: dropouts), input)
    case .residual(let layers, let shortcut): return residual(input, layers, shortcut, path)
    }
  }

  // MARK: Layers with parameters

  private mutating func linear(
    _ name: String, _ input: Shape, _ out: Int, _ given: Int?, _ bias: Bool, _ path: [String]
  ) -> (Node, Shape)? {
    guard input.isVector else {
      fault(path, "linear needs a vector, but the layer before gives \(input): put a flatten before it")
      return nil
    }
    if let given, given != input.count {
      fault(path + ["in_features"], "must be \(input.count), the features of the layer before, got \(given)")
      return nil
    }
    guard hasRoom(rows: out, columns: input.count, values: out, path + ["out_features"]) else { return nil }
    let offsets = addWeights(name, [out, input.count], .linear, fanIn: input.count, bias: bias, positions: 1)
    let output = Shape(features: out)
    return (.linear(input: input, output: output, weights: offsets.weights, bias: offsets.bias), output)
  }

  private mutating func convolution(
    _ name: String, _ input: Shape, _ out: Int, _ kernel: [Int], _ stride: Int, _ padding: Int, _ bias: Bool,
    _ path: [String]
  ) -> (Node, Shape)? {
    guard let window = window(input, kernel, stride, padding, path) else { return nil }
    let (values, overflow) = out.multipliedReportingOverflow(by: window.positions)
    guard
      hasRoom(rows: out, columns: window.columns, values: overflow ? .max : values, path + ["out_channels"])
    else { return nil }
    let offsets = addWeights(
      name, [out, input.channels, kernel[0], kernel[1]], .convolution, fanIn: window.columns, bias: bias,
      positions: window.positions)
    let output = Shape(height: window.outputHeight, width: window.outputWidth, channels: out)
    return (
      .convolution(
        input: input, kernel: kernel, stride: stride, padding: padding, output: output,
        weights: offsets.weights,
        bias: offsets.bias), output
    )
  }

  private mutating func batchNormalization(_ name: String, _ input: Shape) -> (Node, Shape) {
    let channels = input.channels
    let scale = layout.parameterCount
    let statistics = layout.statisticCount
    add(name + ".weight", [channels], .scale, at: scale)
    add(name + ".bias", [channels], .shift, at: scale + channels)
    add(name + ".running_mean", [channels], .runningMean, at: statistics)
    add(name + ".running_var", [channels], .runningVariance, at: statistics + channels)
    add(name + ".num_batches_tracked", [], .batchesTracked, at: layout.counterCount)
    layout.parameterCount += 2 * channels
    layout.statisticCount += 2 * channels
    layout.counterCount += 1
    return (.batchNormalization(input: input, scale: scale, statistics: statistics), input)
  }

  private mutating func residual(
    _ input: Shape, _ layers: [NamedLayer], _ shortcut: [NamedLayer]?, _ path: [String]
  ) -> (Node, Shape)? {
    let before = faults.count
    if layers.isEmpty { fault(path + ["layers"], "must have at least one layer") }
    let (main, output) = follow(layers, from: input, path: path + ["layers"])
    let branch = shortcut.map { follow($0, from: input, path: path + ["shortcut"]) }
    guard faults.count == before else { return nil }
    let other = branch?.1 ?? input
    guard other == output else {
      fault(
        path,
        "the two branches must end in one shape, but layers gives \(output) and "
          + (shortcut == nil ? "the input is \(other): add a shortcut" : "shortcut gives \(other)"))
      return nil
    }
    return (.residual(input: input, main: main, shortcut: branch?.0), output)
  }

  private mutating func addWeights(
    _ name: String, _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int, bias: Bool, positions: Int
  ) -> (weights: Int, bias: Int?) {
    let weights = layout.parameterCount
    add(name + ".weight", shape, kind, at: weights, fanIn: fanIn)
    layout.parameterCount += shape[0] * fanIn
    var offset: Int?
    if bias {
      offset = layout.parameterCount
      add(name + ".bias", [shape[0]], .bias, at: layout.parameterCount, fanIn: fanIn)
      layout.parameterCount += shape[0]
    }
    layout.neuronLayers.append(
      NeuronLayer(
        name: name, weights: weights, bias: offset, neurons: shape[0], fanIn: fanIn, positions: positions))
    return (weights, offset)
  }

  private mutating func add(
    _ name: String, _ shape: [Int], _ kind: ParameterTensor.Kind, at offset: Int, fanIn: Int = 0
  ) {
    layout.tensors.append(ParameterTensor(name: name, shape: shape, kind: kind, offset: offset, fanIn: fanIn))
  }

  // MARK: Checks

  private mutating func hasRoom(rows: Int, columns: Int, values: Int, _ path: [String]) -> Bool {
    let limits = Architecture.limits
    guard rows >= 1 else {
      fault(path, "must be at least 1, got \(rows)")
      return false
    }
    let (product, overflow) = (rows).multipliedReportingOverflow(by: columns + 1)
    guard !overflow, product <= limits.parameters - layout.parameterCount else {
      fault(path, "makes the network larger than \(limits.parameters) parameters")
      return false
    }
    guard values <= limits.values else {
      fault(path, "makes the layer larger than \(limits.values) values a sample")
      return false
    }
    return true
  }

  private mutating func window(
    _ input: Shape, _ kernel: [Int], _ stride: Int, _ padding: Int, _ path: [String]
  ) -> Window? {
    guard kernel.count == 2, kernel.allSatisfy({ (1...1024).contains($0) }) else {
      fault(path + ["kernel_size"], "must be one number or two, each from 1 to 1024")
      return nil
    }
    guard (1...1024).contains(stride) else {
      fault(path + ["stride"], "must be from 1 to 1024, got \(stride)")
      return nil
    }
    guard (0...1024).contains(padding) else {
      fault(path + ["padding"], "must be from 0 to 1024, got \(padding)")
      return nil
    }
    guard
      let window = Window(
        input: input, kernelHeight: kernel[0], kernelWidth: kernel[1], stride: stride, padding: padding)
    else {
      fault(
        path + ["kernel_size"],
        "the window \(kernel[0])×\(kernel[1]) with padding \(padding) does not fit into \(input.height)×\(input.width)"
      )
      return nil
    }
    return window
  }

  /// More outputs than inputs are allowed, as in PyTorch: then windows overlap, and some values are repeated.
  private mutating func adaptivePool(
    _ input: Shape, _ height: Int, _ width: Int, _ path: [String]
  ) -> (Node, Shape)? {
    guard (1...4096).contains(height), (1...4096).contains(width) else {
      fault(path, "must be one number or two, each from 1 to 4096, got \(height)×\(width)")
      return nil
    }
    let output = Shape(height: height, width: width, channels: input.channels)
    guard output.count <= Architecture.limits.values else {
      fault(path, "makes the layer larger than \(Architecture.limits.values) values a sample")
      return nil
    }
    return (.adaptiveAveragePool(input: input, output: output), output)
  }

  private mutating func pooled(
    _ input: Shape, _ kernel: [Int], _ stride: Int?, _ padding: Int, _ path: [String]
  ) -> Shape? {
    guard kernel.count == 2, kernel.allSatisfy({ (1...15).contains($0) }) else {
      fault(path + ["kernel_size"], "must be one number or two, each from 1 to 15")
      return nil
    }
    guard (0...min(kernel[0], kernel[1]) / 2).contains(padding) else {
      fault(path + ["padding"], "must be from 0 to half the kernel, got \(padding)")
      return nil
    }
    guard let window = window(input, kernel, stride ?? kernel[0], padding, path) else { return nil }
    return Shape(height: window.outputHeight, width: window.outputWidth, channels: input.channels)
  }
}
