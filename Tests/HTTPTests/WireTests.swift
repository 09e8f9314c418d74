import Glibc
import HTTP
import Testing

/// The shared cases through the parser and over live connections.
@Suite struct WireTests {
  @Test(arguments: WireCases.refused)
  func theParserRefuses(wire: WireCases.Refused) {
    let parsed = ParsedBytes(wire.bytes)
    #expect(parsed.error == wire.error)
    #expect(parsed.error?.status.code == wire.status)
    #expect(parsed.messages.allSatisfy { !$0.isComplete })
  }

  @Test(arguments: WireCases.accepted)
  func theParserAccepts(wire: WireCases.Accepted) {
    let parsed = ParsedBytes(wire.bytes)
    #expect(parsed.error == nil && parsed.endsBetweenRequests)
    #expect(parsed.messages.count == wire.answers.count && parsed.messages.allSatisfy { $0.isComplete })
    #expect(parsed.messages.last?.request.keepsAlive == wire.isKept)
  }

  /// Bytes after a fault are no request. The server sends the status, closes, and sends nothing else.
  @Test func theServerRefusesAndCloses() throws {
    let live = try LiveServer()
    for wire in WireCases.refused {
      let client = try TestClient(port: live.port)
      try client.send(get("/before") + wire.bytes)
      // The server may have closed by now.
      try? client.send(get("/behind"))
      #expect(try client.readReply().text == "path /before", "\(wire.rule)")
      let problem = try client.readReply()
      #expect(problem.status == wire.status, "\(wire.rule)")
      #expect(problem.headers["connection"] == "close", "\(wire.rule)")
      #expect(problem.headers["content-type"] == "application/problem+json", "\(wire.rule)")
      #expect(try client.readToEnd().isEmpty, "\(wire.rule)")
    }
  }

  @Test func theServerAcceptsAndGoesOn() throws {
    let live = try LiveServer()
    for wire in WireCases.accepted {
      let client = try TestClient(port: live.port)
      try client.send(wire.bytes + get("/behind"))
      for answer in wire.answers {
        let reply = try client.readReply()
        #expect(reply.status == 200 && reply.text == answer, "\(wire.rule)")
      }
      if wire.isKept {
        #expect(try client.readReply().text == "path /behind", "\(wire.rule)")
      } else {
        #expect(try client.readToEnd().isEmpty, "\(wire.rule)")
      }
    }
  }

  /// The server too says the same however the bytes are split across its reads.
  @Test func theServerAnswersEverySplitAlike() throws {
    let live = try LiveServer()
    let wanted = WireCases.accepted.filter { $0.isKept && $0.bytes.utf8.count < 200 }
    let bytes = Array(wanted.map(\.bytes).joined().utf8)
    let answers = wanted.flatMap(\.answers)
    var random = Mutations(seed: 7)
    for round in 0..<20 {
      let client = try TestClient(port: live.port)
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + 1 + random.next(below: [1, 3, 30, 300][round % 4]))
        try client.send(Array(bytes[start..<end]))
        if random.next(below: 8) == 0 { usleep(100) }
        start = end
      }
      for answer in answers { #expect(try client.readReply().text == answer) }
    }
  }

  /// Damaged requests. A connection gives as many answers, of the same kinds, as the parser finds messages
  /// and faults.
  @Test func theServerAnswersWhatTheParserSees() throws {
    let live = try LiveServer { exchange in exchange.respond(Response(text: "-")) }
    var random = Mutations(seed: 31)
    for round in 0..<600 {
      let bytes = random.mutate(Array(SplitTests.stories[round % SplitTests.stories.count].utf8))
      let parsed = ParsedBytes([bytes])
      var wanted: [Int] = []
      for message in parsed.messages {
        wanted.append(200)
        if !message.request.keepsAlive || message.request.expectsContinue { break }
      }
      // The reader of a body answers a fault in the body. Here there is no reader, and the connection ends.
      let isKept = parsed.messages.allSatisfy { $0.request.keepsAlive && $0.isComplete }
      if let error = parsed.error, isKept { wanted.append(error.status.code) }
      let client = try TestClient(port: live.port)
      let middle = random.next(below: bytes.count + 1)
      try client.send(Array(bytes[..<middle]))
      try? client.send(Array(bytes[middle...]))
      client.endSending()
      let raw = String(decoding: try client.readToEnd(), as: UTF8.self)
      let statuses = raw.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
      #expect(statuses == wanted, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
  }
}
