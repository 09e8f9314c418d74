import JSON

/// A model's loss, as a request names it.
public enum LossChoice: Hashable, Sendable {
  case crossEntropy
  case meanSquaredError
  /// The smooth hinge at temperature t.
  case hinge(temperature: Double)

  enum Name: String, CaseIterable, Sendable {
    case crossEntropy = "cross_entropy"
    case meanSquaredError = "mse"
    case hinge
  }

  /// Reads a name, or an object with a `name` and the loss's options.
  static func read(_ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults) -> LossChoice? {
    guard case .object = value else {
      return FieldReader.choice(value, Name.self, at: pointer, faults).map(standard)
    }
    let reader = FieldReader(value, at: pointer, faults: faults)
    guard reader.requiredValue("name") != nil, let name = reader.choice("name", Name.self) else { return nil }
    defer { reader.finish() }
    guard name == .hinge else { return standard(name) }
    return .hinge(temperature: reader.number("temperature", .positive, default: 1))
  }

  private static func standard(_ name: Name) -> LossChoice {
    switch name {
    case .crossEntropy: .crossEntropy
    case .meanSquaredError: .meanSquaredError
    case .hinge: .hinge(temperature: 1)
    }
  }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let read = Self.read(json, at: .root, faults)
    try faults.throwIfAny()
    guard let read else { throw RequestRejection(faults: []) }
    self = read
  }

  public var json: JSONValue {
    switch self {
    case .crossEntropy: .string(Name.crossEntropy.rawValue)
    case .meanSquaredError: .string(Name.meanSquaredError.rawValue)
    case .hinge(let temperature):
      ["name": .string(Name.hinge.rawValue), "temperature": .number(temperature)]
    }
  }
}

/// How many samples a computation takes.
public enum SampleCount: Hashable, Sendable {
  case all
  case count(Int)

  /// Reads a number from 1, or `"all"`.
  static func read(_ reader: FieldReader, _ name: String, default standard: SampleCount) -> SampleCount {
    guard let value = reader.value(name) else { return standard }
    if value == "all" { return .all }
    guard value.doubleValue != nil else {
      reader.fault(name, "must be an integer or \"all\", got \(FieldReader.brief(value))")
      return standard
    }
    return reader.integer(name, in: 1...Int.max).map(SampleCount.count) ?? standard
  }

  public var json: JSONValue {
    switch self {
    case .all: "all"
    case .count(let count): JSONValue(count)
    }
  }
}
