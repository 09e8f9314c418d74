import Dispatch
import Glibc
import HTTP
import Synchronization
import Testing

/// Bodies of responses that are made while they are sent.
@Suite struct ServerStreamTests {
  @Test(arguments: ["pull", "channel"])
  func largeBodiesArriveWhole(kind: String) throws {
    let piece = pattern(300_000)
    let live = try LiveServer { exchange in
      let length = exchange.request.query("chunked") == nil ? 20 * piece.count : nil
      switch kind {
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
    // A released writer ends the body. The connection stays.
    channel.withLock { $0 = nil }
    #expect(try client.readLine() == "0")
    #expect(try client.readLine().isEmpty)
    try client.send(get("/events"))
    #expect(try client.readHead().status == 200)
  }

  @Test func aChannelOfTheWrongLengthBreaksOff() throws {
    let overrun = Mutex<HTTPError?>(nil)
    let live = try LiveServer { exchange in
      let isShort = exchange.request.path == "/short"
      exchange.respond(
        Response(
          body: .channel(length: 5) { writer in
            do throws(HTTPError) {
              try writer.send(isShort ? "abc" : "abcde")
              if !isShort { try writer.send("f") }
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

  @Test(arguments: ["abc", "abcdef"])
  func aPullOfTheWrongLengthBreaksOff(text: String) throws {
    let live = try LiveServer { exchange in
      let pieces = Mutex(text.utf8.map { [$0] })
      exchange.respond(
        Response(
          body: .pull(length: 5) { pieces.withLock { pieces in pieces.isEmpty ? nil : pieces.removeFirst() } }
        ))
    }
    let client = try TestClient(port: live.port)
    try client.send(get("/"))
    #expect(try client.readHead().headers["content-length"] == "5")
    #expect(try client.readToEnd() == Array(text.utf8.prefix(5)))
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

  @Test(arguments: ["pull", "channel", "wait"])
  func aClientThatLeavesIsNoticed(kind: String) throws {
    let noticed = DispatchSemaphore(value: 0)
    let kept = Mutex<[Exchange]>([])
    let live = try LiveServer { exchange in
      exchange.onClose { noticed.signal() }
      switch kind {
      case "pull":
        exchange.respond(
          Response(
            body: .pull(length: nil) {
              usleep(1000)
              return Array("tick".utf8)
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
}
