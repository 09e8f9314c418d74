import Datasets
import JSON
import Jobs

/// What the query of a `PUT` of an array says of the set, with the names that `{"format": "upload"}` has: `normalization`
/// with the training inputs; `classes`, `class_names` (separated by commas) and `kind` with labels.
struct UploadOptions {
  static let names = ["classes", "class_names", "kind", "normalization"]

  private var classes: Int?
  private var classNames: [String]?
  private var kind: TargetKind?
  private var normalization: NormalizationChoice?

  /// - Throws: `Problem` where a value is wrong or belongs to another array.
  init(_ call: Call, split: String, part: String) throws {
    for name in Self.names where call.request.query(name) != nil {
      if name == "normalization" {
        guard part == "inputs", split == "train" else {
          throw Problem(.unprocessableContent, "\"normalization\" belongs to train/inputs")
        }
      } else if part != "labels" {
        throw Problem(.unprocessableContent, "\"\(name)\" belongs to the labels")
      }
    }
    if call.request.query("classes") != nil {
      classes = try call.integer("classes", in: 2...100_000, default: 2)
    }
    kind = try call.choice("kind", TargetKind.self)
    if let text = call.request.query("class_names") {
      classNames = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    if let text = call.request.query("normalization") {
      let faults = RequestFaults()
      let value = text.utf8.first == UInt8(ascii: "{") ? try JSONParser.parse(text) : .string(text)
      normalization = NormalizationChoice.read(value, at: JSONPointer.root.appending("normalization"), faults)
      try faults.throwIfAny()
    }
    let reading = applied(to: UploadSource()).reading
    if let fault = reading.faults.first {
      throw Problem(.unprocessableContent, "\"\(fault.parameter)\" \(fault.detail)")
    }
  }

  /// What is known of the set once these options are heeded.
  func applied(to source: UploadSource) -> UploadSource {
    var source = source
    source.reading.classes = classes ?? source.reading.classes
    source.reading.classNames = classNames ?? source.reading.classNames
    source.reading.kind = kind ?? source.reading.kind
    if let normalization {
      source.normalization = normalization
      // Numbers for a normalization are of values scaled to 0…1.
      source.reading.scalesBytes = true
    }
    return source
  }
}
