import Dispatch
import Foundation
import JSON
import Jobs
import Service
import Synchronization
import Testing

@Suite struct LogTests {
  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
    var sink: @Sendable (String) -> Void { { line in self.all.withLock { $0.append(line) } } }
    var texts: [String] { all.withLock { $0 } }
  }

  @Test func linesOfTextHoldOneEventEach() {
    let lines = Lines()
    let log = Log(format: .text, level: .info, sink: lines.sink)
    log.write(.info, "request", ["path": "/a b\n2026 info forged x=1", "status": 200, "none": nil])
    log.write(.debug, "hidden")
    #expect(lines.texts.count == 1)
    #expect(lines.texts[0].hasSuffix(#" info request path="/a b\n2026 info forged x=1" status=200"#))
    #expect(!lines.texts[0].contains("\n"))
  }

  @Test func linesOfJSONAreObjects() throws {
    let lines = Lines()
    Log(format: .json, level: .warning, sink: lines.sink).write(
      .error, "job.failed", ["job": "x", "seconds": 1.5])
    let json = try JSONParser.parse(lines.texts[0])
    #expect(json["event"] == "job.failed")
    #expect(json["level"] == "error")
    #expect(json["seconds"] == 1.5)
  }

  @Test func aPipeThatNobodyReadsKeepsNobodyWaiting() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let writer = LogWriter(descriptor: ends[1]) { "dropped \($0)" }
    let line = String(repeating: "x", count: 999)
    // Some 20 MB, of which a pipe takes 64 KiB and the writer keeps a few MiB.
    for _ in 0..<20_000 { writer.append(line, atOnce: false) }
    let reading = ends[0]
    let text = Mutex<[UInt8]>([])
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(reading, &buffer, buffer.count)
        guard count > 0 else { break }
        text.withLock { $0 += buffer[..<count] }
      }
      done.signal()
    }
    for _ in 0..<20 { writer.flush() }
    close(ends[1])
    done.wait()
    close(ends[0])
    let lines = String(decoding: text.withLock { $0 }, as: UTF8.self).split(separator: "\n")
    let kept = lines.filter { $0 == line }.count
    let dropped = lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }.reduce(0, +)
    #expect(dropped > 0)
    #expect(kept + dropped == 20_000)
  }
}
