/// Why a request could not be received or was not answered.
public enum HTTPError: Error, Equatable, Sendable {
  case malformed(ParseError)
  /// The head did not come within its deadline.
  case headTimeout
  /// The body did not come within its deadline.
  case bodyTimeout
  case bodyTooLarge(limit: Int)
  /// The body was asked for twice, or after the response.
  case bodyTaken
  /// The connection is gone, or the client closed it before the request was complete.
  case disconnected
  case tooManyConnections
  /// The bodies that are being received take all the memory allowed for them.
  case overloaded
  case stopping
  /// The handler dropped the exchange without a response.
  case unanswered
  /// A stream was given more bytes than its length, or bytes after its end.
  case bodyOverrun(length: Int)

  public var status: Status {
    switch self {
    case .malformed(let error): error.status
    case .headTimeout, .bodyTimeout: .requestTimeout
    case .bodyTooLarge: .contentTooLarge
    case .disconnected: .badRequest
    case .tooManyConnections, .overloaded, .stopping: .serviceUnavailable
    case .bodyTaken, .unanswered, .bodyOverrun: .internalServerError
    }
  }

  public var detail: String {
    switch self {
    case .malformed(let error): error.detail
    case .headTimeout: "the head of the request did not arrive in time"
    case .bodyTimeout: "the body of the request did not arrive in time"
    case .bodyTooLarge(let limit): "the body is larger than the \(limit) bytes taken here"
    case .bodyTaken: "the body can be taken once, before the response"
    case .disconnected: "the connection ended before the request was complete"
    case .tooManyConnections: "too many connections are open"
    case .overloaded: "the bodies being received take all the memory allowed for them"
    case .stopping: "the server is stopping"
    case .unanswered: "the request was not answered"
    case .bodyOverrun(let length): "the stream ended, or took more than its \(length) bytes"
    }
  }

  /// The error as `application/problem+json` (RFC 9457).
  public var problem: Response {
    let text =
      "{\"type\":\"about:blank\",\"title\":\"\(status.reason)\",\"status\":\(status.code),"
      + "\"detail\":\"\(detail)\"}\n"
    var response = Response(status, text: text, type: "application/problem+json")
    if status == .serviceUnavailable { response.headers.add("Retry-After", "1") }
    return response
  }
}
