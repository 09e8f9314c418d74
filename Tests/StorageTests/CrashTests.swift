import Foundation
import Storage
import Testing

/// Kills a process in the middle of its writes, over and over, and checks the remaining files.
@Suite(.serialized) struct CrashTests {
  private let chunkByteCount = 50_000
  private static let variable = "STORAGE_CRASH_TEST_DIRECTORY"
  private static let directory = ProcessInfo.processInfo.environment[variable]

  /// Not a test, but the process that is killed. It writes for ever and notes every acknowledgement in a
  /// file.
  @Test(.enabled(if: directory != nil, "run by the test below, in a process of its own"))
  func crashTestChild() throws {
    let directory = try #require(Self.directory)
    let store = try Store(path: directory + "/a.db", maximumAttempts: 1_000_000)
    let log = open(directory + "/told", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    @Sendable func tell(_ line: String) {
      _ = (line + "\n").withCString { write(log, $0, strlen($0)) }
    }
    for _ in 0..<2 {
      Thread.detachNewThread {
        while true {
          if let id = try? store.write({
            try $0.jobs.create(NewJob(kind: "small", request: "{}", priority: -1)).id
          }) {
            tell("job \(id)")
          }
        }
      }
    }
    for seed in UInt64(1)... {
      let job = try store.write { session in
        try session.jobs.claim() ?? session.jobs.create(NewJob(kind: "large", request: "{}", priority: 1))
      }
      if job.state == .queued { continue }
      try store.write { session in
        try session.stages.save(
          job: job.id, name: "s", detail: "\(seed)", blob: session.blobs.insert(noise(9)).id)
      }
      tell("stage \(job.id)")
      let writer = BlobWriter(store, chunkByteCount: chunkByteCount)
      try writer.append(noise(chunkByteCount + 99, seed: seed))
      let id = try writer.finish { session, blob in
        let new = NewCheckpoint(model: "net", kind: .trained, job: job.id, metrics: "\(seed)", blob: blob.id)
        let checkpoint = try session.checkpoints.create(new)
        try session.jobs.finish(job.id, .succeeded(result: "{}"))
        return checkpoint.id
      }
      tell("checkpoint \(id) \(job.id)")
      if seed % 3 == 0 {
        try store.write { try $0.checkpoints.delete(id) }
        tell("deleted \(id) \(job.id)")
        try store.maintain()
      }
    }
  }

  @Test(.enabled(if: directory == nil)) func killedAtAnyMomentNothingAcknowledgedIsLost() throws {
    let test = try TestStore()
    try test.makeModel()
    test.store.close()
    let home = test.directory.file("run")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    let path = home + "/a.db"
    try FileManager.default.moveItem(atPath: test.path, toPath: path)
    var toldBefore = 0
    for round in 0..<6 {
      let child = Process()
      child.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      child.arguments = ["--testing-library", "swift-testing", "--filter", "crashTestChild"]
      child.environment = ProcessInfo.processInfo.environment.merging([Self.variable: home]) { $1 }
      child.standardOutput = FileHandle.nullDevice
      child.standardError = FileHandle.nullDevice
      try child.run()
      // Each round kills the child after it has written more than in the round before.
      let deadline = Date(timeIntervalSinceNow: 30)
      let enough = toldBefore + 20 + 7 * round
      while told(home).count < enough, child.isRunning, Date() < deadline { usleep(2000) }
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()

      let lines = told(home)
      try #require(lines.count >= toldBefore + 20, "the child of round \(round) did not write")
      toldBefore = lines.count
      let store = try Store(path: path, maximumAttempts: 1_000_000)
      defer { store.close() }
      #expect(try store.database.integrityCheck() == [])
      var expected: Set<String> = []
      for line in lines {
        switch line[0] {
        case "checkpoint": expected.insert(line[1])
        case "deleted": expected.remove(line[1])
        default: break
        }
        let job = try store.read {
          try $0.jobs.find(line[0] == "job" || line[0] == "stage" ? line[1] : line[2])
        }
        #expect(job != nil, "\(line)")
        if line[0] == "checkpoint" { #expect(job?.state == .succeeded) }
      }
      let found = try store.read { try $0.checkpoints.list(model: "net", limit: 100_000).items }
      // At most one deletion or one new checkpoint may be done but not yet acknowledged.
      #expect(expected.subtracting(found.map(\.id)).count <= 1)
      for checkpoint in found.prefix(20) {
        let seed = try #require(UInt64(checkpoint.metrics))
        let bytes = try BlobReader(store, checkpoint.blob.id).bytes()
        #expect(bytes == noise(chunkByteCount + 99, seed: seed))
      }
      try store.maintain()
      let chunks = try store.read { session in
        try session.connection.first("SELECT count(*) FROM blob_chunk") { $0.int(0) } ?? -1
      }
      let stages = try store.read { session in
        try session.connection.first("SELECT count(*) FROM job_stage") { $0.int(0) } ?? -1
      }
      #expect(chunks == 2 * found.count + stages)
    }
  }

  /// The acknowledgements of the child, without a last line that was cut off.
  private func told(_ home: String) -> [[String]] {
    guard let text = try? String(contentsOfFile: home + "/told", encoding: .utf8) else { return [] }
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map { $0.split(separator: " ").map(String.init) }
  }
}
