import JSON

/// How many samples a computation takes.
public enum SampleCount: Hashable, Sendable {
  case all
  case count(Int)

  /// A number from 1, or `"all"`.
  public static let form: Form<SampleCount> = {
    let count = Form<Int>.integer(1...Int.max)
    return Form(
      schema: Schema.anyOf(count.schema, Schema.constant("all")), words: "\(count.words), or `all`",
      read: { value, pointer, faults in
        if value == "all" { return .all }
        guard value.doubleValue != nil else {
          faults.add("must be an integer or \"all\", got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return count.read(value, pointer, faults).map(SampleCount.count)
      }, write: \.json)
  }()

  public var json: JSONValue {
    switch self {
    case .all: "all"
    case .count(let count): JSONValue(count)
    }
  }
}
