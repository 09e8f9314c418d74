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
}
