import JSON

/// The JSON reader. An accepted text, written in either form, is read as the same value, and the text is
/// always the same.
func checkJSON(_ bytes: [UInt8]) throws {
  let value: JSONValue
  do throws(JSONSyntaxError) {
    value = try JSONParser.parse(bytes)
  } catch {
    try require(error.offset >= 0 && error.offset <= bytes.count, "a fault outside the text")
    try require(error.line >= 1 && error.column >= 1, "a fault at no place")
    return
  }
  for indented in [false, true] {
    let text = JSONWriter.bytes(value, indented: indented)
    guard let again = try? JSONParser.parse(text) else {
      throw Finding(description: "its own text is refused")
    }
    try require(again == value, "written out anew it is read otherwise")
    try require(JSONWriter.bytes(again, indented: indented) == text, "the same value has two texts")
  }
}
