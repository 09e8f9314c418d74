import Dispatch
import Glibc
import HTTP
import Testing

/// Deadlines and limits of live connections.
@Suite struct ServerDeadlineTests {
  private func hasty(_ configuration: inout ServerConfiguration) {
    configuration.headDeadline = .milliseconds(150)
    configuration.bodyDeadline = .milliseconds(150)
    configuration.idleDeadline = .milliseconds(150)
    configuration.writeDeadline = .milliseconds(150)
    configuration.lingerDeadline = .milliseconds(100)
  }

  @Test func aSilentConnectionIsClosed() throws {
    let live = try LiveServer(changing: hasty)
    let fresh = try TestClient(port: live.port)
    let used = try TestClient(port: live.port)
    #expect(try used.ask(get("/")).status == 200)
    #expect(try fresh.readToEnd().isEmpty)
    #expect(try used.readToEnd().isEmpty)
  }

  @Test func aHeadThatStopsIs408() throws {
    let live = try LiveServer(changing: hasty)
    let client = try TestClient(port: live.port)
    try client.send("GET / HTTP/1.1\r\nHo")
    #expect(try client.readReply().status == 408)
    #expect(client.isClosedByServer())
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: a\r\nX: ", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
  ])
  func oneByteAtATimeDoesNotMoveTheDeadline(start: String) throws {
    let live = try LiveServer(changing: hasty)
    let client = try TestClient(port: live.port)
    try client.send(start)
    let clock = ContinuousClock()
    let began = clock.now
    while clock.now - began < .seconds(5), (try? client.send("a")) != nil { usleep(20_000) }
    #expect(clock.now - began < .seconds(3))
  }

  @Test func aBodyThatStopsIs408() throws {
    let live = try LiveServer(changing: hasty)
    let client = try TestClient(port: live.port)
    #expect(try client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello").status == 408)
    #expect(client.isClosedByServer())
  }

  @Test(arguments: ["channel", "pull"])
  func aClientThatDoesNotReadIsCutOff(kind: String) throws {
    let done = DispatchSemaphore(value: 0)
    let piece = [UInt8](repeating: 1, count: 1 << 20)
    let handler: @Sendable (Exchange) -> Void = { exchange in
      switch kind {
      case "channel":
        exchange.respond(
          Response(
            body: .channel(length: nil) { writer in
              for _ in 0..<32 { try? writer.send(piece) }
              writer.finish()
            }))
      default: exchange.respond(Response(body: .pull(length: nil) { piece }))
      }
    }
    let live = try LiveServer(
      changing: {
        hasty(&$0)
        $0.onCompletion = { completion in if !completion.complete { done.signal() } }
      }, handler: handler)
    let client = try TestClient(port: live.port, receiveBuffer: 4096)
    try client.send(get("/"))
    if kind == "channel" {
      // The channel was finished, so the exchange is over; the connection is what must go.
      let clock = ContinuousClock()
      let began = clock.now
      while live.server.statistics.openConnections > 0 || live.server.statistics.requests == 0,
        clock.now - began < .seconds(5)
      { usleep(10_000) }
      #expect(live.server.statistics.openConnections == 0)
    } else {
      #expect(done.wait(timeout: .now() + 5) == .success)
    }
  }

  /// Clients that do not read cannot make the server keep more than its limit for all of them.
  @Test func unsentResponsesAreBoundedInAll() throws {
    // Far more than the system's buffers of a connection take.
    let piece = [UInt8](repeating: 1, count: 64 << 20)
    let live = try LiveServer(
      changing: { $0.unsentBytes = 70 << 20 }, handler: { $0.respond(Response(body: .bytes(piece))) })
    let first = try TestClient(port: live.port)
    try first.send(get("/"))
    while live.server.statistics.requests == 0 { usleep(1000) }
    let second = try TestClient(port: live.port)
    try second.send(get("/"))
    while live.server.statistics.requests == 1 { usleep(1000) }
    #expect(try second.readToEnd().count < piece.count)
    #expect(try first.readReply().body.count == piece.count)
    #expect(try TestClient(port: live.port).ask(get("/")).body.count == piece.count)
  }

  @Test func connectionsAreCounted() throws {
    let live = try LiveServer(changing: {
      $0.connections = 3
      $0.connectionsPerAddress = 2
    })
    let first = try TestClient(port: live.port)
    #expect(try first.ask(get("/")).status == 200)
    do {
      let second = try TestClient(port: live.port)
      #expect(try second.ask(get("/")).status == 200)
      let third = try TestClient(port: live.port)
      let reply = try third.readReply()
      #expect(reply.status == 503 && reply.headers["connection"] == "close")
    }
    usleep(50_000)
    #expect(try TestClient(port: live.port).ask(get("/")).status == 200)
    #expect(live.server.statistics.refusedConnections == 1)
  }
}
