extension JSONWriter {
  /// One canonical text for all ways to write a value: members sorted by the bytes of their names, no white
  /// space, and only necessary escapes.
  ///
  /// Equal numbers have equal text, so that 1, 1.0 and 10e-1 are one (RFC 8259, section 4; as RFC 8785 does).
  public static func canonicalBytes(_ value: JSONValue) -> [UInt8] { bytes(canonical(value)) }

  private static func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object):
      let sorted = object.members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      return .object(JSONObject(sorted.map { ($0.name, canonical($0.value)) }))
    case .array(let elements): return .array(elements.map(canonical))
    case .number(let number):
      // −0 equals 0, and is 0 as an integer.
      return Int64(exactly: number).map(JSONValue.integer) ?? value
    default: return value
    }
  }
}
