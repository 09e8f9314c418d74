import Foundation
import JSON
import Jobs
import Storage
import Synchronization

/// Structured lines on standard error: `time level event key=value …`, or a JSON object each.
///
/// The caller names every field that is logged. Headers and bodies never reach the log, so no line can hold a
/// token.
public final class Log: Sendable {
  public typealias Level = Configuration.LogLevel

  private let format: Configuration.LogFormat
  private let level: Level
  private let sink: @Sendable (String, Level) -> Void
  private let writer: LogWriter?

  /// Writes to standard error. No caller waits for the write.
  public init(format: Configuration.LogFormat = .text, level: Level = .info) {
    self.format = format
    self.level = level
    let writer = LogWriter(descriptor: 2) {
      Self.line(format, .warning, "log.dropped", ["lines": JSONValue($0)])
    }
    self.writer = writer
    // A warning must be written even if the process ends next.
    sink = { writer.append($0, atOnce: $1 >= .warning) }
  }

  /// Gives every line to `sink`, one at a time.
  public init(
    format: Configuration.LogFormat = .text, level: Level = .info, sink: @escaping @Sendable (String) -> Void
  ) {
    self.format = format
    self.level = level
    writer = nil
    let gate = Mutex(())
    self.sink = { line, _ in gate.withLock { _ in sink(line) } }
  }

  public func isOn(_ level: Level) -> Bool { level >= self.level }

  /// Writes a line if the level is high enough.
  public func write(_ level: Level, _ event: String, _ fields: @autoclosure () -> JSONObject = [:]) {
    guard isOn(level) else { return }
    sink(Self.line(format, level, event, fields()), level)
  }

  /// Waits until every line so far is written, but no longer than a second.
  public func flush() { writer?.flush() }

  private static func line(
    _ format: Configuration.LogFormat, _ level: Level, _ event: String, _ fields: JSONObject
  ) -> String {
    let time = Timestamp.now().description
    switch format {
    case .json:
      let head: JSONObject = [
        "time": .string(time), "level": .string(level.rawValue), "event": .string(event),
      ]
      return JSONWriter.text(.object(head.merging(fields)))
    case .text:
      var line = "\(time) \(level.rawValue) \(event)"
      for member in fields.members where !member.value.isNull {
        line += " \(member.name)=\(plain(member.value))"
      }
      return line
    }
  }

  /// Words without quotes. Text that looks like another field or line becomes a JSON string.
  private static func plain(_ value: JSONValue) -> String {
    guard case .string(let text) = value else { return JSONWriter.text(value) }
    let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D }
    return isWord ? text : JSONWriter.text(value)
  }
}
