import Foundation
import Jobs
import Storage
import Synchronization

/// Structured lines on standard error: `time level event key=value …`, or a JSON object each.
///
/// What is logged is named by whoever logs it; nothing here sees headers or bodies, so no line can hold a token.
public final class Log: Sendable {
  public typealias Level = Configuration.LogLevel

  private let format: Configuration.LogFormat
  private let level: Level
  private let sink: Mutex<@Sendable (String) -> Void>

  public init(
    format: Configuration.LogFormat = .text, level: Level = .info,
    sink: @escaping @Sendable (String) -> Void = Log.standardError
  ) {
    self.format = format
    self.level = level
    self.sink = Mutex(sink)
  }

  public func isOn(_ level: Level) -> Bool { level >= self.level }

  /// Writes a line where the level is high enough.
  public func write(_ level: Level, _ event: String, _ fields: @autoclosure () -> JSONObject = [:]) {
    guard isOn(level) else { return }
    let line = line(level, event, fields())
    sink.withLock { $0(line) }
  }

  private func line(_ level: Level, _ event: String, _ fields: JSONObject) -> String {
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
        line += " \(member.name)=\(Self.plain(member.value))"
      }
      return line
    }
  }

  /// Words without quotes; whatever could be mistaken for another field or line is a JSON string.
  private static func plain(_ value: JSONValue) -> String {
    guard case .string(let text) = value else { return JSONWriter.text(value) }
    let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D }
    return isWord ? text : JSONWriter.text(value)
  }

  public static let standardError: @Sendable (String) -> Void = { line in
    var bytes = Array(line.utf8)
    bytes.append(0x0A)
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
      if written > 0 { rest = rest.dropFirst(written) } else if errno != EINTR { return }
    }
  }
}
