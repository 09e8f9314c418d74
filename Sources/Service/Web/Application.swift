import Dispatch
import Formats
import Foundation
import HTTP
import JSON
import Jobs
import Storage
import Tensor

/// Answers requests: authorization, routing, and the routes' handlers, each on its kind of thread.
final class Application: Sendable {
  let configuration: Configuration
  let store: Store
  let catalog: StoredCatalog
  let library: DatasetLibrary
  let queue: JobQueue
  let kinds: [JobKind]
  let pool: ComputePool
  let machine: Machine
  let limits: JobLimits
  let signals: JobSignals
  let metrics: Metrics
  let log: Log
  let rendered = RenderedJobs()
  let started = Timestamp.now()
  /// The contract, made once.
  let contract: [UInt8]
  let contractTag: EntityTag
  let threads = BlockingThreads(limit: 32)
  private let loaders = BlockingThreads(limit: 8)
  private let authorization: Authorization
  private let hosts: HostNames
  private let router: Router<Route>

  init(
    configuration: Configuration, store: Store, catalog: StoredCatalog, library: DatasetLibrary,
    queue: JobQueue,
    kinds: [JobKind], pool: ComputePool, machine: Machine, signals: JobSignals, router: Router<Route>,
    metrics: Metrics,
    log: Log
  ) {
    self.configuration = configuration
    self.store = store
    self.catalog = catalog
    self.library = library
    self.queue = queue
    self.kinds = kinds
    self.pool = pool
    self.machine = machine
    limits = configuration.jobLimits
    self.signals = signals
    self.log = log
    self.router = router
    self.metrics = metrics
    authorization = Authorization(token: configuration.token)
    hosts = HostNames(configuration)
    contract = JSONWriter.bytes(OpenAPI.document(token: configuration.token != nil))
    contractTag = EntityTag(SHA256.digest(of: contract).hexadecimal)
  }

  // MARK: One request

  /// Every route, as method and pattern.
  var routes: [(method: String, pattern: String)] {
    router.routes.map { ($0.method.rawValue.lowercased(), $0.pattern) }
  }

  /// Called on the connection's loop; never blocks.
  func handle(_ exchange: Exchange) {
    do {
      try dispatch(exchange)
    } catch {
      exchange.respond(response(to: error))
    }
  }

  private func dispatch(_ exchange: Exchange) throws {
    let request = exchange.request
    guard request.method != .options || request.path != "*" else {
      exchange.respond(Response(.noContent, headers: ["Allow": "GET, HEAD, POST, PUT, DELETE, OPTIONS"]))
      return
    }
    try checkOrigin(request)
    let match = router.match(request)
    if case .found(let route, _) = match, route.handler.isOpen {
    } else {
      // Both checks come first, so that a stranger does not learn which resources exist.
      try hosts.check(request)
      try authorization.check(request)
    }
    switch match {
    case .found(let route, let parameters):
      exchange.label(route.handler.number)
      try run(route.handler, Call(request: request, parameters: parameters), exchange)
    case .methodNotAllowed(let allow):
      let list = (allow + [.options]).map(\.rawValue).joined(separator: ", ")
      if request.method == .options {
        exchange.respond(Response(.noContent, headers: ["Allow": list]))
      } else {
        throw Problem(
          .methodNotAllowed, "\(request.path) does not take \(request.method)", headers: ["Allow": list])
      }
    case .notFound:
      throw Problem(.notFound, "there is nothing at \(request.path)")
    }
  }

  /// Pages of other sites must not make a browser change things here, because local access needs no token. A
  /// browser names the page's origin in such requests.
  private func checkOrigin(_ request: Request) throws(Problem) {
    guard request.method != .get, request.method != .head, request.method != .options,
      let origin = request.headers.first(named: "Origin")
    else { return }
    let authority = origin.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
    guard let host = request.authority, authority.lowercased() == host.lowercased() else {
      throw Problem(.forbidden, "requests for pages of other origins may only read")
    }
  }

  private func run(_ route: Route, _ call: Call, _ exchange: Exchange) throws {
    @Sendable func cached(_ response: Response) throws -> Response {
      try route.caching.applied(to: response, of: call.request)
    }
    switch route.work {
    case .immediate(let answer): exchange.respond(try cached(try answer(self, call)))
    case .exchange(let take): try take(self, call, exchange)
    case .blocking(let answer): block(exchange) { try cached(try answer($0, call)) }
    case .loading(let answer): block(exchange, on: loaders) { try cached(try answer($0, call)) }
    case .json(let answer):
      try collect(call, exchange) { application, call in exchange.respond(try answer(application, call)) }
    case .deferredJSON(let take):
      try collect(call, exchange) { application, call in try take(application, call, exchange) }
    }
  }

  /// Continues on a thread that may block, once the whole JSON body has arrived.
  private func collect(
    _ call: Call, _ exchange: Exchange, _ body: @escaping @Sendable (Application, Call) throws -> Void
  ) throws {
    try call.checkJSONBody(exchange.body)
    exchange.body.collect(limit: configuration.jsonLimit) { [self] result in
      switch result {
      case .failure(let error): exchange.respond(response(to: error))
      case .success(let bytes):
        var call = call
        call.body = bytes
        threads.run { [self, call] in
          do {
            try body(self, call)
          } catch {
            exchange.respond(response(to: error))
          }
        }
      }
    }
  }

  /// Answers on a thread that may block.
  func block(
    _ exchange: Exchange, on threads: BlockingThreads? = nil,
    _ answer: @escaping @Sendable (Application) throws -> Response
  ) {
    (threads ?? self.threads).run { [self] in
      do {
        exchange.respond(try answer(self))
      } catch {
        exchange.respond(response(to: error))
      }
    }
  }

  // MARK: Errors

  func response(to error: any Error) -> Response {
    if let problem = Problem(error) { return problem.response }
    log.write(.error, "request.error", ["error": .string("\(error)")])
    return Problem(
      .internalServerError, "the service failed at this request; its log says more"
    ).response
  }

  // MARK: After a response

  /// Writes one log line and counts the request.
  func completed(_ completion: ServerConfiguration.Completion) {
    let seconds = completion.duration.seconds
    let request = completion.request
    metrics.record(
      route: completion.label, method: request?.method, status: completion.status.code, seconds: seconds)
    guard log.isOn(.info) else { return }
    log.write(
      .info, "request",
      [
        "method": JSONValue(withoutToken(request?.method.rawValue)),
        "path": JSONValue(withoutToken(request?.path)),
        "status": JSONValue(completion.status.code), "bytes": JSONValue(completion.bodyBytes),
        "seconds": .number((seconds * 1e6).rounded() / 1e6), "client": .string(completion.remoteAddress),
        "complete": completion.complete ? .null : false,
      ])
  }

  /// The client's text, without the token if the client wrote it in the wrong place.
  private func withoutToken(_ text: String?) -> String? {
    guard let token = configuration.token, let text, text.utf8.count >= token.utf8.count else { return text }
    return text.replacing(token, with: "[token]")
  }
}

extension Duration {
  var seconds: Double {
    let parts = components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}
