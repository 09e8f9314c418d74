/// Finds the handler of a path, by patterns of typed elements such as `/v1/jobs/{id}/artifacts/{name}`.
///
/// A literal element is tried before a parameter. A parameter takes one whole, non-empty segment. A match
/// costs one look-up for each segment, however many routes there are.
public struct Router<Handler> {
  /// The segments that the parameters of a route took, by name.
  public struct Parameters: Sendable, Equatable {
    private var items: [(name: String, value: String)] = []

    init(_ items: [(name: String, value: String)]) { self.items = items }

    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    public var all: [String: String] { Dictionary(items.map { ($0.name, $0.value) }) { first, _ in first } }

    public static func == (a: Parameters, b: Parameters) -> Bool { a.all == b.all }
  }

  public struct Route {
    public let method: Method
    /// The pattern as it was registered. Metrics name the route by it.
    public let pattern: String
    public let handler: Handler
    let names: [String]
  }

  public enum Match {
    /// For HEAD without a route of its own this is the route of GET.
    case found(Route, Parameters)
    /// The path exists for these methods (the `Allow` field).
    case methodNotAllowed(allow: [Method])
    case notFound
  }

  struct Node {
    var literals: [String: Int] = [:]
    var parameter: Int?
    var routes: [Route] = []
  }

  private var nodes = [Node()]
  /// Every route, in the order of registration.
  public private(set) var routes: [Route] = []

  public init() {}

  /// Registers a route. `pattern` is written by the program. It starts with `/`, its elements are literals or
  /// `{name}`, and it is registered once for each method.
  public mutating func add(_ method: Method, _ pattern: String, _ handler: Handler) {
    precondition(pattern.hasPrefix("/"), "A route's pattern must start with '/'.")
    var node = 0
    var names: [String] = []
    let elements = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for element in pattern == "/" ? [] : elements {
      if element.hasPrefix("{"), element.hasSuffix("}") {
        names.append(String(element.dropFirst().dropLast()))
        node = child(nodes[node].parameter) { $0.nodes[node].parameter = $1 }
      } else {
        let literal = String(element)
        node = child(nodes[node].literals[literal]) { $0.nodes[node].literals[literal] = $1 }
      }
    }
    precondition(
      !nodes[node].routes.contains { $0.method == method },
      "A route must be registered once: \(method) \(pattern).")
    let route = Route(method: method, pattern: pattern, handler: handler, names: names)
    nodes[node].routes.append(route)
    routes.append(route)
  }

  private mutating func child(_ known: Int?, _ store: (inout Router, Int) -> Void) -> Int {
    if let known { return known }
    nodes.append(Node())
    store(&self, nodes.count - 1)
    return nodes.count - 1
  }

  /// The route of a decoded path.
  public func match(_ method: Method, _ segments: [String]) -> Match {
    var values: [String] = []
    var methods: [Method] = []
    if let route = find(method, segments, 0, 0, &values, &methods) {
      return .found(route, Parameters(zip(route.names, values).map { (name: $0, value: $1) }))
    }
    return methods.isEmpty ? .notFound : .methodNotAllowed(allow: methods)
  }

  public func match(_ request: Request) -> Match {
    request.path == "*" ? .notFound : match(request.method, request.pathSegments)
  }

  /// Tries the literal first, then the parameter. It visits each node of the patterns at most once.
  private func find(
    _ method: Method, _ segments: [String], _ depth: Int, _ index: Int, _ values: inout [String],
    _ methods: inout [Method]
  ) -> Route? {
    let node = nodes[index]
    guard depth < segments.count else {
      if let route = node.routes.first(where: { $0.method == method }) { return route }
      if method == .head, let route = node.routes.first(where: { $0.method == .get }) { return route }
      for route in node.routes where !methods.contains(route.method) {
        methods.append(route.method)
        if route.method == .get, !methods.contains(.head) { methods.append(.head) }
      }
      return nil
    }
    let segment = segments[depth]
    if let next = node.literals[segment],
      let route = find(method, segments, depth + 1, next, &values, &methods)
    {
      return route
    }
    guard let next = node.parameter, !segment.isEmpty else { return nil }
    values.append(segment)
    if let route = find(method, segments, depth + 1, next, &values, &methods) { return route }
    values.removeLast()
    return nil
  }
}

extension Router: Sendable where Handler: Sendable {}
extension Router.Route: Sendable where Handler: Sendable {}
extension Router.Node: Sendable where Handler: Sendable {}
extension Router.Match: Sendable where Handler: Sendable {}
