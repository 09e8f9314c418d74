import JSON

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
  /// A name of a data set or model; nil where it is absent, and with a fault where it is none.
  public func resourceName(_ name: String) -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.stringValue else {
      fault(name, "must be a string, got \(Self.brief(value))")
      return nil
    }
    guard ResourceName.isValid(text) else {
      fault(name, "\(ResourceName.rule), got \(Self.brief(value))")
      return nil
    }
    return text
  }

  public func requiredResourceName(_ name: String) -> String {
    requiredValue(name) == nil ? "" : resourceName(name) ?? ""
  }
}
