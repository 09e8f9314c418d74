import JSON

/// δ of a curvature, as a request names it.
public enum DampingChoice: Hashable, Sendable {
  /// δ itself.
  case value(Double)
  /// `auto`: a run derives δ from the training of the checkpoint (`SettledDamping`).
  case automatic

  /// δ; nil for `auto`.
  public var value: Double? { if case .value(let value) = self { value } else { nil } }

  /// A number of at least 0.
  ///
  /// A job whose default is a number has no rule for an automatic one, so `"auto"` is a fault there.
  static let number = Form<DampingChoice>(
    schema: Schema.number(.notNegative), words: Form<Double>.number(.notNegative).words,
    read: { value, pointer, faults in
      if value == "auto" {
        faults.add("must be a number: this job has no automatic damping", at: pointer)
        return nil
      }
      return FieldReader.number(value, .notNegative, at: pointer, faults).map(DampingChoice.value)
    }, write: \.json)

  /// A number of at least 0, or `"auto"`.
  static let numberOrAutomatic = Form<DampingChoice>.word(
    "auto", .automatic, or: number, unless: "must be a number of at least 0 or \"auto\"",
    isOther: { $0.doubleValue != nil })

  private var json: JSONValue {
    switch self {
    case .value(let value): .number(value)
    case .automatic: "auto"
    }
  }
}
