import HTTP
import Testing

@Suite struct TargetTests {
  private func request(_ target: String, _ method: HTTP.Method = .get) throws(ParseError) -> Request {
    try Request(method, target)
  }

  private func fault(_ target: String) -> ParseError? {
    ParsedBytes(story("GET \(target) HTTP/1.1", "Host: a")).error
  }

  @Test func segmentsAreDecodedOneByOne() throws {
    #expect(try request("/").pathSegments == [])
    #expect(try request("/a/").pathSegments == ["a", ""])
    #expect(try request("//a").pathSegments == ["", "a"])
    #expect(try request("/caf%C3%A9/a%2Fb").pathSegments == ["café", "a/b"])
    #expect(try request("/caf%C3%A9").path == "/café")
    #expect(try request("/a+b").pathSegments == ["a+b"])
    #expect(try request("/a;v=1/b@c:d,e!$&'()*=").pathSegments == ["a;v=1", "b@c:d,e!$&'()*="])
    #expect(try request("/...").pathSegments == ["..."])
  }

  @Test func theQueryIsDecoded() throws {
    let items = try request("/?a=1&b=x+y%26z&c&d=&&e=f=g&%C3%A9=%0A").query
    #expect(items.map(\.name) == ["a", "b", "c", "d", "e", "é"])
    #expect(items.map(\.value) == ["1", "x y&z", "", "", "f=g", "\n"])
    #expect(try request("/?a/b?c").query == [.init(name: "a/b?c", value: "")])
    #expect(try request("/?").query.isEmpty)
  }

  @Test(arguments: [
    "/%", "/%4", "/%zz", "/%C3", "/%FF", "/a%00b", "/?q=%", "/?q=%00", "/?q=%E2%82", "/?%G0=1",
  ])
  func percentEncodingIsStrict(target: String) { #expect(fault(target) == .invalidPercentEncoding) }

  @Test(arguments: [
    "/..", "/../a", "/a/..", "/a/../b", "/.", "/./a", "/%2e%2e/a", "/.%2E/a", "/%2e", "/a%2F..%2Fb",
    "/a%2F..", "/..%2Fa",
    "/a%0Ab", "/a%7Fb",
  ])
  func noPathStepsUpwardsOrHidesControls(target: String) { #expect(fault(target) == .forbiddenPath) }

  @Test(arguments: [
    "a", "*", "?a", "/a#b", "/<a>", "/a\\b", "/a|b", "/a^b", "/\"", "/{a}", "/a`", "/é", "/?a[0]=1",
    "ftp://a/", "http:/a", "http://",
    "http:///a", "http://a@b/", "http://a b/", "//", "mailto:x",
  ])
  func otherTargetsAreRefused(target: String) {
    if target == "//" {
      #expect(fault(target) == nil)
    } else if target.contains(" ") {
      #expect(fault(target) == .malformedRequestLine)
    } else {
      #expect(fault(target) == .invalidTarget)
    }
  }

  @Test func anAbsoluteTargetOverridesHost() throws {
    let parsed = ParsedBytes(story("GET HTTP://b.example:81/x?y=z HTTP/1.1", "Host: a"))
    let request = try #require(parsed.messages.first?.request)
    #expect(request.authority == "b.example:81")
    #expect(request.path == "/x" && request.query("y") == "z")
    #expect(try self.request("http://b").path == "/")
    #expect(try self.request("https://b?q=1").query("q") == "1")
    #expect(ParsedBytes(story("GET http://b/ HTTP/1.1")).error == .missingHost)
  }

  @Test func theAsteriskIsForOptions() throws {
    #expect(try request("*", .options).path == "*")
    #expect(try request("*", .options).pathSegments == [])
    #expect(throws: ParseError.invalidTarget) { try request("*", .get) }
  }
}
