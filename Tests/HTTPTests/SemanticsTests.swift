import HTTP
import Testing

@Suite struct DateTests {
  @Test(arguments: [
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ])
  func datesGoBothWays(seconds: Int, text: String) {
    #expect(HTTPDate.string(secondsSince1970: seconds) == text)
    #expect(HTTPDate.seconds(text) == seconds)
  }

  @Test func aLeapSecondCountsAsTheOneBeforeIt() {
    #expect(HTTPDate.seconds("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_799)
    #expect(HTTPDate.seconds("Fri, 31 Dec 9999 23:59:60 GMT") == 253_402_300_799)
    #expect(HTTPDate.seconds("Sun, 31 Dec 2016 23:59:60 GMT") == nil)
    #expect(HTTPDate.seconds("Sun, 31 Feb 1994 08:49:60 GMT") == nil)
  }

  @Test func everyDayOfFourCenturiesReturns() {
    for day in stride(from: 0, to: 146_097, by: 13) {
      let seconds = day * 86_400 + day % 86_400
      #expect(HTTPDate.seconds(HTTPDate.string(secondsSince1970: seconds)) == seconds)
    }
  }

  @Test(arguments: [
    "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
  ])
  func otherTextIsNoDate(text: String) { #expect(HTTPDate.seconds(text) == nil) }
}

@Suite struct ByteRangeTests {
  private let tag = EntityTag("abc")

  private func range(_ headers: Headers, method: HTTP.Method = .get, length: Int = 100) throws -> ByteRange {
    ByteRange.of(try Request(method, "/", headers: headers), length: length, entityTag: tag)
  }

  @Test(arguments: [
    ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=10-19", .part(10..<20)), ("bytes=90-", .part(90..<100)),
    ("bytes=90-1000", .part(90..<100)), ("bytes=-5", .part(95..<100)), ("bytes=-500", .part(0..<100)),
    ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
    ("bytes=99999999999999999999-", .unsatisfiable),
    ("bytes=0-99999999999999999999", .part(0..<100)), ("Bytes= 1-2", .part(1..<3)),
    ("bytes=2-1", .whole), ("bytes=a-b", .whole), ("bytes=", .whole), ("bytes=-", .whole),
    ("items=0-1", .whole),
    ("bytes=0-1,5-6", .whole), ("bytes=1", .whole), ("bytes=+1-2", .whole),
  ])
  func rangesOfAHundredBytes(specifier: String, expected: ByteRange) throws {
    #expect(try range(["Range": specifier]) == expected)
  }

  @Test func nothingSatisfiesAnEmptyRepresentation() throws {
    #expect(try range(["Range": "bytes=0-"], length: 0) == .unsatisfiable)
    #expect(try range(["Range": "bytes=-1"], length: 0) == .unsatisfiable)
  }

  @Test func ifRangeMustMatchStrongly() throws {
    #expect(try range(["Range": "bytes=1-", "If-Range": "\"abc\""]) == .part(1..<100))
    #expect(try range(["Range": "bytes=1-", "If-Range": "W/\"abc\""]) == .whole)
    #expect(try range(["Range": "bytes=1-", "If-Range": "\"abd\""]) == .whole)
    #expect(try range(["Range": "bytes=1-", "If-Range": "nonsense"]) == .whole)
    #expect(try range(["Range": "bytes=1-"], method: .put) == .whole)
    let request = try Request(
      .get, "/", headers: ["Range": "bytes=1-", "If-Range": "Thu, 01 Jan 1970 00:00:10 GMT"])
    #expect(ByteRange.of(request, length: 9, entityTag: nil, modified: 10) == .part(1..<9))
    #expect(ByteRange.of(request, length: 9, entityTag: nil, modified: 11) == .whole)
  }

  @Test func theRangeIsSaid() {
    #expect(ByteRange.part(10..<20).contentRange(length: 100) == "bytes 10-19/100")
    #expect(ByteRange.unsatisfiable.contentRange(length: 100) == "bytes */100")
    #expect(ByteRange.whole.contentRange(length: 100) == nil)
  }
}

@Suite struct PreconditionTests {
  private func evaluate(
    _ headers: Headers, _ method: HTTP.Method = .get, tag: EntityTag? = EntityTag("a"), modified: Int? = nil
  ) throws -> Precondition {
    Precondition.evaluate(try Request(method, "/", headers: headers), entityTag: tag, modified: modified)
  }

  @Test func ifNoneMatchComparesWeakly() throws {
    #expect(try evaluate(["If-None-Match": "\"a\""]) == .notModified)
    #expect(try evaluate(["If-None-Match": "\"x\", W/\"a\""]) == .notModified)
    #expect(try evaluate(["If-None-Match": "*"], .head) == .notModified)
    #expect(try evaluate(["If-None-Match": "*"], .put) == .failed)
    #expect(try evaluate(["If-None-Match": "*"], .put, tag: nil) == .proceed)
    #expect(try evaluate(["If-None-Match": "\"x\""]) == .proceed)
    #expect(try evaluate(["If-None-Match": "a"]) == .proceed)
    #expect(try evaluate(["If-None-Match": "\"a,b\""], tag: EntityTag("a,b")) == .notModified)
  }

  @Test func ifMatchComparesStrongly() throws {
    #expect(try evaluate(["If-Match": "\"a\""], .put) == .proceed)
    #expect(try evaluate(["If-Match": "W/\"a\""], .put) == .failed)
    #expect(try evaluate(["If-Match": "*"], .put, tag: nil) == .failed)
  }

  @Test func datesCountWhereTagsAreNotGiven() throws {
    let date = HTTPDate.string(secondsSince1970: 100)
    #expect(try evaluate(["If-Modified-Since": date], modified: 100) == .notModified)
    #expect(try evaluate(["If-Modified-Since": date], modified: 101) == .proceed)
    #expect(try evaluate(["If-Modified-Since": date, "If-None-Match": "\"x\""], modified: 100) == .proceed)
    #expect(try evaluate(["If-Unmodified-Since": date], .put, modified: 101) == .failed)
  }
}

@Suite struct NegotiationTests {
  private let offers = ["application/json", "text/plain"]

  @Test(arguments: [
    ("*/*", "application/json"), ("text/plain", "text/plain"), ("text/*", "text/plain"),
    ("text/html, */*;q=0.1", "application/json"),
    ("application/json;q=0.5, text/plain", "text/plain"), ("*/*, application/json;q=0.2", "text/plain"),
    ("TEXT/PLAIN;charset=utf-8;q=1.000", "text/plain"), ("garbage", "application/json"),
    ("", "application/json"),
  ])
  func theBestOfferIsChosen(accept: String, expected: String) {
    #expect(Negotiation.preferred(offers, accept: ["Accept": accept]) == expected)
  }

  @Test func nothingMayBeAcceptable() {
    #expect(Negotiation.preferred(offers, accept: ["Accept": "image/png"]) == nil)
    #expect(Negotiation.preferred(offers, accept: ["Accept": "*/*;q=0"]) == nil)
    #expect(Negotiation.preferred(offers, accept: [:]) == "application/json")
  }
}

@Suite struct RouterTests {
  private var router: Router<String> {
    var router = Router<String>()
    router.add(.get, "/", "root")
    router.add(.get, "/v1/jobs", "jobs")
    router.add(.post, "/v1/jobs", "create")
    router.add(.get, "/v1/jobs/{id}", "job")
    router.add(.get, "/v1/jobs/{id}/artifacts/{name}", "artifact")
    router.add(.get, "/v1/jobs/latest", "latest")
    router.add(.delete, "/v1/jobs/{job}", "delete")
    return router
  }

  private func answer(_ method: HTTP.Method, _ path: String) throws -> String {
    switch router.match(try Request(method, path)) {
    case .found(let route, let parameters):
      ([route.handler] + parameters.all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(
        separator: " ")
    case .methodNotAllowed(let allow): "allow " + allow.map(\.rawValue).joined(separator: " ")
    case .notFound: "none"
    }
  }

  @Test(arguments: [
    (HTTP.Method.get, "/", "root"), (.get, "/v1/jobs", "jobs"), (.head, "/v1/jobs", "jobs"),
    (.get, "/v1/jobs/7", "job id=7"),
    (.delete, "/v1/jobs/7", "delete job=7"), (.get, "/v1/jobs/latest", "latest"),
    (.delete, "/v1/jobs/latest", "delete job=latest"),
    (.get, "/v1/jobs/7/artifacts/a%2Fb", "artifact id=7 name=a/b"), (.put, "/v1/jobs", "allow GET HEAD POST"),
    (.put, "/v1/jobs/latest", "allow GET HEAD DELETE"), (.get, "/v1", "none"), (.get, "/v1/jobs/", "none"),
    (.get, "/v1/jobs/7/artifacts", "none"), (.get, "//v1/jobs", "none"), (.options, "*", "none"),
  ])
  func pathsFindTheirRoutes(method: HTTP.Method, path: String, expected: String) throws {
    #expect(try answer(method, path) == expected)
  }
}
