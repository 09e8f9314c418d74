import Glibc
import HTTP
import Testing

/// No cost grows faster than its input. Eight times the bytes may take at most twenty-four times the
/// processor time. A quadratic cost would take sixty-four times.
@Suite struct WorkTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// A text of about this many bytes.
    var bytes: @Sendable (Int) -> String

    init(_ name: String, _ bytes: @escaping @Sendable (Int) -> String) {
      testDescription = name
      self.bytes = bytes
    }
  }

  private static func times(_ text: String, _ count: Int) -> String {
    String(repeating: text, count: count / text.utf8.count)
  }

  static let shapes = [
    Shape("a long line") { times("a", $0) },
    Shape("a long field") { "GET / HTTP/1.1\r\nHost: a\r\nX: " + times("a", $0) },
    Shape("many short fields") { "GET / HTTP/1.1\r\nHost: a\r\n" + times("A:\r\n", $0) },
    Shape("empty lines") { times("\r\n", $0) },
    Shape("a long query") { "GET /?" + times("a=b&", $0) + " HTTP/1.1\r\nHost: a\r\n\r\n" },
    Shape("an encoded query") { "GET /?" + times("%41", $0) + " HTTP/1.1\r\nHost: a\r\n\r\n" },
    Shape("a deep path") { "GET /" + times("a/", $0) + " HTTP/1.1\r\nHost: a\r\n\r\n" },
    Shape("a path of encoded slashes") { "GET /" + times("%2F", $0) + " HTTP/1.1\r\nHost: a\r\n\r\n" },
    Shape("a long list of options") {
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + times("a,", $0) + "\r\n\r\n"
    },
    Shape("a long list of codings") {
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + times("a,", $0) + "chunked\r\n\r\n"
    },
    Shape("a long length") {
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + times("0", $0) + "5\r\n\r\nhello"
    },
    Shape("one-byte chunks") {
      story("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + times("1\r\nx\r\n", $0)
    },
    Shape("a long extension") {
      story("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + "1" + times(";a=b", $0)
        + "\r\nx\r\n"
    },
    Shape("many extensions") {
      story("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + times("1;a=\"\\b\"\r\nx\r\n", $0)
    },
    Shape("many trailers") {
      story("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + "0\r\n" + times("X:\r\n", $0)
    },
    Shape("a long pipeline") { times(get("/"), $0) },
  ]

  /// Limits that let everything through, so that what stands behind them is looked at too.
  private static let unlimited = RequestParser.Limits(
    requestLineBytes: 1 << 24, headBytes: 1 << 24, fieldCount: 1 << 24, chunkExtensionBytes: 1 << 24)

  @Test(arguments: shapes)
  func parsingIsLinear(shape: Shape) {
    expectLinear(from: 64 << 10) { count in
      let bytes = Array(shape.bytes(count).utf8)
      return { Self.parse(bytes, limits: Self.unlimited) }
    }
  }

  /// With the limits of a server the text is refused at the limit, however long it is.
  @Test(arguments: shapes.prefix(5))
  func whatIsTooLongIsRefusedAtItsLimit(shape: Shape) throws {
    let bytes = Array(shape.bytes(1 << 20).utf8)
    var parser = RequestParser()
    var fed = 0
    #expect(throws: ParseError.self) {
      for start in stride(from: 0, to: bytes.count, by: 1000) {
        let piece = Array(bytes[start..<min(bytes.count, start + 1000)])
        fed += piece.count
        var position = 0
        while try parser.next(piece.span, at: &position) != nil {}
      }
    }
    #expect(fed <= RequestParser.Limits().headBytes + 1000)
  }

  @Test(arguments: ["a/b;q=0.1,", "*/*,", "\"a\",", "W/\"a\" ,", "bytes=0-1,", ",", ";", "\""])
  func fieldsAreReadInLinearTime(member: String) throws {
    expectLinear(from: 32 << 10) { count in
      let value = Self.times(member, count)
      let fields = ["Accept", "Range", "If-Range", "If-None-Match", "If-Match", "If-Modified-Since"]
      guard let request = try? Request(.get, "/", headers: Headers(fields.map { ($0, value) })) else {
        return {}
      }
      return {
        _ = Negotiation.preferred(["application/json", "text/plain"], accept: request.headers)
        _ = ByteRange.of(request, length: 100, entityTag: EntityTag("b"))
        _ = Precondition.evaluate(request, entityTag: EntityTag("b"))
        _ = request.headers.list(named: "Accept").count
      }
    }
  }

  private static func parse(_ bytes: [UInt8], limits: RequestParser.Limits) {
    var parser = RequestParser(limits: limits)
    for start in stride(from: 0, to: bytes.count, by: 1000) {
      let piece = Array(bytes[start..<min(bytes.count, start + 1000)])
      var position = 0
      do { while try parser.next(piece.span, at: &position) != nil {} } catch { return }
    }
  }

  /// - Parameter prepare: gives the work for an input of that size; only the work counts.
  private func expectLinear(from count: Int, _ prepare: (Int) -> () -> Void) {
    let small = seconds(prepare(count))
    let large = seconds(prepare(8 * count))
    // Times below a tenth of a millisecond are lost in the clock's noise.
    #expect(large < 24 * max(small, 1e-4), "\(small) s, then \(large) s for eight times the input")
  }

  /// The least processor time of this thread in several runs.
  private func seconds(_ work: () -> Void) -> Double {
    (0..<3).map { _ in
      let began = threadTime()
      work()
      return threadTime() - began
    }.min() ?? 0
  }

  private func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
