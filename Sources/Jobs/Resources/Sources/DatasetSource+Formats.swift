import Datasets
import JSON

extension DatasetSource {
  /// Every source that a request may name. If several sources share a `format`, their `name` tells them
  /// apart.
  public static let formats: [SourceFormat] = [
    BuiltInSource.format, IDXSource.format, CIFAR10Source.format, CSVSource.format, NPYSource.format,
    UploadSource.format, SyntheticLinearRegression.format, SyntheticBlobs.format, DerivedSource.format,
  ]

  /// The values of `format`, each once.
  public static let formatNames: [String] = formats.map(\.format).reduce(into: []) { names, name in
    if !names.contains(name) { names.append(name) }
  }

  /// An object with a `format` and its members.
  public static let form = form(isStored: false)

  /// - Parameter isStored: whether an earlier version may have written the source. Earlier versions knew no
  ///   `normalization`. A source without it keeps its old meaning.
  private static func form(isStored: Bool) -> Form<DatasetSource> {
    Form(
      schema: ["oneOf": .array(formats.map(\.schema))], words: "object with a `format`",
      parts: formats.map(\.part),
      read: { read($0, at: $1, $2, isStored: isStored) },
      write: { source in
        // A recipe without a line in the list has no members. The test of the list finds such a recipe.
        .object(formats.lazy.compactMap { $0.write(source) }.first ?? [:])
      })
  }

  private static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults, isStored: Bool
  ) -> DatasetSource? {
    let reader = FieldReader(value, at: pointer, faults: faults)
    // Without a format the other allowed members are unknown.
    guard let format = reader.requiredValue("format"),
      let chosen = FieldReader.choice(format, among: formatNames, at: pointer.appending("format"), faults)
    else { return nil }
    defer { reader.finish() }
    let candidates = formats.filter { $0.format == chosen }
    let isOld = isStored && !reader.has("normalization")
    let normalization = candidates[0].readNormalization(reader, isOld: isOld)
    guard let source = select(candidates, reader) else {
      // The members of every candidate are accepted. Their values are not read.
      for member in candidates.flatMap(\.members) { reader.accept(member.name) }
      return nil
    }
    return DatasetSource(source.readRecipe(reader, isOld: isOld), normalization: normalization)
  }

  private static func select(_ candidates: [SourceFormat], _ reader: FieldReader) -> SourceFormat? {
    let names = candidates.compactMap(\.name)
    guard !names.isEmpty else { return candidates[0] }
    guard let value = reader.requiredValue("name"),
      let name = FieldReader.choice(
        value, among: names, at: reader.pointer.appending("name"), reader.faults)
    else { return nil }
    return candidates.first { $0.name == name }
  }

  /// Reads a source that `json` wrote, in this version or an earlier one; throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    self = try Self.form(isStored: true).value(of: json)
  }

  /// The source as a request writes it, with every default filled in.
  public var json: JSONValue { Self.form.write(self) }
}
