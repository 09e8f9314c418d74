import HTTP
import JSON
import Jobs

/// Responses that operations share.
extension OpenAPI {
  /// Errors of any request, before a handler runs or of the service itself.
  static let commonErrors = [400, 408, 414, 417, 421, 431, 500, 503]
  /// Errors of a request that changes something. A page of another origin must not change anything.
  static let changeErrors = [403]
  /// Errors of a request with a body.
  static let bodyErrors = [411, 413, 415, 422]

  private static let errors = Set(
    commonErrors + changeErrors + bodyErrors + [401, 404, 406, 409, 412, 416, 429, 507])

  /// The responses that `problem` refers to.
  static var problemResponses: JSONObject {
    JSONObject(errors.sorted().map { (name(of: $0), problemResponse($0)) })
  }

  /// A reference to the response of an error.
  static func problem(_ status: Int) -> JSONValue {
    ["$ref": .string("#/components/responses/\(name(of: status))")]
  }

  private static func name(of status: Int) -> String {
    Status(status).reason.filter { $0 != " " && $0 != "-" }
  }

  private static func problemResponse(_ status: Int) -> JSONValue {
    var headers: JSONObject = [:]
    switch status {
    case 401: headers["WWW-Authenticate"] = header("How to authenticate.", required: true)
    case 415: headers["Accept"] = header("What is taken instead.")
    case 416: headers["Content-Range"] = header("The length of the whole.", required: true)
    case 429: headers["Retry-After"] = header("Seconds.", Schema.integer(from: 0), required: true)
    case 503: headers["Retry-After"] = header("Seconds.", Schema.integer(from: 0))
    default: break
    }
    var response: JSONObject = [
      "description": .string(Status(status).reason),
      "content": ["application/problem+json": ["schema": Schema.ref("Problem")]],
    ]
    if !headers.isEmpty { response["headers"] = .object(headers) }
    return .object(response)
  }

  // MARK: Answers

  static func header(
    _ description: String, _ schema: JSONValue = Schema.string, required: Bool = false
  ) -> JSONValue {
    var header: JSONObject = ["description": .string(description), "schema": schema]
    if required { header["required"] = true }
    return .object(header)
  }

  /// JSON, and a table of text if the client asks for it.
  static func answer(_ description: String, _ schema: JSONValue, text: Bool = false) -> JSONValue {
    var content: JSONObject = ["application/json": ["schema": schema]]
    if text { content["text/plain"] = ["schema": Schema.string] }
    return ["description": .string(description), "content": .object(content)]
  }

  /// The answer to a request that made a resource, whose path is in `Location`.
  static func made(_ description: String, _ schema: JSONValue) -> JSONValue {
    adding(
      ["Location": header("The path of what was made.", required: true)], to: answer(description, schema))
  }

  static func page(_ schema: String) -> JSONObject {
    let body = Schema.answer(["items": Schema.array(Schema.ref(schema), maximum: 500)])
    return [
      "200": adding(
        ["Link": header("The next page, rel=\"next\"; absent on the last one.")],
        to: answer("Newest first.", body, text: true))
    ]
  }

  static func plain(_ description: String, _ type: String) -> JSONValue {
    ["description": .string(description), "content": .object([type: ["schema": Schema.string]])]
  }

  /// Bytes, in full or in part.
  static var blob: JSONObject {
    let headers: JSONObject = [
      "Accept-Ranges": header("Ranges are served.", Schema.constant("bytes"), required: true)
    ]
    let whole = headers.merging([
      "Content-Disposition": header("A file name that says what it is.", required: true)
    ])
    let bytes: JSONValue = ["application/octet-stream": [:]]
    return [
      "200": ["description": "The whole blob.", "content": bytes, "headers": .object(whole)],
      "206": [
        "description": "A part of it.", "content": bytes,
        "headers": .object(whole.merging(["Content-Range": header("Which part.", required: true)])),
      ],
    ]
  }

  static func adding(_ headers: JSONObject, to response: JSONValue) -> JSONValue {
    guard case .object(var object) = response else { return response }
    object["headers"] = .object((object["headers"]?.objectValue ?? [:]).merging(headers))
    return .object(object)
  }

  /// An answer with links to the next operations, each with the parameter that the operation takes from the
  /// answer.
  static func linked(_ response: JSONValue, _ parameter: String, _ pointer: String, _ operations: [String])
    -> JSONValue
  {
    guard case .object(var object) = response else { return response }
    object["links"] = .object(
      JSONObject(
        operations.map { operation in
          let parameters: JSONObject = [parameter: .string("$response.body#\(pointer)")]
          return (
            operation, ["operationId": .string(operation), "parameters": .object(parameters)]
          )
        }))
    return .object(object)
  }
}
