import Datasets
import JSON

extension NormalizationChoice {
  private enum Name: String, CaseIterable { case none, standardize }

  /// As a request writes it: `"none"`, `"standardize"`, or `{"mean": …, "standard_deviation": …}`.
  public var json: JSONValue {
    switch self {
    case .none: .string(Name.none.rawValue)
    case .standardize: .string(Name.standardize.rawValue)
    case .given(let mean, let deviation):
      ["mean": JSONValue(mean), "standard_deviation": JSONValue(deviation)]
    }
  }

  /// Reads what `json` writes; a single number stands for all channels. Nil with a fault where it is wrong.
  public static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> NormalizationChoice? {
    guard case .object = value else {
      guard value.stringValue != nil else {
        faults.add(
          "must be \"none\", \"standardize\" or an object with mean and standard_deviation, got \(FieldReader.brief(value))",
          at: pointer)
        return nil
      }
      return FieldReader.choice(value, Name.self, at: pointer, faults).map {
        $0 == .none ? .none : .standardize
      }
    }
    let reader = FieldReader(value, at: pointer, faults: faults)
    func numbers(_ name: String, _ range: NumberRange) -> [Double]? {
      guard let value = reader.requiredValue(name) else { return nil }
      guard let list = value.arrayValue else {
        return FieldReader.number(value, range, at: pointer.appending(name), faults).map { [$0] }
      }
      if list.isEmpty { reader.fault(name, "must have one number, or one for each channel") }
      return reader.list(name, maximumCount: 1 << 20) { FieldReader.number($0, range, at: $1, faults) }
    }
    let mean = numbers("mean", .any)
    let deviation = numbers("standard_deviation", .positive)
    reader.finish()
    guard let mean, let deviation else { return nil }
    return .given(mean: mean, standardDeviation: deviation)
  }
}
