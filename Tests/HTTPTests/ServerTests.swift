import Dispatch
import Glibc
import HTTP
import Synchronization
import Testing

/// A server on a free port for as long as the value lives.
private struct LiveServer: ~Copyable {
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

private func get(_ path: String, _ lines: String...) -> String {
  (["GET \(path) HTTP/1.1", "Host: a"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
}

private func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

@Suite struct ServerTests {
  // MARK: Exchanges

  @Test func aConnectionIsKeptAndAnswersCarryWhatTheyMust() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    for path in ["/a", "/b", "/c"] {
      let reply = try client.ask(get(path))
      #expect(reply.status == 200 && reply.text == "path \(path)")
      #expect(reply.headers["content-length"] == "7" && reply.headers["connection"] == nil)
      #expect(HTTPDate.seconds(reply.headers["date"] ?? "") != nil)
    }
    #expect(live.server.statistics.requests == 3 && live.server.statistics.openConnections == 1)
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    let paths = (0..<200).map { $0 % 20 == 3 ? "/later" : "/\($0)" }
    try client.send(paths.map { get($0) }.joined())
    for path in paths {
      #expect(try client.readReply().text == (path == "/later" ? "later" : "path \(path)"))
    }
  }

  @Test func headHasTheFieldsOfGetAndNoBody() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    try client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n")
    let reply = try client.readReply(ofHead: true)
    #expect(reply.headers["content-length"] == "9")
    #expect(try client.ask(get("/x")).text == "path /x")
    try client.send(get("/none"))
    let none = try client.readReply()
    #expect(none.status == 204 && none.headers["content-length"] == nil)
    #expect(try client.ask(get("/y")).text == "path /y")
  }

  @Test func connectionsCloseWhenEitherSideAsks() throws {
    let live = try LiveServer()
    for request in [get("/close"), get("/x", "Connection: close"), "GET /x HTTP/1.0\r\n\r\n"] {
      let client = try TestClient(port: live.port)
      #expect(try client.ask(request).headers["connection"] == "close")
      #expect(client.isClosedByServer())
    }
    let old = try TestClient(port: live.port)
    #expect(
      try old.ask("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").headers["connection"] == "keep-alive")
    #expect(try old.ask("GET /y HTTP/1.0\r\n\r\n").text == "path /y")
  }

  @Test func aClientThatEndsItsSideStillGetsItsAnswers() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    try client.send(get("/a") + get("/later") + get("/b"))
    client.endSending()
    #expect(try client.readReply().text == "path /a")
    #expect(try client.readReply().text == "later")
    #expect(try client.readReply().text == "path /b")
    #expect(try client.readToEnd().isEmpty)
  }

  @Test func anExchangeLetGoOfIsAnsweredWith500() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    #expect(try client.ask(get("/forget")).status == 500)
    #expect(try client.ask(get("/x")).status == 200)
  }

  @Test func aSecondResponseIsRefused() throws {
    let second = Mutex<Bool?>(nil)
    let live = try LiveServer { exchange in
      exchange.respond(Response(text: "one"))
      let taken = exchange.respond(Response(text: "two"))
      second.withLock { $0 = taken }
    }
    #expect(try TestClient(port: live.port).ask(get("/")).text == "one")
    #expect(second.withLock { $0 } == false)
  }

  // MARK: Errors

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET /../x HTTP/1.1\r\n", 400),
    ("GET / HTTP/3.0\r\n", 505), ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n", 414),
    ("GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 40000))", 431),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", 417),
  ])
  func whatIsNoRequestIsAnsweredAndClosed(bytes: String, status: Int) throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    let reply = try client.ask(get("/before") + bytes)
    #expect(reply.text == "path /before")
    let problem = try client.readReply()
    #expect(problem.status == status && problem.headers["connection"] == "close")
    #expect(problem.headers["content-type"] == "application/problem+json")
    #expect(problem.text.contains("\"status\":\(status)"))
    #expect(client.isClosedByServer())
  }

  /// Megabytes sent after the fault do not reset the answer away (RFC 9112 §9.6).
  @Test func theAnswerSurvivesWhatTheClientStillSends() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    try client.send("GET / HTTP/1.1\r\nBad : x\r\n\r\n")
    try client.send([UInt8](repeating: 0x61, count: 4 << 20))
    #expect(try client.readReply().status == 400)
  }

  @Test func errorsCanBeRenderedOtherwise() throws {
    let live = try LiveServer(changing: {
      $0.renderError = { Response($0.status, text: "own") }
    })
    #expect(try TestClient(port: live.port).ask("x\r\n").text == "own")
  }

  // MARK: Bodies

  @Test func bodiesAreTakenByLengthAndByChunks() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    let large = pattern(90_000)
    for _ in 0..<3 {
      #expect(
        try client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").text == "hello")
      try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(large.count)\r\n\r\n")
      try client.send(large)
      #expect(try client.readReply().body == large)
      try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for piece in ["5\r\nhel", "lo\r", "\n1;x=y\r\n!\r\n0\r\nT: v\r\n", "\r\n"] {
        try client.send(piece)
        usleep(2000)
      }
      #expect(try client.readReply().text == "hello!")
    }
    #expect(try client.ask(get("/echo")).body.isEmpty)
  }

  @Test func continueIsSentWhenTheBodyIsAskedFor() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    #expect(try client.readReply().status == 100)
    #expect(try client.ask("hello").text == "hello")
    // Nobody asks for this one: a final answer without 100, and the connection cannot be kept.
    try client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    let reply = try client.readReply()
    #expect(reply.status == 200 && reply.headers["connection"] == "close")
  }

  @Test func bodiesOverTheLimitAre413() throws {
    let live = try LiveServer()
    let told = try TestClient(port: live.port)
    let reply = try told.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n")
    #expect(reply.status == 413 && reply.headers["connection"] == "close")
    let untold = try TestClient(port: live.port)
    try untold.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    try untold.send("20000\r\n")
    try untold.send([UInt8](repeating: 0x61, count: 0x20000))
    #expect(try untold.readReply().status == 413)
    #expect(untold.isClosedByServer())
  }

  @Test func collectedBodiesAreBoundedInAll() throws {
    let live = try LiveServer(changing: { $0.collectedBytes = 50_000 })
    let first = try TestClient(port: live.port)
    try first.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40001\r\n\r\n")
    try first.send(pattern(40_000))
    usleep(50_000)
    let second = try TestClient(port: live.port)
    try second.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n")
    try second.send(pattern(40_000))
    #expect(try second.readReply().status == 503)
    #expect(try first.ask("x").body.count == 40_001)
    let third = try TestClient(port: live.port)
    try third.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n")
    try third.send(pattern(40_000))
    #expect(try third.readReply().body.count == 40_000)
  }

  @Test func malformedChunksReachWhoeverTakesTheBody() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    #expect(
      try client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy").status
        == 400)
    #expect(client.isClosedByServer())
  }

  @Test func anUnwantedBodyIsDroppedWhenSmallAndClosesWhenLarge() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    #expect(try client.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").text == "path /x")
    #expect(
      try client.ask("POST /y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
        .text == "path /y")
    let reply = try client.ask("POST /z HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nhello")
    #expect(reply.text == "path /z" && reply.headers["connection"] == "close")
  }

  /// The consumer is slow: no more than the window is read ahead of it, and every byte arrives in order.
  @Test func aStreamedBodyIsReadAsItIsTaken() throws {
    let state = Mutex((sum: 0, bytes: 0))
    let live = try LiveServer { exchange in
      exchange.body.stream(
        limit: 64 << 20,
        chunk: { piece in
          state.withLock {
            for byte in piece {
              $0.sum = ($0.sum &* 31 &+ Int(byte)) & 0xFFFF_FFFF
              $0.bytes += 1
            }
          }
        },
        completion: { result in
          exchange.respond(Response(text: "\(result) \(state.withLock { $0.sum })"))
        })
    }
    let bytes = pattern(8 << 20)
    let expected = bytes.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF_FFFF }
    let client = try TestClient(port: live.port)
    for _ in 0..<2 {
      state.withLock { $0 = (0, 0) }
      try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bytes.count)\r\n\r\n")
      try client.send(bytes)
      #expect(try client.readReply().text == "success(\(bytes.count)) \(expected)")
    }
  }

  @Test func aConsumerThatThrowsEndsTheStream() throws {
    struct Full: Error {}
    let live = try LiveServer { exchange in
      exchange.body.stream(
        limit: 64 << 20, chunk: { _ in throw Full() },
        completion: { result in
          if case .failure(let error) = result, error is Full {
            exchange.respond(Response(.insufficientStorage))
          }
        })
    }
    let client = try TestClient(port: live.port)
    try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
    try client.send(pattern(100_000))
    #expect(try client.readReply().status == 507)
    #expect(client.isClosedByServer())
  }

  @Test func aBodyThatBreaksOffFails() throws {
    let outcome = Mutex<HTTPError?>(nil)
    let done = DispatchSemaphore(value: 0)
    let live = try LiveServer { exchange in
      exchange.body.collect { result in
        if case .failure(let error) = result { outcome.withLock { $0 = error } }
        done.signal()
        exchange.respond(Response())
      }
    }
    let client = try TestClient(port: live.port)
    try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
    client.endSending()
    #expect(done.wait(timeout: .now() + 5) == .success)
    #expect(outcome.withLock { $0 } == .disconnected)
  }

  // MARK: Streams

  @Test(arguments: ["stream", "pull", "channel"])
  func largeBodiesArriveWhole(kind: String) throws {
    let piece = pattern(300_000)
    let live = try LiveServer { exchange in
      let length = exchange.request.query("chunked") == nil ? 20 * piece.count : nil
      switch kind {
      case "stream":
        exchange.respond(
          Response(body: .stream(length: length) { writer in for _ in 0..<20 { try? writer.write(piece) } }))
      case "pull":
        let left = Mutex(20)
        exchange.respond(
          Response(
            body: .pull(length: length) {
              left.withLock { left -> [UInt8]? in
                left -= 1
                return left >= 0 ? piece : nil
              }
            }))
      default:
        exchange.respond(
          Response(
            body: .channel(length: length) { writer in
              for _ in 0..<20 { try? writer.send(piece) }
              writer.finish()
            }))
      }
    }
    let client = try TestClient(port: live.port)
    for path in ["/", "/?chunked", "/", "/?chunked"] {
      let reply = try client.ask(get(path))
      #expect(reply.body.count == 20 * piece.count && Array(reply.body.suffix(piece.count)) == piece)
    }
    try client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try client.readReply(ofHead: true).headers["content-length"] == "\(20 * piece.count)")
    let old = try TestClient(port: live.port)
    #expect(
      try old.ask("GET /?chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").body.count == 20 * piece.count)
  }

  @Test func eventsArriveAsTheyAreSent() throws {
    let channel = Mutex<BodyWriter?>(nil)
    let live = try LiveServer { exchange in
      exchange.respond(
        Response(
          headers: ["Content-Type": "text/event-stream"],
          body: .channel(length: nil) { writer in channel.withLock { $0 = writer } }))
    }
    let client = try TestClient(port: live.port)
    try client.send(get("/events"))
    #expect(try client.readHead().headers["transfer-encoding"] == "chunked")
    for text in ["data: 1\n\n", "data: 2\n\n"] {
      try channel.withLock { $0 }?.send(text)
      #expect(try client.readLine() == "9")
      #expect(try client.read(9) == Array(text.utf8))
      #expect(try client.readLine().isEmpty)
    }
    // Let go of, the writer ends the body; the connection goes on.
    channel.withLock { $0 = nil }
    #expect(try client.readLine() == "0")
    #expect(try client.readLine().isEmpty)
    try client.send(get("/events"))
    #expect(try client.readHead().status == 200)
  }

  @Test func aStreamOfTheWrongLengthBreaksOff() throws {
    let overrun = Mutex<HTTPError?>(nil)
    let live = try LiveServer { exchange in
      let isShort = exchange.request.path == "/short"
      exchange.respond(
        Response(
          body: .stream(length: 5) { writer in
            do throws(HTTPError) {
              try writer.write(isShort ? "abc" : "abcde")
              if !isShort { try writer.write("f") }
            } catch { overrun.withLock { $0 = error } }
          }))
    }
    let short = try TestClient(port: live.port)
    try short.send(get("/short"))
    _ = try short.readHead()
    #expect(try short.readToEnd() == Array("abc".utf8))
    let long = try TestClient(port: live.port)
    #expect(try long.ask(get("/long")).text == "abcde")
    #expect(try long.ask(get("/long")).text == "abcde")
    #expect(overrun.withLock { $0 } == .bodyOverrun(length: 5))
  }

  @Test func anAbortedStreamHasNoEnd() throws {
    struct Lost: Error {}
    let live = try LiveServer { exchange in
      let first = Mutex(true)
      exchange.respond(
        Response(
          body: .pull(length: nil) {
            let isFirst = first.withLock { first in
              defer { first = false }
              return first
            }
            guard isFirst else { throw Lost() }
            return [0x61]
          }))
    }
    let client = try TestClient(port: live.port)
    try client.send(get("/"))
    _ = try client.readHead()
    #expect(try client.readToEnd() == Array("1\r\na\r\n".utf8))
  }

  @Test(arguments: ["stream", "channel", "wait"])
  func aClientThatLeavesIsNoticed(kind: String) throws {
    let noticed = DispatchSemaphore(value: 0)
    let kept = Mutex<[Exchange]>([])
    let live = try LiveServer { exchange in
      exchange.onClose { noticed.signal() }
      switch kind {
      case "stream":
        exchange.respond(
          Response(
            body: .stream(length: nil) { writer in
              while (try? writer.write("tick")) != nil { usleep(1000) }
              noticed.signal()
            }))
      case "channel":
        exchange.respond(Response(body: .channel(length: nil) { writer in try? writer.send("tick") }))
        kept.withLock { $0.append(exchange) }
        noticed.signal()
      default: kept.withLock { $0.append(exchange) }
      }
    }
    do {
      let client = try TestClient(port: live.port)
      try client.send(get("/"))
      usleep(50_000)
    }
    #expect(noticed.wait(timeout: .now() + 5) == .success)
  }

  // MARK: Deadlines and limits

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

  @Test(arguments: ["bytes", "stream", "pull"])
  func aClientThatDoesNotReadIsCutOff(kind: String) throws {
    let done = DispatchSemaphore(value: 0)
    let piece = [UInt8](repeating: 1, count: 1 << 20)
    let handler: @Sendable (Exchange) -> Void = { exchange in
      switch kind {
      case "bytes":
        exchange.respond(
          Response(
            body: .channel(length: nil) { writer in
              for _ in 0..<32 { try? writer.send(piece) }
              writer.finish()
            }))
      case "stream":
        exchange.respond(
          Response(body: .stream(length: nil) { writer in while (try? writer.write(piece)) != nil {} }))
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
    if kind == "bytes" {
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

  // MARK: Stopping

  @Test func stoppingLetsExchangesEndAndClosesIdleConnections() throws {
    let live = try LiveServer()
    let idle = try TestClient(port: live.port)
    _ = try idle.ask(get("/"))
    let busy = try TestClient(port: live.port)
    try busy.send(get("/later"))
    usleep(10_000)
    let stopped = DispatchSemaphore(value: 0)
    live.server.stop(grace: .seconds(5)) { stopped.signal() }
    #expect(try idle.readToEnd().isEmpty)
    let reply = try busy.readReply()
    #expect(reply.text == "later" && reply.headers["connection"] == "close")
    #expect(try busy.readToEnd().isEmpty)
    #expect(stopped.wait(timeout: .now() + 5) == .success)
    #expect(throws: TestClient.Failure.self) { try TestClient(port: live.port) }
  }

  @Test func graceEnds() throws {
    let kept = Mutex<[Exchange]>([])
    let live = try LiveServer { exchange in kept.withLock { $0.append(exchange) } }
    let client = try TestClient(port: live.port)
    try client.send(get("/"))
    usleep(20_000)
    let stopped = DispatchSemaphore(value: 0)
    live.server.stop(grace: .milliseconds(100)) { stopped.signal() }
    #expect(stopped.wait(timeout: .now() + 5) == .success)
    #expect(client.isClosedByServer())
  }

  @Test func completionsAreTold() throws {
    let told = Mutex<[String]>([])
    let live = try LiveServer(changing: {
      $0.onCompletion = { completion in
        told.withLock {
          $0.append("\(completion.request?.target ?? "-") \(completion.status.code) \(completion.bodyBytes)")
        }
      }
    })
    let client = try TestClient(port: live.port)
    _ = try client.ask(get("/a?b"))
    _ = try client.ask("nonsense\r\n")
    usleep(10_000)
    #expect(told.withLock { $0.first } == "/a?b 200 7")
    #expect(told.withLock { $0.last?.hasPrefix("- 400") } == true)
  }

  @Test func exchangesWorkWithoutAConnection() throws {
    let answer = Mutex<Int?>(nil)
    LiveServer.routes(
      Exchange(try Request(.post, "/echo"), body: [1, 2, 3]) { response in
        if case .bytes(let bytes) = response.body { answer.withLock { $0 = bytes.count } }
      })
    #expect(answer.withLock { $0 } == 3)
  }
}
