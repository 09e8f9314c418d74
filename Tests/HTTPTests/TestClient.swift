import Glibc
import HTTP

/// A blocking client that sends bytes as they are; every wait is bounded.
final class TestClient {
  struct Reply: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  let descriptor: Int32
  private var buffer: [UInt8] = []

  init(port: UInt16, seconds: Int = 10, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
    }
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

  func send(_ text: String) throws { try send(Array(text.utf8)) }

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

  /// Says that no more will be sent.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads more; false at the end of the connection.
  private func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count >= 0 else {
      if errno == ECONNRESET { return false }
      throw Failure(description: "recv: \(errno), got \(String(decoding: buffer.prefix(300), as: UTF8.self))")
    }
    buffer += chunk[..<count]
    return count > 0
  }

  /// Everything until the server closes.
  func readToEnd() throws -> [UInt8] {
    while try fill() {}
    defer { buffer = [] }
    return buffer
  }

  /// The next bytes, once there are `count`.
  func read(_ count: Int) throws -> [UInt8] {
    while buffer.count < count {
      guard try fill() else { throw Failure(description: "closed after \(buffer.count) of \(count) bytes") }
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  func readLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = try read(end + 1)
        return String(decoding: line.dropLast(2), as: UTF8.self)
      }
      guard try fill() else { throw Failure(description: "closed within a line") }
    }
  }

  func readHead() throws -> Reply {
    let words = try readLine().split(separator: " ")
    guard words.count >= 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
      throw Failure(description: "no status line: \(words)")
    }
    var headers: [String: String] = [:]
    while case let line = try readLine(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { throw Failure(description: "no colon: \(line)") }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return Reply(status: status, headers: headers, body: [])
  }

  /// A whole response; `ofHead` where the request was HEAD.
  func readReply(ofHead: Bool = false) throws -> Reply {
    var reply = try readHead()
    if ofHead || reply.status < 200 || reply.status == 204 || reply.status == 304 { return reply }
    if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
      reply.body = try read(length)
    } else if reply.headers["transfer-encoding"] == "chunked" {
      while let size = Int(try readLine(), radix: 16) {
        reply.body += try read(size)
        _ = try readLine()
        if size == 0 { break }
      }
    } else {
      reply.body = try readToEnd()
    }
    return reply
  }

  /// Sends and reads one response.
  func ask(_ text: String) throws -> Reply {
    try send(text)
    return try readReply()
  }

  /// Whether the server closes within the client's time, whatever it sends before.
  func isClosedByServer() -> Bool { (try? readToEnd()) != nil }
}
