import Foundation
import JSON
import Jobs
import Service
import Storage
import Testing

/// Jobs from the queue to their end, with everything that can come between.
@Suite(.serialized) struct JobLifeTests {
  @Test func aJobRunsAndLeavesItsResult() throws {
    let running = try RunningService()
    let reply = try running.post("/v1/jobs", ["kind": "count", "steps": 3, "seconds": 0.01])
    #expect(reply.status == 202)
    let id = try #require(reply.json["id"]?.stringValue)
    #expect(reply.headers["location"] == "/v1/jobs/\(id)")
    #expect(reply.json["request"]?["priority"] == 0)
    let job = try running.ended(id)
    #expect(job["state"] == "succeeded")
    #expect(job["attempt"] == 1)
    #expect(job["progress"]?["fraction"] == 1.0)
    #expect(job["result"]?["counted"] == 3)
    #expect(job["result"]?["seconds"]?["count"]?.doubleValue ?? 0 > 0.02)
    let artifact = try #require(job["result"]?["artifacts"]?[0])
    #expect(artifact["name"] == "steps.npy")
    #expect(artifact["shape"] == [3])
    let array = try running.get("/v1/jobs/\(id)/artifacts/steps.npy", accept: "*/*").body
    #expect(array.starts(with: [0x93] + Array("NUMPY".utf8)))
    #expect(Array(array.suffix(24)) == [0, 1, 2].flatMap { [UInt8($0), 0, 0, 0, 0, 0, 0, 0] })
    #expect(try running.get("/v1/jobs/\(id)/artifacts/none.npy").status == 404)
    #expect(try running.get("/v1/jobs/\(id)/result").json == job["result"])
    #expect(try running.get("/v1/jobs/\(id)/result", accept: "text/plain").text.contains("counted"))
    #expect(try running.post("/v1/jobs/\(id)/cancel", [:]).status == 409)
    #expect(try running.send("DELETE", "/v1/jobs/\(id)").status == 204)
    #expect(try running.get("/v1/jobs/\(id)").status == 404)
  }

  /// A training may take less time than its first report waits for. Its phase is in the result all the same.
  @Test(arguments: ["sgd", "lbfgs"]) func aShortTrainingHasItsSeconds(_ optimizer: String) throws {
    let running = try RunningService()
    try running.addDigits()
    let training: JSONValue = ["optimizer": .string(optimizer), "epochs": 1]
    let made = try running.post(
      "/v1/models", ["name": "m", "dataset": "digits", "architecture": "logistic", "training": training])
    let job = try running.ended(try #require(made.json["id"]?.stringValue))
    #expect(job["result"]?["seconds"]?["train"]?.doubleValue != nil, "\(job)")
  }

  @Test func eventsAreFollowedAndResumed() throws {
    let running = try RunningService()
    let id = try running.queue(["kind": "count", "steps": 4, "seconds": 0.1])
    let stream = try running.send("GET", "/v1/jobs/\(id)/events", headers: ["Accept": "text/event-stream"])
    #expect(stream.headers["content-type"] == "text/event-stream")
    let events = stream.text.components(separatedBy: "\n\n").filter { $0.hasPrefix("id:") }
    #expect(events.first?.contains("event: state\ndata: {\"id\":\"\(id)\",\"state\":\"queued\"}") == true)
    #expect(events.last?.contains("\"state\":\"succeeded\"") == true)
    #expect(events.contains { $0.contains("event: progress") && $0.contains("\"phase\":\"count\"") })
    #expect(events.enumerated().allSatisfy { $1.hasPrefix("id: \($0 + 1)\n") })
    let rest = try running.send(
      "GET", "/v1/jobs/\(id)/events", headers: ["Last-Event-ID": "\(events.count - 1)"])
    #expect(rest.text.components(separatedBy: "\n\n").first == events.last)
    // An EventSource that has all events reconnects until a 204 says that there are no more.
    for last in ["\(events.count)", "\(Int.max)"] {
      let none = try running.send("GET", "/v1/jobs/\(id)/events", headers: ["Last-Event-ID": last])
      #expect(none.status == 204)
    }
    #expect(try running.send("GET", "/v1/jobs/\(id)/events", headers: ["Last-Event-ID": "x"]).status == 400)
  }

  @Test func aFailureSaysWhatToChangeAndLeavesNothing() throws {
    let running = try RunningService()
    try running.addModel()
    let id = try running.queue(["kind": "count", "steps": 3, "fail_at": 1, "model": "m"])
    let job = try running.ended(id)
    #expect(job["state"] == "failed")
    #expect(
      job["error"]
        == ["reason": "non_finite", "message": "Step 1 is not a number.", "advice": "Count less far."])
    #expect(job["result"] == nil || job["result"] == .null)
    #expect(try running.get("/v1/jobs/\(id)/result").status == 409)
    #expect(try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue?.count == 1)
  }

  @Test func aRunningJobStopsWithinASecond() throws {
    let running = try RunningService()
    try running.addModel()
    let id = try running.queue(["kind": "count", "steps": 10_000, "seconds": 0.05, "model": "m"])
    _ = try running.wait(for: id) { $0["progress"]?["fraction"]?.doubleValue ?? 0 > 0 }
    #expect(try running.send("DELETE", "/v1/models/m").status == 409)
    #expect(try running.send("DELETE", "/v1/jobs/\(id)").status == 409)
    let start = Date()
    #expect(try running.post("/v1/jobs/\(id)/cancel", [:]).status == 202)
    let job = try running.ended(id)
    #expect(Date().timeIntervalSince(start) < 1)
    #expect(job["state"] == "cancelled")
    #expect(try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue?.count == 1)
    #expect(try running.get("/v1/jobs/\(id)/artifacts/steps.npy").status == 404)
    #expect(try running.send("DELETE", "/v1/models/m").status == 204)
  }

  @Test func waitingJobsAreCancelledAndCounted() throws {
    let running = try RunningService { $0.queueLimit = 2 }
    let long = try running.queue(["kind": "count", "steps": 1000, "seconds": 0.05])
    _ = try running.wait(for: long) { $0["state"] == "running" }
    let waiting = try running.queue(["kind": "count"])
    _ = try running.queue(["kind": "count"])
    let full = try running.post("/v1/jobs", ["kind": "count"])
    #expect(full.status == 429)
    #expect(full.headers["retry-after"] != nil)
    let cancelled = try running.post("/v1/jobs/\(waiting)/cancel", [:])
    #expect(cancelled.json["state"] == "cancelled")
    #expect(try running.get("/v1/jobs?state=queued").json["items"]?.arrayValue?.count == 1)
    #expect(try running.post("/v1/jobs/\(long)/cancel", [:]).status == 202)
  }

  @Test func higherPrioritiesGoFirst() throws {
    let running = try RunningService()
    let long = try running.queue(["kind": "count", "steps": 20, "seconds": 0.05])
    _ = try running.wait(for: long) { $0["state"] == "running" }
    let low = try running.queue(["kind": "count", "priority": -1])
    let high = try running.queue(["kind": "count", "priority": 5])
    let jobs = try [low, high].map { try running.ended($0) }
    let times = jobs.map { $0["started_at"]?.stringValue ?? "" }
    #expect(times[1] < times[0])
  }

  @Test func aJobHasATimeLimitOfItsOwn() throws {
    let running = try RunningService { $0.jobTimeLimit = 60 }
    for wrong: JSONValue in [0, -1, 61, "1"] {
      let reply = try running.post("/v1/jobs", ["kind": "count", "time_limit": wrong])
      #expect(reply.status == 422)
      #expect(reply.pointers == ["/time_limit"])
    }
    let id = try running.queue(["kind": "count", "steps": 10_000, "seconds": 0.02, "time_limit": 0.3])
    #expect(try running.get("/v1/jobs/\(id)").json["request"]?["time_limit"] == 0.3)
    let job = try running.ended(id)
    #expect(job["state"] == "failed")
    #expect(job["error"]?["reason"] == "time_limit")
    #expect(job["error"]?["message"] == "The job ran for its limit of 0.3 seconds.")
    let free = try running.ended(running.queue(["kind": "count"]))
    #expect(free["state"] == "succeeded")
    #expect(free["request"]?["time_limit"] == .null)
  }

  /// Seconds of an attempt that a stop broke off count.
  @Test func theTimeLimitHoldsForAllAttemptsTogether() throws {
    let first = try RunningService()
    let id = try first.queue(["kind": "count", "steps": 10_000, "seconds": 0.02, "time_limit": 1.5])
    _ = try first.wait(for: id) { $0["progress"]?["seconds"]?["count"]?.doubleValue ?? 0 > 0.8 }
    first.stop()
    let second = try RunningService(folder: first.folder)
    let job = try second.ended(id)
    #expect(job["error"]?["reason"] == "time_limit")
    let counted = job["progress"]?["seconds"]?["count"]?.doubleValue ?? 0
    #expect(counted < 3)
  }

  @Test func aRequestThatArrivesWhileTheServiceStopsMakesNoJob() throws {
    let running = try RunningService()
    let client = try Client(port: running.port)
    let body = Array(#"{"kind":"count"}"#.utf8)
    try client.send(
      Array(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
          .utf8)
        + body.prefix(5))
    usleep(100_000)
    let stopped = DispatchSemaphore(value: 0)
    let service = running.service
    Thread.detachNewThread {
      service.stop()
      stopped.signal()
    }
    usleep(300_000)
    try client.send(Array(body.dropFirst(5)))
    let reply = try client.readReply()
    #expect(reply.status == 503)
    #expect(reply.headers["retry-after"] != nil)
    #expect(stopped.wait(timeout: .now() + 10) == .success)
    let store = try Store(path: running.folder + "/test.sqlite")
    #expect(try store.read { try $0.jobs.list(limit: 10).items.isEmpty })
    store.close()
  }

  @Test func severalWorkersOnOnePoolGiveTheBitsOfOne() throws {
    let bodies: [JSONValue] = [
      ["kind": "remove", "model": "m", "class": 8], ["kind": "spectrum", "model": "m", "count": 5],
      [
        "kind": "influence", "model": "m", "test": ["indices": [1, 2]], "self_influence": true,
        "damping": 0.1,
      ],
      ["kind": "remove", "model": "m", "class": 3, "estimator": "if", "damping": 0.1],
      ["kind": "train", "model": "m", "epochs": 3, "seed": 4],
    ]
    func results(workers: Int, threads: Int) throws -> [[JSONValue]] {
      let running = try RunningService {
        $0.workers = workers
        $0.computeThreads = threads
      }
      try running.addDigits()
      _ = try running.post(
        "/v1/models", ["name": "m", "dataset": "digits", "architecture": ["name": "mlp", "hidden": [24]]])
      // Jobs of one worker wait for each other. The training is last, because later jobs would take its
      // checkpoint.
      let ids = try bodies.map { try running.queue($0) }
      return try ids.map { id in
        let job = try running.ended(id)
        #expect(job["state"] == "succeeded", "\(job["error"] ?? .null)")
        let made = try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue ?? []
        return made.filter { $0["job"] == .string(id) }.compactMap { $0["sha256"] }
          + (job["result"]?["artifacts"]?.arrayValue ?? []).compactMap { $0["sha256"] }
      }
    }
    let alone = try results(workers: 1, threads: 1)
    #expect(alone.allSatisfy { !$0.isEmpty })
    #expect(try results(workers: 5, threads: 3) == alone)
  }

  @Test func shortJobsDoNotWaitBehindLongOnes() throws {
    let running = try RunningService(kinds: StandardJobs.kinds + [CountRequest.job])
    try running.addModel()
    let long = try running.queue(["kind": "count", "steps": 1000, "seconds": 0.05])
    _ = try running.wait(for: long) { $0["state"] == "running" }
    let short = try running.ended(running.queue(["kind": "evaluate", "model": "m"]))
    #expect(short["state"] == "succeeded")
    #expect(try running.get("/v1/jobs/\(long)").json["state"] == "running")
    _ = try running.post("/v1/jobs/\(long)/cancel", [:])
  }

  @Test func aStopInGoodOrderGoesOnLater() throws {
    let first = try RunningService()
    let id = try first.queue(["kind": "count", "steps": 40, "seconds": 0.05])
    _ = try first.wait(for: id) { $0["progress"]?["fraction"]?.doubleValue ?? 0 > 0.1 }
    let start = Date()
    first.stop()
    #expect(Date().timeIntervalSince(start) < 4)
    let second = try RunningService(folder: first.folder)
    let job = try second.ended(id)
    #expect(job["state"] == "succeeded")
    #expect(job["attempt"] == 1)
    #expect(job["result"]?["counted"] == 40)
    #expect(job["result"]?["resumed_at"]?.integerValue ?? 0 > 3)
    let events = try second.send("GET", "/v1/jobs/\(id)/events").text
    #expect(events.components(separatedBy: "\"state\":\"running\"").count == 3)
    #expect(events.components(separatedBy: "\"state\":\"queued\"").count == 3)
  }

  @Test func aCrashIsCountedAndTheThirdIsTheLast() throws {
    let first = try RunningService()
    first.stop()
    // The state that a process leaves behind if it dies during a job.
    func crash(_ makes: Bool) throws -> String {
      let store = try Store(path: first.folder + "/test.sqlite")
      defer { store.close() }
      return try store.write { session in
        if makes {
          try session.jobs.create(
            NewJob(kind: "count", request: #"{"kind":"count","priority":0,"steps":2,"seconds":0}"#, lane: 1))
        }
        guard let job = try session.jobs.claim() else { throw Failure(description: "no job is queued") }
        return job.id
      }
    }
    let id = try crash(true)
    let second = try RunningService(folder: first.folder)
    let job = try second.ended(id)
    #expect(job["state"] == "succeeded")
    #expect(job["attempt"] == 2)
    second.stop()

    let other = try crash(true)
    #expect(try crash(false) == other)
    #expect(try crash(false) == other)
    let third = try RunningService(folder: first.folder)
    let failed = try third.get("/v1/jobs/\(other)").json
    #expect(failed["state"] == "failed")
    #expect(failed["error"]?["message"]?.stringValue?.contains("3 times") == true, "\(failed)")
  }

  @Test func waitAnswersInItsTimeAndWhenTheServiceStops() throws {
    let running = try RunningService()
    let id = try running.queue(["kind": "count", "steps": 1000, "seconds": 0.05])
    let start = Date()
    #expect(try running.get("/v1/jobs/\(id)?wait=1").json["state"] == "running")
    #expect(abs(Date().timeIntervalSince(start) - 1) < 0.5)
    let (port, stopping) = (running.port, DispatchSemaphore(value: 0))
    Thread {
      let reply = try? Client(port: port).ask("GET", "/v1/jobs/\(id)?wait=60")
      if reply?.status == 200 { stopping.signal() }
    }.start()
    usleep(300_000)
    running.stop()
    #expect(stopping.wait(timeout: .now() + 3) == .success)
  }
}
