import Network

/// Layers in requests: objects with a `type` and PyTorch's names for the rest.
enum LayerReading {
  private enum LayerType: String, CaseIterable {
    case linear, conv2d, relu, tanh, flatten, dropout, residual
    case batchNorm2d = "batch_norm2d"
    case maxPool2d = "max_pool2d"
    case avgPool2d = "avg_pool2d"
    case adaptiveAvgPool2d = "adaptive_avg_pool2d"
  }

  /// Reads a list of layers, named as `torch.nn.Sequential` counts them; nil where there is a fault.
  static func list(_ reader: FieldReader, _ name: String, prefix: String) -> [NamedLayer]? {
    let before = reader.faults.list.count
    var index = -1
    let layers = reader.list(name, maximumCount: ArchitectureChoice.mostLayers) {
      value, pointer -> NamedLayer? in
      index += 1
      let layerName = "\(prefix)\(index)"
      return layer(FieldReader(value, at: pointer, faults: reader.faults), layerName).map {
        NamedLayer(layerName, $0)
      }
    }
    return reader.faults.list.count == before ? layers : nil
  }

  private static func layer(_ reader: FieldReader, _ name: String) -> LayerDescription? {
    guard reader.requiredValue("type") != nil, let type = reader.choice("type", LayerType.self) else {
      return nil
    }
    defer { reader.finish() }
    switch type {
    case .linear:
      return .linear(
        outFeatures: reader.requiredInteger("out_features", in: 1...1_000_000),
        inFeatures: reader.integer("in_features", in: 1...Int(Int32.max)),
        bias: reader.flag("bias", default: true))
    case .conv2d:
      let kernel = size(reader, "kernel_size", required: true)
      return .conv2d(
        outChannels: reader.requiredInteger("out_channels", in: 1...1_000_000), kernel: kernel ?? [1, 1],
        stride: reader.integer("stride", in: 1...1024, default: 1),
        padding: reader.integer("padding", in: 0...1024, default: 0),
        inChannels: reader.integer("in_channels", in: 1...Int(Int32.max)),
        bias: reader.flag("bias", default: true))
    case .batchNorm2d: return .batchNorm2d(features: reader.integer("num_features", in: 1...Int(Int32.max)))
    case .relu: return .relu
    case .tanh: return .tanh
    case .flatten: return .flatten
    case .dropout: return .dropout(p: reader.number("p", .properShare, default: 0.5))
    case .maxPool2d, .avgPool2d:
      let kernel = size(reader, "kernel_size", required: true) ?? [1, 1]
      let stride = reader.integer("stride", in: 1...1024)
      let padding = reader.integer("padding", in: 0...1024, default: 0)
      return type == .maxPool2d
        ? .maxPool2d(kernel: kernel, stride: stride, padding: padding)
        : .avgPool2d(kernel: kernel, stride: stride, padding: padding)
    case .adaptiveAvgPool2d:
      let output = size(reader, "output_size", required: true) ?? [1, 1]
      return .adaptiveAvgPool2d(outputHeight: output[0], outputWidth: output[1])
    case .residual:
      guard reader.requiredValue("layers") != nil else { return nil }
      let layers = list(reader, "layers", prefix: name + ".layers.")
      let shortcut = reader.has("shortcut") ? list(reader, "shortcut", prefix: name + ".shortcut.") : nil
      return layers.map { .residual(layers: $0, shortcut: shortcut) }
    }
  }

  /// One number for both sides, or a list of two.
  private static func size(_ reader: FieldReader, _ name: String, required: Bool) -> [Int]? {
    guard let value = required ? reader.requiredValue(name) : reader.value(name) else { return nil }
    if value.doubleValue != nil { return reader.integer(name, in: 1...1024).map { [$0, $0] } }
    guard value.arrayValue?.count == 2 else {
      reader.fault(name, "must be an integer or a list of two, got \(FieldReader.brief(value))")
      return nil
    }
    let sides = reader.list(name, maximumCount: 2) {
      FieldReader.integer($0, in: 1...1024, at: $1, reader.faults)
    }
    return sides?.count == 2 ? sides : nil
  }

  /// The layer as a request writes it.
  static func json(_ layer: LayerDescription) -> JSONValue {
    var object: JSONObject = ["type": .string(layer.type)]
    switch layer {
    case .linear(let out, let given, let bias):
      object["out_features"] = JSONValue(out)
      if let given { object["in_features"] = JSONValue(given) }
      object["bias"] = .bool(bias)
    case .conv2d(let out, let kernel, let stride, let padding, let given, let bias):
      object["out_channels"] = JSONValue(out)
      if let given { object["in_channels"] = JSONValue(given) }
      object["kernel_size"] = JSONValue(kernel)
      object["stride"] = JSONValue(stride)
      object["padding"] = JSONValue(padding)
      object["bias"] = .bool(bias)
    case .batchNorm2d(let features): if let features { object["num_features"] = JSONValue(features) }
    case .maxPool2d(let kernel, let stride, let padding), .avgPool2d(let kernel, let stride, let padding):
      object["kernel_size"] = JSONValue(kernel)
      object["stride"] = JSONValue(stride ?? kernel[0])
      object["padding"] = JSONValue(padding)
    case .adaptiveAvgPool2d(let height, let width): object["output_size"] = JSONValue([height, width])
    case .dropout(let p): object["p"] = .number(p)
    case .residual(let layers, let shortcut):
      object["layers"] = .array(layers.map { json($0.layer) })
      if let shortcut { object["shortcut"] = .array(shortcut.map { json($0.layer) }) }
    case .relu, .tanh, .flatten: break
    }
    return .object(object)
  }
}
