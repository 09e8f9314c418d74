import JSON

/// What a checkpoint stands for beside its recipe: what edits did to the training data since its weights were trained.
///
/// The samples that a checkpoint was trained on are those that its recipe trains on, without those that edits took out, with
/// the labels that edits put right. `remove` and `recover` extend the record, `train` goes on from the record, `retrain`
/// refers to the record, and every job reads the training data from it (`TrainingData`).
public struct TrainingRecord: Hashable, Sendable {
  /// From the first to the last. A group is meant as the data were before its edit.
  public var edits: [DataEdit]
  /// Whether an edit may be missing: the database is of an earlier version, and the job or the checkpoint that would tell is
  /// gone.
  public var isIncomplete: Bool
  /// Nil for checkpoints of an earlier version, and for those that were not trained here.
  public var counts: Counts?

  /// Samples of the training split, each counted once; and the classes that no trained sample has.
  public struct Counts: Hashable, Sendable {
    public var trained: Int
    /// Held out for validation.
    public var heldOut: Int
    /// Left out by the recipe.
    public var leftOut: Int
    /// Taken out by edits.
    public var removed: Int
    /// Trained samples whose label an edit put right.
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

  /// As `GET /v1/checkpoints/{id}` shows it, and as it is stored.
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
