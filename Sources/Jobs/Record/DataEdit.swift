import JSON

/// One change of the training data behind a checkpoint, made without training.
public struct DataEdit: Hashable, Sendable {
  public enum Change: String, CaseIterable, Sendable {
    /// The group was removed.
    case removed
    /// The group got its true labels.
    case corrected
  }

  public var change: Change
  public var group: GroupChoice
  /// The group's samples that the edit changed; nil for edits in databases of an earlier version.
  public var samples: Int?
  /// The job that made the edit.
  public var job: String?

  public init(_ change: Change, _ group: GroupChoice, samples: Int? = nil, job: String? = nil) {
    self.change = change
    self.group = group
    self.samples = samples
    self.job = job
  }

  /// The edit, marked with the running job.
  func by(_ context: any JobContext) -> DataEdit {
    var edit = self
    edit.job = context.id
    return edit
  }

  /// Reads what `json` wrote.
  ///
  /// Throws `RequestRejection`.
  init(json: JSONValue) throws(RequestRejection) {
    guard let change = (json["change"]?.stringValue).flatMap(Change.init(rawValue:)),
      let group = json["group"]
    else { throw RequestRejection(faults: []) }
    self.init(
      change, try GroupChoice(json: group), samples: json["samples"]?.integerValue,
      job: json["job"]?.stringValue)
  }

  var json: JSONValue {
    [
      "change": .string(change.rawValue), "group": group.json, "samples": JSONValue(samples),
      "job": JSONValue(job),
    ]
  }
}
