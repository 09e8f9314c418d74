import Datasets
import JSON
import Jobs

/// The options in the query of a `PUT` of an array. They have the names of `{"format": "upload"}`.
///
/// `normalization` goes with the training inputs; `classes`, `class_names` (separated by commas) and `kind`
/// go with labels.
struct UploadOptions {
  /// The query has no older spelling of `normalization`.
  static let names = UploadSource.format.members.map(\.name).filter { $0 != "format" && $0 != "standardize" }

  private var classes: Int?
  private var classNames: [String]?
  private var kind: ArrayTargetKind?
  private var normalization: NormalizationChoice?

  /// - Throws: `Problem` if a value is wrong or belongs to another array.
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
      let range = ParameterRanges.classes
      classes = try call.integer("classes", in: range, default: range.lowerBound)
    }
    kind = try call.choice("kind", ArrayTargetKind.self)
    if let text = call.request.query("class_names") {
      classNames = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    if let text = call.request.query("normalization") {
      let faults = RequestFaults()
      let value = text.utf8.first == UInt8(ascii: "{") ? try JSONParser.parse(text) : .string(text)
      normalization = NormalizationChoice.form.read(
        value, JSONPointer.root.appending("normalization"), faults)
      try faults.throwIfAny()
    }
    if let fault = applied(to: UploadSource.format.standard).recipe.faults.first {
      throw Problem(.unprocessableContent, "\"\(fault.parameter)\" \(fault.detail)")
    }
  }

  /// An uploaded set's source with these options. A source of another kind stays as it is.
  func applied(to source: DatasetSource) -> DatasetSource {
    guard var upload = source.upload else { return source }
    upload.reading.classes = classes ?? upload.reading.classes
    upload.reading.classNames = classNames ?? upload.reading.classNames
    upload.reading.kind = kind ?? upload.reading.kind
    // The numbers of a normalization refer to values scaled to 0…1.
    if normalization != nil { upload.reading.scalesBytes = true }
    return DatasetSource(upload, normalization: normalization ?? source.normalization)
  }
}
