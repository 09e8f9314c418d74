import JSON
import Network

extension ArchitectureRequest {
  /// A name, a name with options, a list of layers, or a graph of nodes.
  public static let form: JSON.Form<ArchitectureRequest> = {
    let chain = [
      FieldMember(
        "layers", schema: LayerDescription.list.schema, words: LayerDescription.list.words, isRequired: true,
        "The layers of a chain.")
    ]
    let graph = [
      FieldMember(
        "nodes", schema: GraphDescription.list.schema, words: GraphDescription.list.words, isRequired: true,
        "The operations of a graph. A node stands behind the nodes that it reads."),
      FieldMember(
        "outputs", schema: GraphDescription.outputs.schema, words: "list of one name", isRequired: true,
        "The node that gives the network's output."),
      FieldMember(
        "inputs", schema: GraphDescription.inputs.schema, words: GraphDescription.inputs.words,
        standardWords: "one, called `input`", parts: GraphDescription.inputs.parts,
        "Parts of a sample, whose vector holds them one after the other."),
    ]
    return JSON.Form(
      schema: [
        "anyOf": .array(
          [Schema.choice(plainNames)] + alternatives.map(\.schema) + [
            Schema.request(chain), Schema.request(graph),
          ])
      ],
      words: "a name, or an object with `name`, `layers` or `nodes`",
      parts: alternatives.map(\.part) + [FormPart(chain), FormPart(of: "nodes", graph)],
      read: read, write: \.json)
  }()

  /// The same in a request.
  static let member = form.described(by: Schema.ref("Architecture"))

  /// The value of an object with a name.
  private struct Named: Sendable {
    var architecture: NamedArchitecture
    var outputs: Int?

    init(_ architecture: NamedArchitecture) { self.architecture = architecture }
  }

  private static let names = NamedArchitecture.names

  /// Names that need no options.
  private static let plainNames = alternatives.filter {
    !$0.part.members.dropFirst().contains(where: \.isRequired)
  }
  .map(\.name)

  private static let alternatives: [Alternative<Named>] = names.compactMap { name in
    NamedArchitecture(name: name).map { Alternative(name, Named($0), options(of: $0)) }
  }

  private static func options(of architecture: NamedArchitecture) -> Fields<Named> {
    switch architecture {
    case .mlp:
      Fields([
        .member(
          "hidden", \.architecture.hidden, .list(of: .integer(widths), atMost: 1000),
          "The widths of the hidden layers."),
        .choice("activation", \.architecture.activation, "Behind each hidden layer."), outputs,
      ])
    case .logistic: Fields([outputs])
    case .resnet:
      Fields([
        .optional(
          "stem", \.architecture.stem, .choice, standard: "`small` for pictures below 64 pixels",
          "`small`: 3×3, stride 1, no pooling. `imagenet`: 7×7, stride 2, and a max-pool.")
      ])
    // No form of 14 layers is torchvision's.
    case .vgg(.fourteen, _): Fields([])
    case .vgg:
      Fields([
        Field.choice(
          "form", \.architecture.form,
          "`small`: batch normalization and one linear layer. `torchvision`: torchvision's network of this name, "
            + "with three linear layers and without batch normalization."
        ).written { $0.architecture.form != .small }
      ])
    case .visionTransformer:
      Fields([
        .part(
          \.architecture.visionTransformer,
          Fields([
            .optional(
              "patch_size", \.patchSize, .integer(1...1024),
              standard: "4 for pictures below 64 pixels, 8 below 128, else 16", "The side of a patch."
            ).withoutNulls
          ])), .part(\.architecture.visionTransformer, encoder()),
      ])
    case .textTransformer:
      Fields([
        .part(
          \.architecture.textTransformer,
          Fields([.required("vocabulary", \.vocabulary, .integer(widths), "Token ids are 0 to one less.")])),
        .part(\.architecture.textTransformer, encoder()),
        .part(
          \.architecture.textTransformer,
          Fields([
            .number(
              "dropout", \.dropout, .properShare,
              "The share of values set to 0."),
            .flag("causal", \.isCausal, "Whether a token sees itself and earlier ones alone."),
          ])),
      ])
    case .linear, .cnn, .smallCNN, .lenet, .torchvision: Fields([])
    }
  }

  /// The sizes of a transformer.
  private static func encoder<Transformer: TransformerSizes>() -> Fields<Transformer> {
    Fields([
      .integer("width", \.width, widths, "The features of a token."),
      .integer("depth", \.depth, 1...1000, "The number of blocks."),
      .integer("heads", \.heads, widths, "The heads of attention, which divide the width."),
      .optional(
        "feedforward", \.feedforward, .integer(widths), standard: "four times `width`",
        "The width between the two linear layers of a block."
      ).withoutNulls,
    ])
  }

  private static let widths = 1...1_000_000

  private static let outputs = Field<Named>.optional(
    "outputs", \.outputs, .integer(widths), standard: "as many as the loss asks for",
    "With 1 and two classes the cross-entropy is the binary logistic loss."
  ).withoutNulls

  // MARK: Reading

  /// Reads what `json` wrote. Keeps the JSON as it was written. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    self = try Self.form.value(of: json)
    self.json = json
  }

  private static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> ArchitectureRequest? {
    switch value {
    case .string: return named(value, FieldReader([:], at: pointer, faults: faults), nameAt: pointer)
    case .object:
      let reader = FieldReader(value, at: pointer, faults: faults)
      switch reader.onlyOne(of: ["name", "layers", "nodes"]) {
      case "name":
        guard reader.text("name") != nil, let name = reader.value("name") else { return nil }
        return named(name, reader, nameAt: pointer.appending("name"))
      case "layers":
        let layers = reader.value("layers").flatMap {
          LayerDescription.list.read($0, pointer.appending("layers"), faults)
        }
        reader.finish()
        return layers.map { ArchitectureRequest(.layers($0), ["layers": LayerDescription.list.write($0)]) }
      case "nodes":
        let nodes = reader.value("nodes").flatMap {
          GraphDescription.list.read($0, pointer.appending("nodes"), faults)
        }
        let outputs = reader.requiredValue("outputs").flatMap {
          GraphDescription.outputs.read($0, pointer.appending("outputs"), faults)
        }
        let inputs = reader.value("inputs").flatMap {
          GraphDescription.inputs.read($0, pointer.appending("inputs"), faults)
        }
        reader.finish()
        guard let nodes, let outputs, let output = outputs.first else { return nil }
        var json: JSONObject = ["nodes": GraphDescription.list.write(nodes), "outputs": JSONValue(outputs)]
        if let inputs { json["inputs"] = GraphDescription.inputs.write(inputs) }
        return ArchitectureRequest(
          .graph(GraphDescription(inputs: inputs ?? [], nodes: nodes, output: output)), .object(json))
      default: return nil
      }
    default:
      faults.add("must be a name or an object, got \(FieldReader.brief(value))", at: pointer)
      return nil
    }
  }

  private static func named(
    _ value: JSONValue, _ reader: FieldReader, nameAt pointer: JSONPointer
  ) -> ArchitectureRequest? {
    guard let name = FieldReader.choice(value, among: names, at: pointer, reader.faults),
      let chosen = alternatives.first(where: { $0.name == name })
    else { return nil }
    var named = chosen.standard
    chosen.fields.read(reader, into: &named)
    reader.finish()
    let options = chosen.fields.write(named)
    // A name without options is written as a string.
    let json: JSONValue =
      options.members.isEmpty ? value : .object((["name": value] as JSONObject).merging(options))
    return ArchitectureRequest(.named(named.architecture), outputs: named.outputs, json)
  }
}

// MARK: - The options of named architectures

extension NamedArchitecture {
  /// The option of an `mlp`.
  fileprivate var hidden: [Int] {
    get { if case .mlp(let hidden, _) = self { hidden } else { [] } }
    set { if case .mlp(_, let activation) = self { self = .mlp(hidden: newValue, activation: activation) } }
  }

  /// The option of an `mlp`.
  fileprivate var activation: MLPActivation {
    get { if case .mlp(_, let activation) = self { activation } else { .relu } }
    set { if case .mlp(let hidden, _) = self { self = .mlp(hidden: hidden, activation: newValue) } }
  }

  /// The option of a `vgg`.
  fileprivate var form: VGGForm {
    get { if case .vgg(_, let form) = self { form } else { .small } }
    set { if case .vgg(let depth, _) = self { self = .vgg(depth: depth, form: newValue) } }
  }

  /// The options of a `vit`.
  fileprivate var visionTransformer: VisionTransformer {
    get { if case .visionTransformer(let transformer) = self { transformer } else { VisionTransformer() } }
    set { self = .visionTransformer(newValue) }
  }

  /// The options of a `transformer`.
  fileprivate var textTransformer: TextTransformer {
    get { if case .textTransformer(let transformer) = self { transformer } else { .init(vocabulary: 1) } }
    set { self = .textTransformer(newValue) }
  }

  /// The option of a `resnet`. If the request leaves it open, the size of the data set's pictures decides.
  fileprivate var stem: Stem? {
    get { if case .resnet(_, let stem) = self { stem } else { nil } }
    set { if case .resnet(let depth, _) = self { self = .resnet(depth: depth, stem: newValue) } }
  }
}
