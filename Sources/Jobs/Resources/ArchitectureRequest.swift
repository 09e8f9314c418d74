import JSON
import Network
import Tensor

/// The `architecture` of a model as a request writes it: a name, a name with options, or a list of layers.
public struct ArchitectureRequest: Sendable {
  public enum Form: Sendable, Equatable {
    case named(NamedArchitecture)
    case layers([LayerDescription])
  }

  /// The values of a layer's `type`.
  public static var layerTypes: [String] { LayerReader.types }

  public let form: Form
  /// How many outputs the request wants; nil for as many as the loss asks for. One output for two classes makes the
  /// cross-entropy the binary logistic loss.
  public let outputs: Int?
  /// The body, defaults filled in.
  public private(set) var json: JSONValue

  /// The network for the samples of a data set and a loss.
  ///
  /// Throws `ArchitectureFaults`.
  public func architecture(
    for set: CatalogDataset, loss: LossChoice
  ) throws(ArchitectureFaults) -> Architecture {
    let usual = loss.outputs(for: set.targets)
    guard let outputs, outputs != usual else { return try architecture(input: set.shape, outputs: usual) }
    guard loss == .crossEntropy, usual == 2 else {
      throw ArchitectureFaults([
        .init(path: ["outputs"], detail: "must be \(usual): 1 is for the cross-entropy of two classes")
      ])
    }
    return try architecture(input: set.shape, outputs: outputs)
  }

  private func architecture(input: Shape, outputs: Int) throws(ArchitectureFaults) -> Architecture {
    switch form {
    case .named(let named):
      do throws(ArchitectureFaults) {
        return try Architecture(
          layers: named.layers(input: input, outputs: outputs), input: input, outputs: outputs, path: [])
      } catch {
        // A user who wrote a name has no layers to look at: one fault, at the name.
        let first = error.faults.first?.detail ?? "does not fit"
        throw ArchitectureFaults([
          .init(path: [], detail: "does not fit samples of the shape \(input): \(first)")
        ])
      }
    case .layers(let layers):
      return try Architecture(layers: NamedLayer.sequential(layers), input: input, outputs: outputs)
    }
  }

  /// Reads what `json` wrote, and keeps it as it was written. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let request = Self.read(json, at: .root, faults)
    try faults.throwIfAny()
    guard let request else { throw RequestRejection(faults: []) }
    self = request
    self.json = json
  }

  /// A name, a name with options, or a list of layers, in a request.
  static let member = JSON.Form<ArchitectureRequest>(
    schema: Schema.ref("Architecture"), words: "a name, or an object with `name` or `layers`",
    read: { ArchitectureRequest.read($0, at: $1, $2) }, write: \.json)

  init(_ form: Form, outputs: Int? = nil, _ json: JSONValue) {
    self.form = form
    self.outputs = outputs
    self.json = json
  }

  static func read(_ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults)
    -> ArchitectureRequest?
  {
    switch value {
    case .string(let name):
      return named(name, FieldReader([:], at: pointer, faults: faults), nameAt: pointer)
    case .object:
      let reader = FieldReader(value, at: pointer, faults: faults)
      switch reader.onlyOne(of: ["name", "layers"]) {
      case "name":
        guard let name = reader.text("name") else { return nil }
        return named(name, reader, nameAt: pointer.appending("name"))
      case "layers":
        let layers = LayerReader(faults: faults).layers(reader, "layers")
        reader.finish()
        return layers.map { ArchitectureRequest(.layers($0), ["layers": .array($0.map(\.json))]) }
      default: return nil
      }
    default:
      faults.add("must be a name or an object, got \(FieldReader.brief(value))", at: pointer)
      return nil
    }
  }

  private static func named(_ name: String, _ reader: FieldReader, nameAt pointer: JSONPointer)
    -> ArchitectureRequest?
  {
    guard let standard = NamedArchitecture(name: name) else {
      let names = NamedArchitecture.names
      reader.faults.add(
        "must be \(FieldReader.words(names, joinedBy: "or")), got \(FieldReader.brief(.string(name)))"
          + Spelling.suggestion(for: name, among: names), at: pointer)
      return nil
    }
    defer { reader.finish() }
    switch standard {
    case .mlp(let hidden, let activation):
      let widths =
        reader.list("hidden", maximumCount: 1000) {
          FieldReader.integer($0, in: 1...1_000_000, at: $1, reader.faults)
        } ?? hidden
      let chosen = reader.choice("activation", default: activation)
      let outputs = readOutputs(reader)
      var json: JSONObject = [
        "name": .string(name), "hidden": JSONValue(widths), "activation": .string(chosen.rawValue),
      ]
      if let outputs { json["outputs"] = JSONValue(outputs) }
      return ArchitectureRequest(
        .named(.mlp(hidden: widths, activation: chosen)), outputs: outputs, .object(json))
    case .logistic:
      guard let outputs = readOutputs(reader) else {
        return ArchitectureRequest(.named(standard), .string(name))
      }
      return ArchitectureRequest(
        .named(standard), outputs: outputs, ["name": .string(name), "outputs": JSONValue(outputs)])
    case .resnet(let depth, _):
      // Left open, the stem follows from the size of the pictures, which the model's data set fixes.
      let stem = reader.choice("stem", NamedArchitecture.Stem.self)
      return ArchitectureRequest(
        .named(.resnet(depth: depth, stem: stem)),
        ["name": .string(name), "stem": JSONValue(stem?.rawValue)])
    default:
      return ArchitectureRequest(.named(standard), .string(name))
    }
  }
}

/// Two architectures are equal if they are written alike: everything else follows from the JSON.
extension ArchitectureRequest: Hashable {
  public static func == (left: ArchitectureRequest, right: ArchitectureRequest) -> Bool {
    left.json == right.json
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

extension ArchitectureRequest {
  private static func readOutputs(_ reader: FieldReader) -> Int? {
    reader.integer("outputs", in: 1...1_000_000)
  }
}

/// Reads layers: objects with a `type` and PyTorch's names for the rest.
struct LayerReader {
  let faults: RequestFaults
  static let types = [
    "linear", "conv2d", "batch_norm2d", "relu", "tanh", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d",
    "flatten", "dropout", "residual",
  ]
  private static let size = 1...(1 << 30)
  private static let window = 1...4096

  func layers(_ reader: FieldReader, _ name: String) -> [LayerDescription]? {
    let layers = reader.list(name, maximumCount: 4096) { layer($0, at: $1) }
    if let layers, layers.isEmpty, reader.value(name)?.arrayValue?.isEmpty ?? false {
      reader.fault(name, "must have at least one layer")
    }
    return layers
  }

  private func layer(_ value: JSONValue, at pointer: JSONPointer) -> LayerDescription? {
    let reader = FieldReader(value, at: pointer, faults: faults)
    guard reader.requiredValue("type") != nil, let type = reader.text("type") else { return nil }
    guard Self.types.contains(type) else {
      reader.fault(
        "type",
        "must be \(FieldReader.words(Self.types, joinedBy: "or")), got \(FieldReader.brief(.string(type)))"
          + Spelling.suggestion(for: type, among: Self.types))
      return nil
    }
    defer { reader.finish() }
    return layer(type, reader)
  }

  private func layer(_ type: String, _ reader: FieldReader) -> LayerDescription? {
    switch type {
    case "linear":
      return .linear(
        outFeatures: reader.requiredInteger("out_features", in: Self.size),
        inFeatures: reader.integer("in_features", in: Self.size), bias: reader.flag("bias", default: true))
    case "conv2d":
      return .conv2d(
        outChannels: reader.requiredInteger("out_channels", in: Self.size),
        kernel: pair(reader, "kernel_size"), stride: reader.integer("stride", in: Self.window, default: 1),
        padding: reader.integer("padding", in: 0...4096, default: 0),
        inChannels: reader.integer("in_channels", in: Self.size), bias: reader.flag("bias", default: true))
    case "batch_norm2d": return .batchNorm2d(features: reader.integer("num_features", in: Self.size))
    case "relu": return .relu
    case "tanh": return .tanh
    case "max_pool2d":
      return .maxPool2d(
        kernel: pair(reader, "kernel_size"), stride: reader.integer("stride", in: Self.window),
        padding: reader.integer("padding", in: 0...4096, default: 0))
    case "avg_pool2d":
      return .avgPool2d(
        kernel: pair(reader, "kernel_size"), stride: reader.integer("stride", in: Self.window),
        padding: reader.integer("padding", in: 0...4096, default: 0))
    case "adaptive_avg_pool2d":
      let output = pair(reader, "output_size")
      return .adaptiveAvgPool2d(outputHeight: output[0], outputWidth: output[1])
    case "flatten": return .flatten
    case "dropout": return .dropout(p: reader.number("p", .properShare, default: 0.5))
    default:
      _ = reader.requiredValue("layers")
      let main = layers(reader, "layers") ?? []
      let shortcut = reader.has("shortcut") ? layers(reader, "shortcut") : nil
      return .residual(
        layers: NamedLayer.sequential(main, prefix: "layers."),
        shortcut: shortcut.map { NamedLayer.sequential($0, prefix: "shortcut.") })
    }
  }

  /// A number for both directions, or a list of two.
  private func pair(_ reader: FieldReader, _ name: String) -> [Int] {
    guard let value = reader.requiredValue(name) else { return [1, 1] }
    guard value.arrayValue != nil else {
      let size = reader.integer(name, in: Self.window) ?? 1
      return [size, size]
    }
    let sizes = reader.list(name, maximumCount: 2) {
      FieldReader.integer($0, in: Self.window, at: $1, faults)
    }
    guard value.arrayValue?.count == 2 else {
      reader.fault(name, "must be a number or a list of two")
      return [1, 1]
    }
    return sizes?.count == 2 ? sizes ?? [1, 1] : [1, 1]
  }
}

extension LayerDescription {
  /// As a request writes it; sizes of the input stay out, since they follow.
  var json: JSONValue {
    var object: JSONObject = ["type": .string(type)]
    switch kind {
    case let layer as Linear:
      object["out_features"] = JSONValue(layer.outFeatures)
      if let given = layer.inFeatures { object["in_features"] = JSONValue(given) }
      object["bias"] = .bool(layer.bias)
    case let layer as Conv2d:
      object["out_channels"] = JSONValue(layer.outChannels)
      object["kernel_size"] = JSONValue(layer.kernel)
      object["stride"] = JSONValue(layer.stride)
      object["padding"] = JSONValue(layer.padding)
      if let given = layer.inChannels { object["in_channels"] = JSONValue(given) }
      object["bias"] = .bool(layer.bias)
    case let layer as BatchNorm2d:
      if let features = layer.features { object["num_features"] = JSONValue(features) }
    case let layer as MaxPool2d:
      object["kernel_size"] = JSONValue(layer.kernel)
      if let stride = layer.stride { object["stride"] = JSONValue(stride) }
      object["padding"] = JSONValue(layer.padding)
    case let layer as AvgPool2d:
      object["kernel_size"] = JSONValue(layer.kernel)
      if let stride = layer.stride { object["stride"] = JSONValue(stride) }
      object["padding"] = JSONValue(layer.padding)
    case let layer as AdaptiveAvgPool2d:
      object["output_size"] = JSONValue([layer.outputHeight, layer.outputWidth])
    case let layer as Dropout: object["p"] = .number(layer.p)
    case let layer as Residual:
      object["layers"] = .array(layer.layers.map(\.layer.json))
      if let shortcut = layer.shortcut { object["shortcut"] = .array(shortcut.map(\.layer.json)) }
    default: break
    }
    return .object(object)
  }
}
