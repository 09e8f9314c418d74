import JSON

/// A kind of layer in a request: its name and PyTorch's names for its options.
public struct LayerFormat: Sendable {
  public let type: String
  /// The options.
  public let options: [FieldMember]
  /// How many values the layer reads. A layer of a list reads the value before it.
  let arity: ClosedRange<Int>
  public let examples: [LayerExample]
  private let readOptions: @Sendable (FieldReader) -> LayerDescription
  private let kind: any LayerKind
  private let own: @Sendable (LayerDescription) -> JSONObject?

  init<Layer: LayerKind>(_: Layer.Type) {
    type = Layer.type
    arity = Layer.arity
    examples = Layer.examples
    kind = Layer.standard
    options = Layer.fields.members(standard: .standard)
    readOptions = { reader in
      var layer = Layer.standard
      Layer.fields.read(reader, into: &layer)
      return LayerDescription(layer)
    }
    own = { description in (description.kind as? Layer).map { Layer.fields.write($0) } }
  }

  /// Every member of an object of a list of layers.
  public var members: [FieldMember] { [tag("type")] + options + common }

  /// Every member of a node of a graph.
  public var nodeMembers: [FieldMember] {
    [tag("op"), NodeDescription.nameMember, NodeDescription.inputsMember, NodeDescription.tensorsMember]
      + options + common
  }

  /// The members of every layer.
  private var common: [FieldMember] {
    LayerDescription.commonFields.members(standard: LayerDescription(kind))
  }

  private func tag(_ name: String) -> FieldMember {
    FieldMember(name, schema: Schema.constant(type), words: "`\(type)`", isRequired: true, "")
  }

  func read(_ reader: FieldReader) -> LayerDescription {
    var layer = readOptions(reader)
    LayerDescription.commonFields.read(reader, into: &layer)
    return layer
  }

  /// The options of a layer; nil if it is of another kind.
  func write(_ layer: LayerDescription) -> JSONObject? { own(layer) }

  /// The kind that an object names in a member; nil with a fault if there is none.
  static func named(by member: String, _ reader: FieldReader) -> LayerFormat? {
    let pointer = reader.pointer.appending(member)
    // Without a name the allowed options are unknown.
    guard let value = reader.requiredValue(member),
      let name = FieldReader.text(value, maximumLength: 1024, at: pointer, reader.faults),
      FieldReader.choice(value, among: LayerDescription.formats.map(\.type), at: pointer, reader.faults)
        != nil
    else { return nil }
    return LayerDescription.formats.first { $0.type == name }
  }
}

// MARK: - A layer and a list of layers in a request

extension LayerDescription {
  /// An object with a `type` and its options.
  public static let form = Form<LayerDescription>(
    schema: ["oneOf": .array(formats.map { Schema.request($0.members) })], words: "object with a `type`",
    parts: formats.map { FormPart(of: $0.type, $0.members) },
    read: { value, pointer, faults in
      let reader = FieldReader(value, at: pointer, faults: faults)
      guard let format = LayerFormat.named(by: "type", reader) else { return nil }
      defer { reader.finish() }
      return format.read(reader)
    },
    write: { .object((["type": .string($0.type)] as JSONObject).merging(options(of: $0))) })

  /// The members of every layer.
  static let commonFields = Fields<LayerDescription>([
    Field.flag(
      "trainable", \.isTrainable,
      "Whether the parameters may change. Curvature, updates and scores leave frozen parameters out."
    ).written { !$0.isTrainable }
  ])

  /// The options of a layer in a request.
  static func options(of layer: LayerDescription) -> JSONObject {
    // A layer without a line in the list has no options. The test of the list finds such a layer.
    (formats.lazy.compactMap { $0.write(layer) }.first ?? [:]).merging(commonFields.write(layer))
  }

  /// The most layers of a list.
  static let mostLayers = 4096

  /// The schema of a list of layers, which refers to that of a layer.
  public static let listSchema = Schema.list(Schema.ref("Layer"), from: 1, to: mostLayers, isSet: false)

  /// Layers of a chain in order. The closures look `form` up late, because a layer may hold layers.
  public static let list = Form<[LayerDescription]>(
    schema: Schema.ref("Layers"), words: "list of layers",
    read: { value, pointer, faults in
      let layers = FieldReader.list(value, maximumCount: mostLayers, at: pointer, faults) {
        form.read($0, $1, faults)
      }
      if value.arrayValue?.isEmpty ?? false { faults.add("must have at least one layer", at: pointer) }
      return layers
    }, write: { .array($0.map(form.write)) })
}
