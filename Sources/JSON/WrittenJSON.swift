/// One JSON value as text that `JSONWriter` wrote, such as a stored result: it enters an answer without being read again.
public struct WrittenJSON: Sendable {
  public let text: String

  public static let null = WrittenJSON(.null)

  public init(_ value: JSONValue) { text = JSONWriter.text(value) }

  /// Takes text that the caller kept since `JSONWriter` wrote it; builds for debugging check it.
  public init(stored text: String) {
    assert((try? JSONParser.parse(text)) != nil, "Stored JSON is text that JSONWriter wrote.")
    self.text = text
  }
}

/// A JSON object written member by member, some from values and some from text that is written already.
///
/// The bytes are those that `JSONWriter` would write of the same members.
public struct WrittenObject: Sendable {
  private var output: [UInt8] = [UInt8(ascii: "{")]

  public init() {}

  /// Appends a member; each name is to be appended once.
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
