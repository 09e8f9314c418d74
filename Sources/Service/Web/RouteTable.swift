import HTTP

/// Gathers the routes while the application is made.
///
/// A route that answers by itself must choose the caching of its answers (`Caching`). Routes that take a body
/// or answer later write `no-store`, as `Response.json` does.
final class RouteTable {
  private(set) var router = Router<Route>()

  /// Every route of the service.
  static var service: Router<Route> {
    let table = RouteTable()
    table.addService()
    table.addGuide()
    table.addDatasets()
    table.addModels()
    table.addCheckpoints()
    table.addJobs()
    return table.router
  }

  private func route(_ work: Route.Work, _ caching: Caching = .never, isOpen: Bool = false) -> Route {
    Route(work: work, caching: caching, isOpen: isOpen, number: router.routes.count)
  }

  /// Cheap: answered on the connection's loop.
  func immediate(
    _ method: HTTP.Method, _ pattern: String, _ caching: Caching, isOpen: Bool = false,
    _ answer: @escaping @Sendable (Application, Call) throws -> Response
  ) {
    router.add(method, pattern, route(.immediate(answer), caching, isOpen: isOpen))
  }

  /// Answered on a thread that may block.
  func blocking(
    _ method: HTTP.Method, _ pattern: String, _ caching: Caching, isOpen: Bool = false,
    _ answer: @escaping @Sendable (Application, Call) throws -> Response
  ) {
    router.add(method, pattern, route(.blocking(answer), caching, isOpen: isOpen))
  }

  /// Answered on one of a few threads for large work.
  func loading(
    _ method: HTTP.Method, _ pattern: String, _ caching: Caching,
    _ answer: @escaping @Sendable (Application, Call) throws -> Response
  ) {
    router.add(method, pattern, route(.loading(answer), caching))
  }

  /// As `blocking`, once the whole JSON body has arrived.
  func json(
    _ method: HTTP.Method, _ pattern: String,
    _ answer: @escaping @Sendable (Application, Call) throws -> Response
  ) {
    router.add(method, pattern, route(.json(answer)))
  }

  /// As `json`, but answers later.
  func deferredJSON(
    _ method: HTTP.Method, _ pattern: String,
    _ take: @escaping @Sendable (Application, Call, Exchange) throws -> Void
  ) {
    router.add(method, pattern, route(.deferredJSON(take)))
  }

  /// Takes the exchange and answers it later.
  func exchange(
    _ method: HTTP.Method, _ pattern: String,
    _ take: @escaping @Sendable (Application, Call, Exchange) throws -> Void
  ) {
    router.add(method, pattern, route(.exchange(take)))
  }
}
