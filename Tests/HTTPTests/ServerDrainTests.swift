import Dispatch
import Glibc
import HTTP
import Synchronization
import Testing

/// Refused bodies. A client that sends its whole body before it reads gets the response, for any size. The
/// server reads a refused body for no longer than an accepted one.
@Suite struct ServerDrainTests {
  private static let large = 24 << 20

  /// How `http.client` of Python works: everything is sent, then the answer is read.
  private func put(
    _ client: TestClient, _ path: String, _ bytes: Int, chunked: Bool = false, expect: Bool = false
  ) throws -> TestClient.Reply {
    let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(bytes)"
    try client.send(
      "PUT \(path) HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\(expect ? "Expect: 100-continue\r\n" : "")\r\n")
    let piece = [UInt8](repeating: 0x61, count: 1 << 20)
    for _ in 0..<bytes >> 20 {
      if chunked { try client.send("100000\r\n") }
      try client.send(piece)
      if chunked { try client.send("\r\n") }
    }
    if chunked { try client.send("0\r\n\r\n") }
    return try client.readReply()
  }

  /// One path for each way to refuse: at once, at the limit, at the consumer's first piece, and after a
  /// while.
  private static let routes: @Sendable (Exchange) -> Void = { exchange in
    struct Wrong: Error {}
    switch exchange.request.path {
    case "/limit":
      exchange.body.collect(limit: 1000) { result in
        if case .failure(let error) = result { exchange.respond(error.problem) }
      }
    case "/throws":
      exchange.body.stream(limit: 1 << 30) { _ in
        throw Wrong()
      } completion: { _ in
        exchange.respond(Response(.unprocessableContent))
      }
    case "/later":
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) {
        exchange.respond(Response(.conflict))
      }
    case "/taken":
      exchange.body.stream(limit: 1 << 30) { _ in
      } completion: { _ in
        exchange.respond(Response(.created))
      }
    default: exchange.respond(Response(.notFound))
    }
  }

  @Test(arguments: [("/none", 404), ("/limit", 413), ("/throws", 422), ("/later", 409)], [false, true])
  func theAnswerArrivesAfterAnyBody(route: (path: String, status: Int), chunked: Bool) throws {
    let live = try LiveServer(handler: Self.routes)
    for _ in 0..<3 {
      let client = try TestClient(port: live.port)
      #expect(try put(client, route.path, Self.large, chunked: chunked).status == route.status)
      #expect(client.isClosedByServer())
    }
    // Some clients do not wait for 100 Continue.
    let hasty = try TestClient(port: live.port)
    #expect(
      try put(hasty, route.path, Self.large, chunked: chunked, expect: route.path != "/throws").status < 500)
    // The server still answers.
    let next = try TestClient(port: live.port)
    #expect(try put(next, "/taken", 2 << 20, chunked: chunked).status == 201)
    #expect(try put(next, "/taken", 1 << 20, chunked: chunked).status == 201)
  }

  /// The connection is read to the end of the body and closed soon after it, not only when the client goes.
  @Test(arguments: [false, true]) func aConnectionEndsWithItsRefusedBody(chunked: Bool) throws {
    let live = try LiveServer(changing: { $0.lingerDeadline = .milliseconds(50) }, handler: Self.routes)
    let client = try TestClient(port: live.port)
    #expect(try put(client, "/none", 2 << 20, chunked: chunked).status == 404)
    let clock = ContinuousClock()
    let began = clock.now
    while live.server.statistics.openConnections > 0, clock.now - began < .seconds(5) { usleep(5000) }
    #expect(clock.now - began < .seconds(3))
  }

  @Test func noMoreThanTheLimitIsRead() throws {
    let live = try LiveServer(changing: { $0.drainBytes = 1 << 20 }, handler: Self.routes)
    let client = try TestClient(port: live.port)
    #expect(throws: TestClient.Failure.self) { try put(client, "/none", Self.large) }
    #expect(live.server.statistics.openConnections == 0)
  }

  /// One byte now and then does not hold a connection that was answered.
  @Test(arguments: ["Content-Length: 99999999", "Transfer-Encoding: chunked"])
  func aRefusedBodyMustComeAsFastAsAnyOther(framing: String) throws {
    let live = try LiveServer(
      changing: {
        $0.bodyDeadline = .milliseconds(150)
        $0.lingerDeadline = .milliseconds(100)
      }, handler: Self.routes)
    let client = try TestClient(port: live.port)
    try client.send("PUT /none HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
    if framing.hasPrefix("T") {
      // More than is dropped to keep a connection.
      try client.send("1fffff\r\n")
      try client.send([UInt8](repeating: 0x61, count: 100 << 10))
    }
    #expect(try client.readReply().status == 404)
    let clock = ContinuousClock()
    let began = clock.now
    while clock.now - began < .seconds(8), (try? client.send("a")) != nil { usleep(20_000) }
    #expect(clock.now - began < .seconds(5))
  }

  /// Small refused bodies keep the connection, and what comes behind them is answered in turn.
  @Test func pipelinedRequestsBehindASmallRefusedBodyAreAnswered() throws {
    let live = try LiveServer(handler: Self.routes)
    let client = try TestClient(port: live.port)
    let small = String(repeating: "x", count: 20_000)
    try client.send(
      "PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + small
        + "PUT /later HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + small
        + "\r\n0\r\n\r\n"
        + "PUT /taken HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\ny")
    for status in [404, 409, 201] { #expect(try client.readReply().status == status) }
    // After a large body nothing is answered, because the response announced a close.
    try client.send("PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
    try client.send([UInt8](repeating: 0x61, count: 200_000))
    try client.send("PUT /taken HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\ny")
    let last = try client.readReply()
    #expect(last.status == 404 && last.headers["connection"] == "close")
    #expect(try client.readToEnd().isEmpty)
  }

  /// A stopping server does not wait for a refused body.
  @Test func stoppingEndsTheReading() throws {
    let live = try LiveServer(changing: { $0.lingerDeadline = .milliseconds(50) }, handler: Self.routes)
    let client = try TestClient(port: live.port)
    try client.send("PUT /none HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    #expect(try client.readReply().status == 404)
    let stopped = DispatchSemaphore(value: 0)
    live.server.stop(grace: .seconds(20)) { stopped.signal() }
    #expect(stopped.wait(timeout: .now() + 5) == .success)
  }
}
