import JSON

/// The edits of the training data since a checkpoint's weights were trained.
///
/// A checkpoint stands for the samples of its recipe, without those that edits removed, with corrected
/// labels. `remove` and `recover` extend the record. `train` continues the record and `retrain` refers to it.
/// Every job reads its training data from the record (`TrainingData`).
public struct TrainingRecord: Hashable, Sendable {
  /// The edits in order. Each edit's group refers to the data before the edit.
  public var edits: [DataEdit]
  /// Whether an edit may be missing. This happens in a database of an earlier version, if the job or the
  /// checkpoint that would show the edit is gone.
  public var isIncomplete: Bool
  /// Nil for checkpoints of an earlier version, and for those that were not trained here.
  public var counts: Counts?

  /// Samples of the training split, each counted once, and the classes without a trained sample.
  public struct Counts: Hashable, Sendable {
    public var trained: Int
    /// Held out for validation.
    public var heldOut: Int
    /// Left out by the recipe.
    public var leftOut: Int
    /// Removed by edits.
    public var removed: Int
    /// Trained samples whose label an edit corrected.
    public var corrected: Int
    public var absentClasses: [Int]
  }

  public init(edits: [DataEdit] = [], isIncomplete: Bool = false, counts: Counts? = nil) {
    self.edits = edits
    self.isIncomplete = isIncomplete
    self.counts = counts
  }

  /// Sentences for every result on such a checkpoint.
  var warnings: [String] {
    guard isIncomplete else { return [] }
    return [
      "The record of this checkpoint is incomplete: an earlier version of the service made an edit whose job is gone. Samples "
        + "that were taken out then may be counted as trained on."
    ]
  }

  /// Reads what `json` wrote.
  ///
  /// Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    var edits: [DataEdit] = []
    for edit in json["edits"]?.arrayValue ?? [] { edits.append(try DataEdit(json: edit)) }
    self.init(
      edits: edits, isIncomplete: json["incomplete"]?.boolValue ?? false,
      counts: json["counts"].flatMap(Counts.init(json:)))
  }

  /// The record as `GET /v1/checkpoints/{id}` shows it, and as it is stored.
  public var json: JSONValue {
    [
      "edits": .array(edits.map(\.json)), "incomplete": .bool(isIncomplete), "counts": counts?.json ?? .null,
    ]
  }
}

extension TrainingRecord.Counts {
  init?(json: JSONValue) {
    func count(_ name: String) -> Int? { json[name]?.integerValue }
    guard let trained = count("trained"), let heldOut = count("held_out"), let leftOut = count("left_out"),
      let removed = count("removed"), let corrected = count("corrected")
    else { return nil }
    self.init(
      trained: trained, heldOut: heldOut, leftOut: leftOut, removed: removed, corrected: corrected,
      absentClasses: json["absent_classes"]?.arrayValue?.compactMap(\.integerValue) ?? [])
  }

  var json: JSONValue {
    [
      "trained": JSONValue(trained), "held_out": JSONValue(heldOut), "left_out": JSONValue(leftOut),
      "removed": JSONValue(removed), "corrected": JSONValue(corrected),
      "absent_classes": JSONValue(absentClasses),
    ]
  }
}
