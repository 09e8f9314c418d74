import Glibc
import JSON
import Jobs

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
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(port: UInt16, seconds: Int = 70) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(description: "connect: \(errno)") }
  }

  deinit { close(descriptor) }

  func ask(
    _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [String: String] = [:]
  ) throws -> Reply {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try send(Array((head + "\r\n").utf8) + (body ?? []))
    return try readReply(ofHead: method == "HEAD")
  }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(description: "send: \(errno)") }
      sent += count
    }
  }

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
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count >= 0 else { throw Failure(description: "recv: \(errno)") }
    buffer += chunk[..<count]
    return count > 0
  }
}
