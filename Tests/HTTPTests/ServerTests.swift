import Dispatch
import Glibc
import HTTP
import Synchronization
import Testing

/// Exchanges over live connections, their errors, and the end of the server.
@Suite struct ServerTests {
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
