import JSON
import Testing

@Suite struct JSONTests {
  /// Two Unicode forms of a name are two names, and of a text two texts.
  @Test func textsAreComparedByTheirBytes() throws {
    let object = try JSONParser.parse("{\"caf\u{E9}\": 1, \"cafe\u{301}\": 2}")
    #expect(object["caf\u{E9}"] == 1 && object["cafe\u{301}"] == 2)
    #expect(object != (try JSONParser.parse("{\"cafe\u{301}\": 1, \"caf\u{E9}\": 2}")))
    #expect(object == (try JSONParser.parse("{\"cafe\u{301}\": 2, \"caf\u{E9}\": 1}")))
    #expect(JSONValue.string("caf\u{E9}") != .string("cafe\u{301}"))
    #expect(Set([JSONValue.string("K"), .string("\u{212A}")]).count == 2)
    let wide = "{}".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let fault = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([0xFF, 0xFE] + wide) }
    #expect(fault?.message.contains("UTF-16") == true)
  }

  @Test func valuesKeepWhatWasWritten() throws {
    let value = try JSONParser.parse(#" {"b": [1, -0.5, 1e3, true, null], "a": "x\u00e9\ud83d\ude00\n"} "#)
    #expect(
      value == ["a": "xé😀\n", "b": [1, -0.5, .number(1000), true, nil]])
    #expect(value.objectValue?.names == ["b", "a"])
    #expect(JSONWriter.text(value) == #"{"b":[1,-0.5,1000.0,true,null],"a":"xé😀\n"}"#)
  }

  @Test func integersStayExact() throws {
    #expect(try JSONParser.parse("9223372036854775807") == .integer(.max))
    #expect(try JSONParser.parse("-9223372036854775808") == .integer(.min))
    #expect(try JSONParser.parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
    #expect(try JSONParser.parse("9007199254740993").integerValue == 9_007_199_254_740_993)
    #expect(try JSONParser.parse("-0") == .number(-0.0))
    #expect(JSONValue.number(3).integerValue == 3)
    #expect(JSONValue.number(3.5).integerValue == nil)
  }

  @Test(arguments: [0.1, 1e-5, 1.0 / 3, .leastNonzeroMagnitude, 1.7976931348623157e308, 123456789.123, -0.0])
  func doublesReadBackAsTheSame(_ value: Double) throws {
    let read = try JSONParser.parse(JSONWriter.text(.number(value)))
    #expect(read.doubleValue?.bitPattern == value.bitPattern)
  }

  @Test func floatsAreWrittenShort() {
    #expect(JSONWriter.text(JSONValue(Float(0.1))) == "0.1")
    #expect(JSONWriter.text(.number(.nan)) == "null")
    #expect(JSONWriter.text(.number(.infinity)) == "null")
  }

  @Test(arguments: [
    ("", 1, "expected a JSON value"), ("{", 2, "a name in double quotes"), ("[1,]", 4, "expected a value"),
    ("[1 2]", 4, "expected ',' or ']'"), ("{\"a\":1,}", 8, "a name in double quotes"),
    ("01", 1, "begin with 0"),
    ("1.", 3, "after the decimal point"), ("1e", 3, "in the exponent"), ("+1", 1, "expected a value"),
    ("NaN", 1, "expected a value"), ("nul", 1, "expected null"), ("1e999", 1, "beyond the range"),
    ("\"a", 1, "closing quote"), ("\"\\x\"", 3, "unknown escape"), ("\"\\ud800\"", 2, "other half"),
    ("\"\\ud800\\u0041\"", 2, "other half"), ("\"\\udc00\"", 2, "other half"),
    ("\"\u{1}\"", 2, "control character"),
    ("{\"a\":1,\"\\u0061\":2}", 8, "twice"), ("1 2", 3, "expected the end"), ("'a'", 1, "expected a value"),
    ("[1]//", 4, "expected the end"), ("\u{FEFF}1", 1, "expected a value"), ("\"\\u00é0\"", 6, "hexadecimal"),
  ])
  func malformedTextIsRefusedWhereItIsWrong(_ text: String, _ column: Int, _ message: String) {
    let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "nothing")")
    #expect(error?.column == column)
  }

  @Test func linesAreCounted() {
    let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse("{\n  \"a\": tru\n}") }
    #expect(error?.line == 2)
    #expect(error?.column == 8)
  }

  @Test func textThatIsNotUTF8IsRefused() {
    for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
      #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(bytes) }
    }
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONParser.parse(nested(JSONParser.maximumDepth))
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(nested(JSONParser.maximumDepth + 1)) }
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(nested(500_000)) }
  }

  @Test func objectsAreEqualInAnyOrder() {
    let a: JSONObject = ["x": 1, "y": 2]
    var b: JSONObject = ["y": 2, "z": 3, "x": 1]
    b["z"] = nil
    #expect(a == b)
    #expect(a.hashValue == b.hashValue)
    #expect(b["x"] == 1)
    #expect(b.names == ["y", "x"])
  }

  @Test func manyMembersTakeLinearTime() throws {
    let text = "{" + (0..<60_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
    #expect(try JSONParser.parse(text)["k59999"] == 59999)
  }

  @Test func indentedTextReadsBack() throws {
    let value: JSONValue = ["a": [1, 2], "b": ["c": []], "d": [["e": 1], ["f": [:]]]]
    let text = JSONWriter.text(value, indented: true)
    #expect(try JSONParser.parse(text) == value)
    #expect(text.hasPrefix("{\n  \"a\": [1, 2],\n"))
  }

  @Test func oneValueHasOneCanonicalText() throws {
    for text in [
      #"{"b":[1,{"y":null,"x":0.5}],"a":"é\n"}"#,
      #" { "a" : "\u00e9\u000a", "b": [1.0, {"x": 5e-1, "y": null}] } "#,
      #"{"a":"é\n","b":[10e-1,{"x":0.50,"y":null}]}"#,
    ] {
      let bytes = JSONWriter.canonicalBytes(try JSONParser.parse(text))
      #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":"é\n","b":[1,{"x":0.5,"y":null}]}"#)
    }
    func canonical(_ text: String) throws -> [UInt8] { JSONWriter.canonicalBytes(try JSONParser.parse(text)) }
    #expect(try canonical("[1,2]") != canonical("[2,1]"))
    #expect(try canonical(#"{"a":1}"#) != canonical(#"{"a":"1"}"#))
    #expect(try canonical("9007199254740993") != canonical("9007199254740992"))
    #expect(try canonical("-0") == canonical("0.0"))
    #expect(try canonical("{}") != canonical(#"{"a":null}"#))
    // The same character in two Unicode forms is two strings.
    #expect(try canonical(#""\u00e9""#) != canonical(#""e\u0301""#))
  }
}
