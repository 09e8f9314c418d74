import HTTP
import Testing

/// However the bytes are split across reads, the parser says the same.
@Suite struct SplitTests {
  static let stories: [String] = [
    story("GET /v1/jobs/1?wait=30 HTTP/1.1", "Host: a:80", "Accept: text/plain, */*;q=0.1"),
    "\r\n" + story("POST /x HTTP/1.1", "Host: a", "Content-Length: 11", body: "hello world")
      + story("HEAD / HTTP/1.1", "Host: b", "Connection: close"),
    story(
      "PUT /y HTTP/1.1", "Host: a", "Transfer-Encoding: chunked",
      body: "5;a=\"b\"\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n")
      + story("OPTIONS * HTTP/1.1", "Host: a"),
    story("GET / HTTP/1.1", "Host: a", "Bad : x"),
    story("GET / HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"),
    story("PUT /y HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", body: "5\r\nhello\rX"),
    story(
      "PUT /y HTTP/1.1", "Host: a", "Transfer-Encoding: chunked",
      body: "1;\(String(repeating: "e", count: 70))\r\nx\r\n0\r\n\r\n"),
    story("GET /\(String(repeating: "a", count: 90)) HTTP/1.1", "Host: a"),
    story("GET / HTTP/1.1", "Host: a", "X: \(String(repeating: "a", count: 400))"),
    story("GET / HTTP/1.1", "Host: a\r", "X: y"),
    "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET /%zz HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]
  private static let limits = RequestParser.Limits(
    requestLineBytes: 80, headBytes: 300, fieldCount: 10, chunkExtensionBytes: 40)

  @Test(arguments: stories)
  func everySplitInTwoOrThreeGivesTheSame(text: String) {
    let bytes = Array(text.utf8)
    let whole = ParsedBytes([bytes], limits: Self.limits)
    for first in 0...bytes.count {
      #expect(ParsedBytes([Array(bytes[..<first]), Array(bytes[first...])], limits: Self.limits) == whole)
      for length in [1, 2, 7] where first + length <= bytes.count {
        let pieces = [bytes[..<first], bytes[first..<first + length], bytes[(first + length)...]].map {
          Array($0)
        }
        #expect(ParsedBytes(pieces, limits: Self.limits) == whole)
      }
    }
    #expect(ParsedBytes(bytes.map { [$0] }, limits: Self.limits) == whole)
  }

  /// Every case of the wire in every two pieces, byte by byte, and in random pieces. Long cases are split at
  /// some places.
  @Test(arguments: WireCases.refused.map(\.bytes) + WireCases.accepted.map(\.bytes))
  func everyCaseIsTheSameForEverySplit(text: String) {
    let bytes = Array(text.utf8)
    let whole = ParsedBytes([bytes])
    for first in stride(from: 0, through: bytes.count, by: bytes.count < 1000 ? 1 : bytes.count / 40) {
      #expect(ParsedBytes([Array(bytes[..<first]), Array(bytes[first...])]) == whole)
    }
    #expect(ParsedBytes(bytes.map { [$0] }) == whole)
    var random = Mutations(seed: UInt64(bytes.count))
    for longest in [2, 5, 40, 1000] {
      var pieces: [[UInt8]] = []
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + random.next(below: longest + 1))
        pieces.append(Array(bytes[start..<end]))
        start = end
      }
      #expect(ParsedBytes(pieces) == whole)
    }
  }

  /// Mutated stories. The parser neither traps nor hangs. Errors are the same for whole bytes and single
  /// ones. Every body lies within the input.
  @Test func mutatedBytesGiveTheSameWholeAndSingly() {
    var random = Mutations(seed: 20)
    for round in 0..<4000 {
      let bytes = random.mutate(Array(Self.stories[round % Self.stories.count].utf8))
      let whole = ParsedBytes([bytes], limits: Self.limits)
      #expect(ParsedBytes(bytes.map { [$0] }, limits: Self.limits) == whole)
      #expect(whole.messages.reduce(0) { $0 + $1.body.count } <= bytes.count)
    }
  }
}

/// A seeded source of damaged bytes.
struct Mutations {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea and Flood 2014).
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
  }

  private static let spice = Array("\r\n\t :;,=\"%/?#[]0159afAF\0\u{7f}".utf8) + [0x80, 0xFF]

  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...next(below: 4) where !bytes.isEmpty {
      let place = next(below: bytes.count)
      let byte = Self.spice[next(below: Self.spice.count)]
      switch next(below: 5) {
      case 0: bytes[place] = byte
      case 1: bytes.insert(byte, at: place)
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + next(below: 40))], at: place)
      default: bytes.removeSubrange(place..<min(bytes.count, place + next(below: 10)))
      }
    }
    return bytes
  }
}
