import Dispatch
import Glibc
import HTTP
import Synchronization
import Testing

/// Bodies of requests over live connections.
@Suite struct ServerBodyTests {
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
    // No handler reads this body, so the final answer comes without a 100 and the connection closes.
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

  /// Streams count too, as far as their consumers have not used them up; after them there is room again.
  @Test func streamedBodiesAreBoundedInAll() throws {
    let gate = DispatchSemaphore(value: 0)
    let live = try LiveServer(
      changing: { $0.collectedBytes = 60_000 },
      handler: { exchange in
        exchange.body.stream(
          limit: 1 << 20, chunk: { _ in if exchange.request.path == "/slow" { gate.wait() } },
          completion: { result in
            switch result {
            case .success(let count): exchange.respond(Response(text: "\(count)"))
            case .failure(let error as HTTPError): exchange.respond(error.problem)
            case .failure: exchange.respond(Response(.internalServerError))
            }
          })
      })
    func put(_ path: String, _ client: TestClient) throws {
      try client.send("PUT \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n")
      try client.send(pattern(40_000))
    }
    let first = try TestClient(port: live.port)
    try put("/slow", first)
    usleep(50_000)
    let second = try TestClient(port: live.port)
    try put("/fast", second)
    #expect(try second.readReply().status == 503)
    for _ in 0..<1000 { gate.signal() }
    #expect(try first.readReply().text == "40000")
    for _ in 0..<3 {
      let third = try TestClient(port: live.port)
      try put("/fast", third)
      #expect(try third.readReply().text == "40000")
    }
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

  /// Many small chunks reach the consumer as a few pieces, so that each does not cost a call.
  @Test func smallChunksAreStreamedTogether() throws {
    let calls = Mutex(0)
    let live = try LiveServer { exchange in
      exchange.body.stream(
        limit: 1 << 20, chunk: { _ in calls.withLock { $0 += 1 } },
        completion: { result in exchange.respond(Response(text: "\(result)")) })
    }
    let client = try TestClient(port: live.port)
    try client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    try client.send(String(repeating: "1\r\nx\r\n", count: 100_000) + "0\r\n\r\n")
    #expect(try client.readReply().text == "success(100000)")
    #expect(calls.withLock { $0 } < 20_000)
  }

  /// The client has sent everything and closed its side before its requests are answered. Their bodies are
  /// still read.
  @Test func bodiesBehindOtherRequestsOutliveTheClientsSide() throws {
    let live = try LiveServer()
    let client = try TestClient(port: live.port)
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    try client.send(get("/later") + post + get("/later") + post)
    client.endSending()
    for text in ["later", "hello", "later", "hello"] { #expect(try client.readReply().text == text) }
    #expect(try client.readToEnd().isEmpty)
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
}
