import Foundation
import Jobs

/// The built program in a process of its own. Several processes may use its folder, one after the other.
final class RunningProgram: RunningServer {
  /// The executable, which a build of the tests leaves beside them; nil if there is none.
  static let path: String? = {
    guard let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      return nil
    }
    let path = (tests as NSString).deletingLastPathComponent + "/influenced"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  let folder: String
  private let process = Process()
  private(set) var port: UInt16 = 0

  /// Starts the program and waits until it listens.
  ///
  /// - Parameters:
  ///   - folder: of an earlier process, to go on with its database.
  ///   - limits: of the shell's `ulimit`, such as `-S -f 1000`.
  init(folder: String? = nil, limits: String? = nil, _ flags: String...) throws {
    self.folder = folder ?? NSTemporaryDirectory() + "influenced-program-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    guard let path = Self.path else { throw Failure(description: "there is no program") }
    let arguments =
      [
        "serve", "--port", "0", "--database", database, "--data-directory", self.folder, "--compute-threads",
        "1",
      ] + flags
    if let limits {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "ulimit \(limits); exec \"$0\" \"$@\"", path] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
    }
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("INFLUENCED_") }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.file(words)
    process.standardError = try Self.file(self.folder + "/log", appends: true)
    try process.run()
    port = try listening()
  }

  var database: String { folder + "/test.sqlite" }
  var number: Int32 { process.processIdentifier }
  private var words: String { folder + "/words" }

  deinit {
    if process.isRunning { kill() }
  }

  /// The last words of a program that ended at its start.
  static func refused(folder: String, _ flags: String...) throws -> (status: Int32, words: String) {
    guard let path else { throw Failure(description: "there is no program") }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["serve", "--port", "0", "--database", folder + "/test.sqlite"] + flags
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = pipe
    try process.run()
    let words = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: words, as: UTF8.self))
  }

  // MARK: The end

  /// Ends the program without a warning, as a crash does.
  func kill() {
    Glibc.kill(number, SIGKILL)
    process.waitUntilExit()
  }

  /// Sends SIGTERM; the status and the seconds it took.
  func terminate() -> (status: Int32, seconds: Double) {
    let start = Date()
    process.terminate()
    process.waitUntilExit()
    return (process.terminationStatus, Date().timeIntervalSince(start))
  }

  // MARK: The start

  private static func file(_ path: String, appends: Bool = false) throws -> FileHandle {
    if !appends || !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    if appends { try handle.seekToEnd() }
    return handle
  }

  private func listening() throws -> UInt16 {
    for _ in 0..<3000 {
      let text = (try? String(contentsOfFile: words, encoding: .utf8)) ?? ""
      if text.hasSuffix("\n"), let mark = text.range(of: "http://127.0.0.1:"),
        let port = UInt16(text[mark.upperBound...].prefix { $0.isNumber })
      {
        return port
      }
      guard process.isRunning else { break }
      usleep(10_000)
    }
    let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
    throw Failure(description: "the program did not start: \(log.suffix(500))")
  }
}
