/// The names users give to data sets and models: `[a-z0-9][a-z0-9._-]{0,62}`.
public enum ResourceName {
  public static let rule =
    "must have 1 to 63 characters out of a-z, 0-9, '.', '_', '-' and begin with a letter or a digit"

  public static func isValid(_ name: String) -> Bool {
    let bytes = name.utf8
    guard let first = bytes.first, (1...63).contains(bytes.count), isLetterOrDigit(first) else {
      return false
    }
    return bytes.allSatisfy {
      isLetterOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension FieldReader {
  /// A name of a data set or model; nil if it is absent, and with a fault if it is no name.
  public func resourceName(_ name: String) -> String? {
    value(name).flatMap { Self.resourceName($0, at: pointer.appending(name), faults) }
  }

  public func requiredResourceName(_ name: String) -> String {
    requiredValue(name) == nil ? "" : resourceName(name) ?? ""
  }

  public static func resourceName(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> String? {
    guard let text = value.stringValue else {
      faults.add("must be a string, got \(brief(value))", at: pointer)
      return nil
    }
    guard ResourceName.isValid(text) else {
      faults.add("\(ResourceName.rule), got \(brief(value))", at: pointer)
      return nil
    }
    return text
  }
}
