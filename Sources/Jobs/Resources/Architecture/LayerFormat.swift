import JSON
import Network

/// A kind of layer in a request: its `type` and PyTorch's names for its options.
public struct LayerFormat: Sendable {
  public let type: String
  /// Every member that an object may have.
  public let members: [FieldMember]
  private let options: @Sendable (FieldReader) -> LayerDescription
  private let own: @Sendable (LayerDescription) -> JSONObject?

  /// - Parameter standard: the layer with the defaults of its options, and placeholders for required options.
  init<Layer: LayerKind>(_ standard: Layer, _ fields: Fields<Layer> = Fields([])) {
    let type = Layer.type
    self.type = type
    let tag = FieldMember("type", schema: Schema.constant(type), words: "`\(type)`", isRequired: true, "")
    members = [tag] + fields.members(standard: standard)
    options = { reader in
      var layer = standard
      fields.read(reader, into: &layer)
      return LayerDescription(layer)
    }
    own = { description in
      guard let layer = description.kind as? Layer else { return nil }
      var object: JSONObject = ["type": .string(type)]
      fields.write(layer, into: &object)
      return object
    }
  }

  /// JSON Schema 2020-12.
  var schema: JSONValue { Schema.request(members) }

  func read(_ reader: FieldReader) -> LayerDescription { options(reader) }

  /// The members of a layer; nil if it is of another kind.
  func write(_ layer: LayerDescription) -> JSONObject? { own(layer) }
}

// MARK: - A layer and a list of layers in a request

extension LayerDescription {
  /// An object with a `type` and its options.
  public static let form = Form<LayerDescription>(
    schema: ["oneOf": .array(formats.map(\.schema))], words: "object with a `type`",
    parts: formats.map { FormPart(of: $0.type, $0.members) },
    read: { value, pointer, faults in
      let reader = FieldReader(value, at: pointer, faults: faults)
      // Without a type the allowed options are unknown.
      guard let value = reader.requiredValue("type"),
        let type = FieldReader.text(value, maximumLength: 1024, at: pointer.appending("type"), faults),
        FieldReader.choice(value, among: formats.map(\.type), at: pointer.appending("type"), faults) != nil,
        let format = formats.first(where: { $0.type == type })
      else { return nil }
      defer { reader.finish() }
      return format.read(reader)
    },
    write: { layer in
      // A layer without a line in the list has no members. The test of the list finds such a layer.
      .object(formats.lazy.compactMap { $0.write(layer) }.first ?? ["type": .string(layer.type)])
    })

  /// The most layers of a list.
  static let mostLayers = 4096

  /// The schema of a list of layers, which refers to that of a layer.
  public static let listSchema = Schema.list(Schema.ref("Layer"), from: 1, to: mostLayers, isSet: false)

  /// Layers of a chain in order. The closures look `form` up late, because a layer may hold layers.
  static let list = Form<[LayerDescription]>(
    schema: Schema.ref("Layers"), words: "list of layers",
    read: { value, pointer, faults in
      let layers = FieldReader.list(value, maximumCount: mostLayers, at: pointer, faults) {
        form.read($0, $1, faults)
      }
      if value.arrayValue?.isEmpty ?? false { faults.add("must have at least one layer", at: pointer) }
      return layers
    }, write: { .array($0.map(form.write)) })
}
