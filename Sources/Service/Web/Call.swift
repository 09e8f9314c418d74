import Formats
import HTTP
import JSON
import Jobs

/// A request on its way to a route's handler.
struct Call: Sendable {
  let request: Request
  let parameters: Router<Route>.Parameters
  /// The whole body, if the route takes JSON.
  var body: [UInt8] = []

  /// The segment of the path that the route's pattern names. The router has found it.
  func parameter(_ name: String) -> String { parameters[name] ?? "" }

  // MARK: Representation

  enum Representation { case json, text }

  /// JSON, or a table if the client asks for `text/plain`.
  ///
  /// Throws a `Problem` (406) if neither is acceptable.
  func representation() throws(Problem) -> Representation {
    switch Negotiation.preferred(["application/json", "text/plain"], accept: request.headers) {
    case "application/json": return .json
    case "text/plain": return .text
    default:
      throw Problem(.notAcceptable, "this is available as application/json and as text/plain")
    }
  }

  /// The body's JSON.
  func json() throws -> JSONValue { try JSONParser.parse(body) }

  /// Refuses a body of another type than JSON, and a request without a body.
  func checkJSONBody(_ announced: RequestBody) throws(Problem) {
    try checkEncoding()
    if let type = mediaType, type != "application/json", !type.hasSuffix("+json") {
      throw Problem(
        .unsupportedMediaType,
        "the body must be sent as Content-Type: application/json, got \(FieldReader.brief(.string(type)))",
        headers: ["Accept": "application/json"])
    }
    if request.framing == .none {
      throw Problem(.lengthRequired, "a JSON body is needed, with Content-Length or in chunks")
    }
  }

  /// Refuses a body that is not announced as bytes.
  func checkBlobBody() throws(Problem) {
    try checkEncoding()
    if let type = mediaType, type != "application/octet-stream", type != "application/x-www-form-urlencoded" {
      let advice =
        type == "multipart/form-data" ? "; send the file as the body itself, as curl does with -T FILE" : ""
      throw Problem(
        .unsupportedMediaType,
        "the body must be application/octet-stream, got \(FieldReader.brief(.string(type)))\(advice)",
        headers: ["Accept": "application/octet-stream"])
    }
    if request.framing == .none {
      throw Problem(.lengthRequired, "a body is needed, with Content-Length or in chunks")
    }
  }

  private func checkEncoding() throws(Problem) {
    let codings = request.headers.list(named: "Content-Encoding").filter { $0.lowercased() != "identity" }
    guard codings.isEmpty else {
      throw Problem(
        .unsupportedMediaType, "the body must not be encoded, got \(codings.joined(separator: ", "))",
        headers: ["Accept-Encoding": "identity"])
    }
  }

  private var mediaType: String? {
    request.headers.first(named: "Content-Type").map {
      String($0.prefix { $0 != ";" }).lowercased().filter { $0 != " " && $0 != "\t" }
    }
  }

  /// `value` as JSON, or the table that `text` makes if the client asks for text.
  func respond(
    _ value: @autoclosure () throws -> JSONValue, headers: Headers = [:],
    text: ((JSONValue) -> String)? = nil
  ) throws -> Response {
    let representation = try representation()
    let value = try value()
    switch representation {
    case .json: return .json(value, headers: headers)
    case .text:
      return .table(text?(value) ?? TextTable.object(value.objectValue ?? ["value": value]), headers: headers)
    }
  }

  /// A page of a collection: the items, and the link to the next page.
  func respond(
    items: [JSONValue], next: String?, text: ([JSONValue]) -> String = TextTable.list
  ) throws -> Response {
    var headers: Headers = [:]
    if let link = link(next: next) { headers.set("Link", link) }
    switch try representation() {
    case .json: return .json(["items": .array(items)], headers: headers)
    case .text: return .table(items.isEmpty ? "nothing yet\n" : text(items), headers: headers)
    }
  }

  // MARK: Query

  /// Refuses query parameters that the route does not know.
  func checkQuery(_ known: String...) throws(Problem) { try checkQuery(known) }

  func checkQuery(_ known: [String]) throws(Problem) {
    var seen: Set<String> = []
    for item in request.query {
      guard known.contains(item.name) else {
        throw Problem(
          .badRequest,
          "the query parameter \(FieldReader.brief(.string(item.name))) is not known here"
            + Spelling.suggestion(for: item.name, among: known))
      }
      guard seen.insert(item.name).inserted else {
        throw Problem(.badRequest, "the query parameter \"\(item.name)\" is given more than once")
      }
    }
  }

  func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(Problem) -> Int {
    guard let text = request.query(name) else { return standard }
    guard let value = Int(text), range.contains(value), !text.hasPrefix("+") else {
      throw Problem(
        .badRequest,
        "the query parameter \"\(name)\" must be an integer between \(range.lowerBound) and \(range.upperBound), got \(FieldReader.brief(.string(text)))"
      )
    }
    return value
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws(Problem) -> Choice? {
    try choice(name, of: Choice.allCases.map(\.rawValue)).flatMap(Choice.init)
  }

  func choice(_ name: String, of names: [String]) throws(Problem) -> String? {
    guard let text = request.query(name) else { return nil }
    if names.contains(text) { return text }
    throw Problem(
      .badRequest,
      "the query parameter \"\(name)\" must be \(FieldReader.words(names, joinedBy: "or")), got \(FieldReader.brief(.string(text)))"
        + Spelling.suggestion(for: text, among: names))
  }

  /// A name of a data set or model.
  func resourceName(_ name: String) throws(Problem) -> String? {
    guard let text = request.query(name) else { return nil }
    guard ResourceName.isValid(text) else {
      throw Problem(
        .badRequest,
        "the query parameter \"\(name)\" \(ResourceName.rule), got \(FieldReader.brief(.string(text)))")
    }
    return text
  }

  // MARK: Paging

  struct Paging {
    var limit: Int
    var after: String?
  }

  func paging() throws(Problem) -> Paging {
    let limit = try integer("limit", in: 1...500, default: 50)
    let after = request.query("after")
    if let after, !Self.isIdentifier(after) {
      throw Problem(
        .badRequest,
        "the query parameter \"after\" must be the id of an item, got \(FieldReader.brief(.string(after)))")
    }
    return Paging(limit: limit, after: after)
  }

  /// Whether the text has the form of an id: 1 to 64 letters, digits, `.`, `_`, `-`.
  static func isIdentifier(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// `Link` to the next page: the same query with another `after` (RFC 8288).
  func link(next: String?) -> String? {
    guard let next else { return nil }
    let query = request.query.filter { $0.name != "after" } + [.init(name: "after", value: next)]
    let text = query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
    return "<\(request.pathSegments.map { "/" + Self.escaped($0) }.joined())?\(text)>; rel=\"next\""
  }

  /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return escaped
  }

  // MARK: Idempotency

  struct IdempotencyKey: Sendable {
    /// The key with the method and path. The same key may be used on two routes.
    var key: String
    /// The digest of the body's JSON in canonical form, or of the bytes if they are no JSON.
    var body: SHA256.Digest
    /// The digest of the bytes, as earlier versions of the program stored it.
    var bytes: SHA256.Digest
  }

  /// The key of the request, if it has one.
  ///
  /// Throws a `Problem` if the key is malformed.
  func idempotencyKey() throws(Problem) -> IdempotencyKey? {
    let values = request.headers.all(named: "Idempotency-Key")
    guard let key = values.first else { return nil }
    guard values.count == 1, (1...255).contains(key.utf8.count),
      key.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
    else {
      throw Problem(.badRequest, "Idempotency-Key must be one value of 1 to 255 printable ASCII characters")
    }
    let bytes = SHA256.digest(of: body)
    let canonical = (try? JSONParser.parse(body)).map { SHA256.digest(of: JSONWriter.canonicalBytes($0)) }
    return IdempotencyKey(
      key: "\(request.method) \(request.path) \(key)", body: canonical ?? bytes, bytes: bytes)
  }
}
