import Datasets
import Formats
import HTTP
import JSON
import Jobs
import Storage

/// An error in the form that clients receive: `application/problem+json` (RFC 9457).
struct Problem: Error {
  var status: Status
  var detail: String
  /// The faults of a body, each with its pointer.
  var faults: [RequestFault] = []
  var headers: Headers = [:]

  init(_ status: Status, _ detail: String, faults: [RequestFault] = [], headers: Headers = [:]) {
    self.status = status
    self.detail = detail
    self.faults = faults
    self.headers = headers
  }

  var json: JSONValue {
    var object: JSONObject = [
      "type": "about:blank", "title": .string(status.reason), "status": JSONValue(status.code),
      "detail": .string(detail),
    ]
    if !faults.isEmpty { object["errors"] = .array(faults.map(\.json)) }
    return .object(object)
  }

  var response: Response {
    var headers = headers
    headers.set("Content-Type", "application/problem+json")
    headers.set("Cache-Control", "no-store")
    var body = JSONWriter.bytes(json)
    body.append(0x0A)
    return Response(status, headers: headers, body: .bytes(body))
  }
}

extension Problem {
  /// The problem that a client sees for an error. Nil for a fault of the service, which goes to the log.
  init?(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as HTTPError: self.init(error.status, error.detail)
    case let error as JSONSyntaxError: self.init(.badRequest, "the body is not JSON: \(error)")
    case let error as RequestRejection:
      self.init(
        .unprocessableContent,
        error.faults.count == 1 ? "the body has a fault" : "the body has \(error.faults.count) faults",
        faults: error.faults)
    case let error as UnknownResource: self.init(.notFound, error.description)
    case let error as NameTaken: self.init(.conflict, error.description)
    case let error as StorageError: self.init(error)
    case let error as DatabaseError: self.init(error)
    case let error as DatasetError: self.init(error)
    case let error as NPYError: self.init(.unprocessableContent, "the array cannot be used: \(error)")
    case SafetensorsError.foreign(let kind): self.init(.unprocessableContent, kind.refusal(as: .weights))
    case let error as SafetensorsError:
      self.init(.unprocessableContent, "the safetensors body cannot be used: \(error)")
    case let error as JobFailure:
      switch error.reason {
      case .missing, .unacceptable: self.init(.conflict, error.description)
      case .corrupt: self.init(.internalServerError, error.description)
      default: return nil
      }
    default: return nil
    }
  }

  private init?(_ error: StorageError) {
    switch error {
    case .alreadyExists, .inUse, .wrongState: self.init(.conflict, error.description)
    case .notFound: self.init(.notFound, error.description)
    case .queueFull: self.init(.tooManyRequests, error.description, headers: ["Retry-After": "5"])
    case .idempotencyKeyReused:
      self.init(
        .unprocessableContent,
        "this Idempotency-Key came with another body before; a new request needs a new key")
    case .corruptBlob: self.init(.internalServerError, error.description)
    case .closed: self.init(.serviceUnavailable, "the service is stopping", headers: ["Retry-After": "5"])
    default: return nil
    }
  }

  private init?(_ error: DatabaseError) {
    switch error.code {
    case ResultCode.full:
      self.init(
        .insufficientStorage, "the disk that holds the database is full; free some space, then try again")
    case ResultCode.readOnly, ResultCode.inputOutput:
      self.init(
        .serviceUnavailable, "the database cannot be written at the moment", headers: ["Retry-After": "10"])
    case ResultCode.busy, ResultCode.cannotOpen, ResultCode.outOfMemory:
      self.init(
        .serviceUnavailable, "the database cannot be used at the moment", headers: ["Retry-After": "10"])
    case ResultCode.corrupt, ResultCode.notADatabase:
      self.init(
        .internalServerError,
        "the database is damaged at what this request needs; restore a backup, or look into the log")
    default: return nil
    }
  }

  private init(_ error: DatasetError) {
    switch error {
    case .parameters(let found):
      self.init(
        .unprocessableContent, "the data set cannot be made",
        faults: found.map {
          RequestFault(pointer: "/source/" + $0.parameter.replacing(".", with: "/"), detail: $0.detail)
        })
    case .path:
      self.init(
        .unprocessableContent, "the data set cannot be made",
        faults: [RequestFault(pointer: "/source/path", detail: error.description)])
    case .file(let file, .columns(let columns)):
      self.init(
        .unprocessableContent, "the data set cannot be made",
        faults: columns.map { RequestFault(pointer: "/source/path", detail: "\(file): \($0)") })
    case .file: self.init(.unprocessableContent, "the data set cannot be made: \(error)")
    case .array: self.init(.unprocessableContent, "\(error)")
    }
  }
}
