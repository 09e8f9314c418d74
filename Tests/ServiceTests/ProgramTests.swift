import Foundation
import JSON
import Jobs
import Storage
import Testing

/// The built program under signals, kills and failing files.
@Suite(.serialized, .enabled(if: RunningProgram.path != nil, "the program was not built beside the tests"))
struct ProgramTests {
  private static let training: JSONValue = [
    "name": "trained", "dataset": "digits", "architecture": ["name": "mlp", "hidden": [64]], "seed": 3,
    "training": ["epochs": 600, "batch_size": 64, "learning_rate": 0.02, "validation": 0.1],
  ]

  private func remove(_ program: RunningProgram) {
    try? FileManager.default.removeItem(atPath: program.folder)
  }

  /// The SHA-256 of the training's weights on an undisturbed server.
  private func undisturbedWeights() throws -> JSONValue? {
    let program = try RunningProgram()
    defer { remove(program) }
    try program.addModel("other")
    let id = try #require(program.post("/v1/models", Self.training).json["id"]?.stringValue)
    #expect(try program.ended(id)["state"] == "succeeded")
    return try program.get("/v1/models/trained").json["checkpoint"]?["sha256"]
  }

  /// With a training, an idle connection, a body that stops, events and a wait under way.
  @Test func aSignalEndsItInTimeAndTheTrainingGoesOnLater() throws {
    let first = try RunningProgram("--save-interval", "0.05")
    defer { remove(first) }
    try first.addModel("other")
    let id = try #require(first.post("/v1/models", Self.training).json["id"]?.stringValue)
    _ = try first.wait(for: id) { $0["progress"]?["fraction"]?.doubleValue ?? 0 > 0.05 }
    let waiting = try first.post(
      "/v1/jobs", ["kind": "retrain", "model": "other", "class": 1, "priority": -1])
    let idle = try Client(port: first.port)
    let upload = try Client(port: first.port)
    try upload.send(
      Array(
        "PUT /v1/models/other/weights HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nhalf".utf8))
    let events = try Client(port: first.port)
    try events.send(Array("GET /v1/jobs/\(id)/events HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    let wait = try Client(port: first.port)
    try wait.send(Array("GET /v1/jobs/\(id)?wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    usleep(100_000)
    let end = first.terminate()
    #expect(end.status == 0)
    #expect(end.seconds < 10)
    #expect(try wait.readReply().json["id"] == .string(id))
    withExtendedLifetime(idle) {}

    let second = try RunningProgram(folder: first.folder)
    let job = try second.ended(id)
    #expect(job["state"] == "succeeded")
    #expect(job["attempt"] == 1)
    let told = try second.get("/v1/jobs/\(id)/events", accept: "text/event-stream").text
    #expect(told.components(separatedBy: #""state":"running""#).count == 3)
    // The job did not start again: the first epoch reported after the second start is a later one.
    let later = try #require(told.components(separatedBy: #""state":"running""#).last)
    #expect(!later.contains("\"detail\":\"epoch 1 of"))
    #expect(
      try second.get("/v1/models/trained").json["checkpoint"]?["sha256"] == undisturbedWeights())
    #expect(try second.get("/v1/models/other/checkpoints").json["items"]?.arrayValue?.count == 1)
    if waiting.status == 202, let other = waiting.json["id"]?.stringValue {
      #expect(try second.get("/v1/jobs/\(other)").status == 200)
    }
    #expect(second.terminate().status == 0)
  }

  /// A handful of the kills of `scripts/kill-test`.
  @Test func killedAtAnyMomentItLosesNothingItAcknowledged() throws {
    var program = try RunningProgram("--save-interval", "0.05", "--crash-limit", "100")
    defer { remove(program) }
    try program.addModel("other")
    let weights = try program.get("/v1/models/other/weights", accept: "*/*").body
    let id = try #require(
      program.post("/v1/models", Self.training, headers: ["Idempotency-Key": "training"]).json["id"]?
        .stringValue)
    func evaluate(_ key: String) throws -> Reply {
      try program.post(
        "/v1/jobs", ["kind": "evaluate", "model": "other"], headers: ["Idempotency-Key": key])
    }
    var jobs: [String: String] = [:]
    var checkpoints: [String] = []
    for round in 0..<5 {
      let deadline = Date(timeIntervalSinceNow: .random(in: 0.05...0.4))
      while Date() < deadline {
        let key = "key \(jobs.count)"
        let reply = try evaluate(key)
        #expect(reply.status == 202)
        jobs[key] = reply.json["id"]?.stringValue
        let upload = try program.send(
          "PUT", "/v1/models/other/weights", program.varied(weights, checkpoints.count))
        #expect(upload.status == 201)
        checkpoints.append(upload.json["id"]?.stringValue ?? "")
      }
      // Cut off within its body.
      let cut = try Client(port: program.port)
      try cut.send(
        Array(
          "PUT /v1/models/other/weights HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(weights.count)\r\n\r\n"
            .utf8)
          + weights.dropLast(100))
      program.kill()
      let store = try Store(path: program.database, maximumAttempts: 100)
      #expect(try store.database.integrityCheck() == [])
      store.close()
      program = try RunningProgram(folder: program.folder, "--save-interval", "0.05", "--crash-limit", "100")
      for (key, job) in jobs {
        let reply = try evaluate(key)
        #expect(reply.status == 200, "after kill \(round)")
        #expect(reply.json["id"] == .string(job))
      }
      let found = try program.get("/v1/models/other/checkpoints?limit=500").json["items"]?.arrayValue ?? []
      #expect(found.compactMap { $0["id"]?.stringValue }.dropLast() == checkpoints.reversed()[...])
    }
    let job = try program.ended(id)
    #expect(job["state"] == "succeeded")
    #expect(try program.get("/v1/models/trained").json["checkpoint"]?["sha256"] == undisturbedWeights())
    for job in jobs.values {
      #expect(try program.ended(job)["state"] == "succeeded")
    }
    #expect(program.terminate().status == 0)
  }

  @Test func aFileThatMustNotGrowIsSaidAndRecoveredFrom() throws {
    let prlimit = "/usr/bin/prlimit"
    guard FileManager.default.isExecutableFile(atPath: prlimit) else { return }
    let program = try RunningProgram(limits: "-S -f 6000", "--job-time-limit", "600")
    defer { remove(program) }
    try program.addModel("other", ["name": "mlp", "hidden": [256, 256]])
    let weights = try program.get("/v1/models/other/weights", accept: "*/*").body
    var refused: Reply?
    for number in 0..<40 {
      let reply = try program.send("PUT", "/v1/models/other/weights", program.varied(weights, number))
      if reply.status != 201 {
        refused = reply
        break
      }
    }
    #expect(refused?.status == 503 || refused?.status == 507)
    #expect(refused?.headers["content-type"] == "application/problem+json")
    // Requests that need no space still succeed.
    #expect(try program.get("/v1/models/other").status == 200)
    #expect(try program.get("/healthz").status == 200)
    var ready = try program.get("/readyz")
    for _ in 0..<200 where ready.status == 200 {
      usleep(20_000)
      _ = try program.post("/v1/jobs", ["kind": "evaluate", "model": "other"])
      ready = try program.get("/readyz")
    }
    #expect(ready.status == 503)
    #expect(ready.json["detail"]?.stringValue?.isEmpty == false)

    let more = Process()
    more.executableURL = URL(fileURLWithPath: prlimit)
    more.arguments = ["--pid", "\(program.number)", "--fsize=unlimited"]
    try more.run()
    more.waitUntilExit()
    #expect(more.terminationStatus == 0)
    #expect(try program.get("/readyz").status == 200)
    #expect(try program.send("PUT", "/v1/models/other/weights", weights).status == 201)
    let job = try program.ended(program.queue(["kind": "evaluate", "model": "other"]))
    #expect(job["state"] == "succeeded")
    #expect(program.terminate().status == 0)
    let store = try Store(path: program.database)
    #expect(try store.database.integrityCheck() == [])
    store.close()
  }

  @Test func aDatabaseItMustNotUseIsLeftAloneAndNamed() throws {
    let program = try RunningProgram()
    defer { remove(program) }
    #expect(program.terminate().status == 0)
    let database = try Database(path: program.database)
    try database.write { try $0.script("PRAGMA user_version=99") }
    database.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: program.database))
    let newer = try RunningProgram.refused(folder: program.folder)
    #expect(newer.status == 1)
    #expect(newer.words.contains("the database has version 99"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: program.database)) == before)
    try Data("no database, but some text that is long enough".utf8).write(
      to: URL(fileURLWithPath: program.database))
    let foreign = try RunningProgram.refused(folder: program.folder)
    #expect(foreign.status == 1)
    #expect(foreign.words.contains("is not a usable SQLite database"))
    let missing = try RunningProgram.refused(folder: program.folder + "/none")
    #expect(missing.status == 1)
    #expect(missing.words.contains("/none/test.sqlite"))
  }
}
