import Datasets
import Foundation
import JSON
import Jobs
import Network

/// The option tables of the guide, made from the declarations of the fields.
public enum OptionTables {
  /// Every name that a page may use.
  public static let names = objects.map(\.name)

  /// The Markdown of a table; nil if no table has the name. Objects inside follow as tables of their own,
  /// unless they have a name here.
  public static func table(named name: String) -> String? {
    objects.first { $0.name == name }.map { text($0.parts) }
  }

  /// The members of the objects that a table shows.
  package static func members(named name: String) -> [FieldMember] {
    objects.first { $0.name == name }?.parts.flatMap(\.members) ?? []
  }

  /// The names of a line `<!-- options: remove, recover -->`.
  package static func names(in line: some StringProtocol) -> [String] {
    guard line.hasPrefix("<!-- options: "), line.hasSuffix(" -->") else { return [] }
    return line.dropFirst(14).dropLast(4).split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// A page with the tables of the options that the page is marked with, at the end.
  static func completed(_ page: String) -> String {
    let tables = page.split(separator: "\n").flatMap { names(in: $0) }.compactMap { name in
      table(named: name).map { "### `\(name)`\n\n\($0)" }
    }
    if tables.isEmpty { return page }
    return """
      \(page)
      ## Every field

      These tables are made from the declarations in the program.

      \(tables.joined(separator: "\n"))
      """
  }

  private static let objects: [(name: String, parts: [FormPart])] =
    [("job", [FormPart(JobBody.members)]), ("configuration", [FormPart(configuration)])]
    + StandardJobs.kinds.map { ($0.name, [FormPart($0.members)]) }
    + [
      ("model", [FormPart(CreateModelRequest.fields.members(standard: .standard))]),
      ("dataset", [FormPart(CreateDatasetRequest.fields.members(standard: .standard))]),
      ("training", TrainingRecipe.form.parts), ("schedule", TrainingOptions.Schedule.form.parts),
      ("loss", Loss.form.parts), ("group", GroupChoice.form.parts),
      ("solver", SolverRequest.ofSolves.parts), ("update-solver", SolverRequest.ofUpdates.parts),
      ("self-solver", SolverRequest.ofSelfInfluence.parts),
      ("architecture", ArchitectureRequest.form.parts), ("layers", LayerDescription.form.parts),
      ("normalization", NormalizationChoice.form.parts),
    ] + DatasetSource.formats.map { ($0.title, [FormPart($0.members)]) } + sharedFormats

  /// Formats of several sources, such as `synthetic`.
  private static let sharedFormats: [(name: String, parts: [FormPart])] = DatasetSource.formatNames
    .compactMap { format in
      let parts = DatasetSource.formats.filter { $0.format == format && $0.name != nil }.map(\.part)
      return parts.isEmpty ? nil : (format, parts)
    }

  private static let configuration = ConfigurationOption.all.map { option in
    FieldMember(
      option.name, schema: Schema.string, words: option.placeholder ?? "true or false",
      standardWords: option.shown(Configuration()), option.help)
  }

  private static func text(_ parts: [FormPart]) -> String {
    parts.map { part in
      let title = part.name.map { "`\($0)`:\n\n" } ?? ""
      let inside = part.members.filter { !$0.parts.isEmpty && !hasName($0.schema) }
      return
        ([title + FieldTable(part.members).text]
        + inside.map { "`\($0.name)`:\n\n" + text($0.parts) }).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Whether a schema refers to a named schema whose table also has a name.
  private static func hasName(_ schema: JSONValue) -> Bool {
    switch schema {
    case .object(let object): object["$ref"] != nil || object.members.contains { hasName($0.value) }
    case .array(let schemas): schemas.contains(where: hasName)
    default: false
    }
  }
}
