import Datasets
import JSON

/// A kind of source in a request: its `format`, its members, and its `name` if several sources share the
/// format.
public struct SourceFormat: Sendable {
  public let format: String
  /// Nil if no other source has the format.
  public let name: String?
  /// A source without any member, with placeholders for required members.
  public let standard: DatasetSource
  /// Every member that an object may have.
  public let members: [FieldMember]
  private let conditions: [JSONValue]
  private let normalization: Fields<NormalizationChoice?>
  private let recipe: @Sendable (FieldReader, _ isOld: Bool) -> any DatasetRecipe
  private let own: @Sendable (any DatasetRecipe) -> JSONObject?

  /// - Parameters:
  ///   - normalization: the normalization of a request without one; nil takes that of the recipe.
  ///   - hasOlderSpelling: whether the older member `standardize` is accepted too.
  ///   - older: changes a recipe of an earlier version, which did not store its normalization.
  init<Recipe: DatasetRecipe>(
    _ format: String, name: String? = nil, _ standard: Recipe, normalization: NormalizationChoice?,
    hasOlderSpelling: Bool = false, older: @escaping @Sendable (inout Recipe) -> Void = { _ in },
    _ fields: Fields<Recipe>
  ) {
    self.format = format
    self.name = name
    self.standard = DatasetSource(standard, normalization: normalization)
    self.normalization = Fields([
      hasOlderSpelling ? .normalizationWithOlderSpelling : .normalization
    ])
    let tags = [("format", format)] + (name.map { [("name", $0)] } ?? [])
    members =
      tags.map { FieldMember($0, schema: Schema.constant($1), words: "`\($1)`", isRequired: true, "") }
      + fields.members(standard: standard) + self.normalization.members(standard: normalization)
    conditions = fields.conditions
    recipe = { reader, isOld in
      var recipe = standard
      fields.read(reader, into: &recipe)
      if isOld { older(&recipe) }
      for fault in recipe.faults where fault.parameter != "path" {
        let place = fault.parameter.split(separator: ".").reduce(reader.pointer) { $0.appending(String($1)) }
        reader.faults.add(fault.detail, at: place)
      }
      return recipe
    }
    own = { recipe in
      guard let recipe = recipe as? Recipe else { return nil }
      var object = JSONObject(tags.map { ($0, .string($1)) })
      fields.write(recipe, into: &object)
      return object
    }
  }

  /// The title, such as `csv` or `synthetic/blobs`.
  public var title: String { name.map { "\(format)/\($0)" } ?? format }

  /// JSON Schema 2020-12.
  var schema: JSONValue { Schema.request(members, conditions: conditions) }

  /// The object of such a source.
  public var part: FormPart { FormPart(of: title, members, conditions: conditions) }

  func readRecipe(_ reader: FieldReader, isOld: Bool) -> any DatasetRecipe { recipe(reader, isOld) }

  func readNormalization(_ reader: FieldReader, isOld: Bool) -> NormalizationChoice? {
    var choice = isOld ? nil : standard.normalization
    normalization.read(reader, into: &choice)
    return choice
  }

  /// The members of a source; nil if its recipe is of another kind.
  func write(_ source: DatasetSource) -> JSONObject? {
    guard var object = own(source.recipe) else { return nil }
    normalization.write(source.normalization, into: &object)
    return object
  }
}

// MARK: - Normalization

extension Field where Owner == NormalizationChoice? {
  private static let form = NormalizationChoice.form.described(by: Schema.ref("Normalization"))

  /// An absent member leaves the choice as it is. Nil is not written.
  fileprivate static let normalization = Field(
    members: { [member(standard: $0)] },
    read: { reader, choice in if let given = given(reader) { choice = given } }, write: write)

  /// `normalization`, or `standardize`, its older spelling.
  fileprivate static let normalizationWithOlderSpelling = Field(
    members: { standard in
      [
        member(standard: standard),
        FieldMember(
          "standardize", schema: Schema.boolean, words: Form.flag.words, standard: false,
          "An older spelling of \"normalization\": \"standardize\"."),
      ]
    },
    read: { reader, choice in
      let given = given(reader)
      var older: NormalizationChoice?
      if reader.has("standardize") {
        older = reader.flag("standardize", default: false) ? .standardize : NormalizationChoice.none
      }
      if let given, let older, given != older {
        reader.fault("must have only one of \"normalization\" and \"standardize\"")
      }
      if let said = given ?? older { choice = said }
    }, write: write)

  private static func member(standard: NormalizationChoice?) -> FieldMember {
    FieldMember(
      "normalization", schema: form.schema, words: form.words, standard: standard?.json ?? .null,
      standardWords: standard == nil ? "that of the base" : nil,
      "The values that a network sees: (value − mean) / standard_deviation.")
  }

  @Sendable private static func write(_ choice: NormalizationChoice?, into object: inout JSONObject) {
    if let choice { object["normalization"] = choice.json }
  }

  private static func given(_ reader: FieldReader) -> NormalizationChoice? {
    reader.value("normalization").flatMap {
      form.read($0, reader.pointer.appending("normalization"), reader.faults)
    }
  }
}
