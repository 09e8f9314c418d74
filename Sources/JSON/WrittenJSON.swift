/// One JSON value as text that `JSONWriter` wrote, such as a stored result. It enters an answer without being
/// parsed.
public struct WrittenJSON: Sendable {
  public let text: String

  public static let null = WrittenJSON(.null)

  public init(_ value: JSONValue) { text = JSONWriter.text(value) }

  /// Takes text that `JSONWriter` wrote earlier. Debug builds check it.
  public init(stored text: String) {
    assert((try? JSONParser.parse(text)) != nil, "Stored JSON is text that JSONWriter wrote.")
    self.text = text
  }
}

/// A JSON object written member by member, from values and from text that is already written.
///
/// The bytes equal those that `JSONWriter` writes for the same members.
public struct WrittenObject: Sendable {
  private var output: [UInt8] = [UInt8(ascii: "{")]

  public init() {}

  /// Appends a member. Each name may be appended only once.
  public mutating func append(_ name: String, _ value: WrittenJSON) {
    if output.count > 1 { output.append(UInt8(ascii: ",")) }
    output.append(contentsOf: JSONWriter.bytes(.string(name)))
    output.append(UInt8(ascii: ":"))
    output.append(contentsOf: value.text.utf8)
  }

  public mutating func append(_ name: String, _ value: JSONValue) { append(name, WrittenJSON(value)) }

  /// The whole object.
  public var bytes: [UInt8] { output + [UInt8(ascii: "}")] }
}
