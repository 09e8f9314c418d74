import Dispatch
import HTTP

/// A server on a free port for as long as the value lives.
struct LiveServer: ~Copyable {
  let server: Server
  let port: UInt16

  init(
    changing change: (inout ServerConfiguration) -> Void,
    handler: @escaping @Sendable (Exchange) -> Void = LiveServer.routes
  ) throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.loops = 1
    change(&configuration)
    server = Server(configuration: configuration, handler: handler)
    port = try server.start()
  }

  init(handler: @escaping @Sendable (Exchange) -> Void = LiveServer.routes) throws {
    try self.init(changing: { _ in }, handler: handler)
  }

  deinit { server.stop(grace: .zero) {} }

  static let routes: @Sendable (Exchange) -> Void = { exchange in
    switch exchange.request.path {
    case "/later":
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(30)) {
        exchange.respond(Response(text: "later"))
      }
    case "/echo":
      exchange.body.collect(limit: 100_000) { result in
        switch result {
        case .success(let bytes): exchange.respond(Response(body: .bytes(bytes)))
        case .failure(let error): exchange.respond(error.problem)
        }
      }
    case "/close": exchange.respond(Response(headers: ["Connection": "close"], body: .bytes([0x78])))
    case "/none": exchange.respond(Response(.noContent, body: .bytes([0x78])))
    case "/forget": break
    default: exchange.respond(Response(text: "path \(exchange.request.path)"))
    }
  }
}

func get(_ path: String, _ lines: String...) -> String {
  (["GET \(path) HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
}

func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}
