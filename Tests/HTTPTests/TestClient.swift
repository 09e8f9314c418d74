import Glibc
import HTTP
import TestSupport

/// A blocking client that sends bytes as they are; every wait is bounded.
final class TestClient {
  struct Reply: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  typealias Failure = TestSocket.Failure

  private let socket: TestSocket
  var descriptor: Int32 { socket.descriptor }
  private var buffer: [UInt8] = []

  init(port: UInt16, seconds: Int = 10, receiveBuffer: Int32? = nil) throws {
    socket = try TestSocket(port: port, seconds: seconds, receiveBuffer: receiveBuffer)
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

  /// Says that no more will be sent.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads more; false at the end of the connection.
  private func fill() throws -> Bool {
    let bytes = try socket.receive()
    buffer += bytes
    return !bytes.isEmpty
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

  /// A whole response. `ofHead` tells that the request was HEAD.
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

  /// Whether the server closes within the client's time, after any bytes.
  func isClosedByServer() -> Bool { (try? readToEnd()) != nil }
}
