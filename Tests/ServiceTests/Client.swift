import JSON
import Jobs
import TestSupport

/// An answer as it came.
struct Reply {
  var status: Int
  var headers: [String: String] = [:]
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSONValue { (try? JSONParser.parse(body)) ?? .null }
  /// The pointers of a problem's errors.
  var pointers: [String] { (json["errors"]?.arrayValue ?? []).compactMap { $0["pointer"]?.stringValue } }
}

/// A blocking HTTP client, one request a connection; every wait is bounded.
final class Client {
  private let socket: TestSocket
  private var buffer: [UInt8] = []

  init(port: UInt16, seconds: Int = 70) throws { socket = try TestSocket(port: port, seconds: seconds) }

  func ask(
    _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [String: String] = [:]
  ) throws -> Reply {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try send(Array((head + "\r\n").utf8) + (body ?? []))
    return try readReply(ofHead: method == "HEAD")
  }

  func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

  func readReply(ofHead: Bool = false) throws -> Reply {
    let words = try readLine().split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else {
      throw Failure(description: "no status: \(words)")
    }
    var reply = Reply(status: status)
    while case let line = try readLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { throw Failure(description: "no colon: \(line)") }
      reply.headers[line[..<colon].lowercased()] = String(
        line[line.index(after: colon)...].drop { $0 == " " })
    }
    if ofHead || status == 204 || status == 304 { return reply }
    if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
      while buffer.count < length { guard try fill() else { throw Failure(description: "short body") } }
      reply.body = Array(buffer[..<length])
      buffer.removeFirst(length)
    } else {
      while let size = Int(try readLine(), radix: 16), size >= 0 {
        while buffer.count < size + 2 { guard try fill() else { throw Failure(description: "short chunk") } }
        reply.body += buffer[..<size]
        buffer.removeFirst(size + 2)
        if size == 0 { break }
      }
    }
    return reply
  }

  private func readLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = String(decoding: buffer[..<end].dropLast(), as: UTF8.self)
        buffer.removeFirst(end + 1)
        return line
      }
      guard try fill() else { throw Failure(description: "closed within a line") }
    }
  }

  private func fill() throws -> Bool {
    let bytes = try socket.receive()
    buffer += bytes
    return !bytes.isEmpty
  }
}
