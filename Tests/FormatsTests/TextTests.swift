import Formats
import JSON
import Testing

@Suite struct TextTests {
  @Test func textsAreKeysByTheirBytes() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed)
    #expect(!composed.isExactly(decomposed))
    #expect(ExactText(composed) != ExactText(decomposed))
    #expect(Set([composed, decomposed, "K", "\u{212A}"].map { ExactText($0) }).count == 4)
    #expect(ExactText("caf" + "\u{E9}") == ExactText(composed))
  }

  /// The place by line and byte, for every kind of line end.
  @Test(arguments: [
    ([UInt8]("x,y\n1,Zo".utf8) + [0xEB], 8, 2, 5),
    ([UInt8]("x,y\r\n1,\u{20AC}".utf8) + [0xE8, 0x0A], 10, 2, 6),
    ([UInt8]("a\rb\r".utf8) + [0x80], 4, 3, 1),
    ([0xC0, 0xAF], 0, 1, 1),
    ([0x61, 0xED, 0xA0, 0x80], 1, 1, 2),
    ([0xF5, 0x80, 0x80, 0x80], 0, 1, 1),
    ([0x61, 0xE2, 0x82], 1, 1, 2),
  ])
  func theFirstByteThatIsNotUTF8IsNamed(_ bytes: [UInt8], _ offset: Int, _ line: Int, _ column: Int) {
    #expect(
      TextFault(of: bytes) == .invalid(byte: bytes[offset], offset: offset, line: line, column: column))
  }

  /// The validator and the standard library agree on every sequence of two bytes, and on the critical ones of
  /// three.
  @Test func theValidatorAgreesWithTheLibrary() {
    let edges: [UInt8] = [
      0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
    ]
    for first in UInt8.min...UInt8.max {
      for second in edges {
        for third in edges {
          let bytes = [0x41, 0x42, first, second, third, 0x43]
          #expect(
            (TextFault(of: bytes) == nil) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
      }
    }
  }

  @Test func otherEncodingsAreNamed() {
    let words = Array("x,y\n1,a\n".utf16)
    let little = words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let big = words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    for bytes in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      #expect(TextFault(of: bytes) == .otherEncoding(name: "UTF-16"))
    }
    #expect(TextFault(of: [0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0]) == .otherEncoding(name: "UTF-32"))
    #expect(TextFault(of: []) == nil && TextFault(of: [0]) == nil)
    #expect(TextFault(of: Array("\u{FEFF}Zo\u{EB}, \u{1F600}\n".utf8)) == nil)
  }
}
