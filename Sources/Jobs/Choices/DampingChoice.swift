import JSON

/// δ of a curvature, as a request names it.
public enum DampingChoice: Hashable, Sendable {
  /// δ itself.
  case value(Double)
  /// What the training of the checkpoint stands for; a run settles it (`SettledDamping`).
  case automatic

  /// δ; nil until an automatic one is settled.
  public var value: Double? { if case .value(let value) = self { value } else { nil } }

  /// Reads a number of at least 0, or `"auto"` where that is the default.
  ///
  /// A job whose default is a number has no rule for an automatic one, so `"auto"` is a fault there.
  static func read(_ reader: FieldReader, _ name: String, default standard: DampingChoice) -> DampingChoice {
    guard let value = reader.value(name) else { return standard }
    if value == "auto" {
      if standard != .automatic { reader.fault(name, "must be a number: this job has no automatic damping") }
      return standard
    }
    guard standard != .automatic || value.doubleValue != nil else {
      reader.fault(name, "must be a number of at least 0 or \"auto\", got \(FieldReader.brief(value))")
      return standard
    }
    return reader.number(name, .notNegative).map(DampingChoice.value) ?? standard
  }

  var json: JSONValue {
    switch self {
    case .value(let value): .number(value)
    case .automatic: "auto"
    }
  }
}
