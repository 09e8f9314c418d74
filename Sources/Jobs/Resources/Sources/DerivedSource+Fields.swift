import Datasets
import JSON

extension DerivedSource {
  /// Every change that a request may name, in the order in which changes are made. The normalization is last.
  static let changeFormats: [ChangeFormat] = [
    ChangeFormat(
      "classes", ClassSubset.form, "The samples of these classes, numbered from 0 in this order."),
    ChangeFormat("take", Take.form, "A number of samples of each split, drawn at random."),
    ChangeFormat("relabel", Relabel.form, "Flips training labels to another class at random."),
    ChangeFormat("poison", Poison.form, "Puts a trigger and a label on training pictures."),
  ]

  static let format = SourceFormat(
    "derived", DerivedSource(of: ""), normalization: nil,
    Fields(
      [.required("of", \.of, .resourceName, "The base. Changes are made in the order of this table.")]
        + changeFormats.map(\.field) + [atLeastOne]))

  /// The normalization is a change too.
  private static let atLeastOne: Field<DerivedSource> = {
    let schemas =
      changeFormats.map { ($0.name, $0.schema) } + [("normalization", Schema.ref("Normalization"))]
    return .rule(schemas.map { Schema.variant([$0: $1]) }) { reader, source in
      let names = schemas.map(\.0)
      if source.changes.isEmpty, !names.contains(where: reader.has) {
        reader.fault("must have at least one of \(FieldReader.words(names, joinedBy: "or"))")
      }
    }
  }()
}

/// A kind of change as a request writes it: a member of a derived source.
struct ChangeFormat: Sendable {
  let name: String
  let schema: JSONValue
  let field: Field<DerivedSource>

  init<Change: DatasetChange>(_ name: String, _ form: Form<Change>, _ meaning: String) {
    self.name = name
    schema = form.schema
    field = Field(
      members: { _ in
        [FieldMember(name, schema: form.schema, words: form.words, parts: form.parts, meaning)]
      },
      read: { reader, source in
        guard let value = reader.value(name),
          let change = form.read(value, reader.pointer.appending(name), reader.faults)
        else { return }
        source.changes.append(change)
      },
      write: { source, object in
        for case let change as Change in source.changes { object[name] = form.write(change) }
      })
  }
}
