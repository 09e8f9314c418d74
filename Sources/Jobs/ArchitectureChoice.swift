import Network
import Tensor

/// The network of a model, as a request writes it: a name, an object with a name and options, or a list of layers.
public enum ArchitectureChoice: Sendable, Equatable {
  case named(String, NamedArchitecture)
  case layers([NamedLayer])

  /// The most layers of a list, nested ones included at each level.
  static let mostLayers = 1000

  /// Reads the `architecture` of a request; faults of its form are added.
  public static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> ArchitectureChoice? {
    switch value {
    case .string(let name): return named(name, at: pointer, faults)
    case .object:
      let reader = FieldReader(value, at: pointer, faults: faults)
      defer { reader.finish() }
      switch reader.onlyOne(of: ["name", "layers"]) {
      case "name":
        guard let name = reader.text("name") else { return nil }
        return named(name, at: pointer.appending("name"), faults).map { options($0, reader) }
      case "layers":
        return LayerReading.list(reader, "layers", prefix: "").map(ArchitectureChoice.layers)
      default: return nil
      }
    default:
      faults.add(
        "must be a name, or an object with a name or layers, got \(FieldReader.brief(value))", at: pointer)
      return nil
    }
  }

  private static func named(
    _ name: String, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> ArchitectureChoice? {
    if let architecture = NamedArchitecture(name: name) { return .named(name, architecture) }
    let suggestion = Spelling.suggestion(for: name, among: NamedArchitecture.names)
    faults.add(
      "must be \(FieldReader.words(NamedArchitecture.names, joinedBy: "or")), or an object with layers, got "
        + "\(FieldReader.brief(.string(name)))\(suggestion)", at: pointer)
    return nil
  }

  private static func options(_ choice: ArchitectureChoice, _ reader: FieldReader) -> ArchitectureChoice {
    guard case .named(let name, let architecture) = choice else { return choice }
    switch architecture {
    case .mlp(let hidden, let activation):
      let widths = reader.list("hidden", maximumCount: 64) {
        FieldReader.integer($0, in: 1...65_536, at: $1, reader.faults)
      }
      return .named(
        name,
        .mlp(hidden: widths ?? hidden, activation: reader.choice("activation", default: activation)))
    case .resnet(let depth, _):
      return .named(name, .resnet(depth: depth, stem: reader.choice("stem", NamedArchitecture.Stem.self)))
    case .linear, .logistic, .cnn, .smallCNN, .lenet, .vgg: return choice
    }
  }

  /// The layers for samples of a shape.
  public func namedLayers(input: Shape, outputs: Int) -> [NamedLayer] {
    switch self {
    case .named(_, let architecture): architecture.layers(input: input, outputs: outputs)
    case .layers(let layers): layers
    }
  }

  /// Follows the shapes; faults are added below `pointer`.
  public func resolve(
    input: Shape, outputs: Int, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> Architecture? {
    do {
      return try Architecture(
        layers: namedLayers(input: input, outputs: outputs), input: input, outputs: outputs)
    } catch {
      for fault in error.faults {
        switch self {
        // The places of a named network's layers mean nothing to the one who wrote the name.
        case .named(let name, _):
          faults.add("\(name) cannot take samples of shape \(input): \(fault.detail)", at: pointer)
        case .layers: faults.add(fault.detail, at: fault.path.reduce(pointer) { $0.appending($1) })
        }
      }
      return nil
    }
  }

  /// The choice with its defaults filled in.
  public var json: JSONValue {
    switch self {
    case .named(let name, .mlp(let hidden, let activation)):
      ["name": .string(name), "hidden": JSONValue(hidden), "activation": .string(activation.rawValue)]
    case .named(let name, .resnet(_, .some(let stem))):
      ["name": .string(name), "stem": .string(stem.rawValue)]
    case .named(let name, _): .string(name)
    case .layers(let layers): ["layers": .array(layers.map { LayerReading.json($0.layer) })]
    }
  }
}
