import Dispatch

/// Asks for the next piece of a body when the system has taken the one before. So a slow client holds no
/// thread.
final class BodyPull: Sendable {
  private let writer: BodyWriter
  private let produce: @Sendable () throws -> [UInt8]?
  private let queue = DispatchQueue(label: "http.pull")

  init(_ writer: BodyWriter, _ produce: @escaping @Sendable () throws -> [UInt8]?) {
    self.writer = writer
    self.produce = produce
  }

  func step() {
    queue.async { [self] in
      do {
        guard let piece = try produce() else { return writer.finish() }
        try writer.send(piece) { [self] sent in
          if sent { step() }
        }
      } catch {
        writer.abort()
      }
    }
  }
}
