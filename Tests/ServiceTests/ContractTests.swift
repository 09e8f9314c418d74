import Foundation
import JSON
import Jobs
import Service
import TestSupport
import Testing

/// The promises of API.md about every path, checked on a service that has one of each resource.
@Suite(.serialized) struct ContractTests {
  /// A service with a data set, a trained model, a finished job with artifacts, and their paths.
  private func filled() throws -> (running: RunningService, job: String, checkpoint: String) {
    let running = try RunningService()
    try running.addDigits()
    let made = try running.post(
      "/v1/models",
      ["name": "m", "dataset": "digits", "architecture": "logistic", "training": ["epochs": 1]])
    let train = try running.ended(try #require(made.json["id"]?.stringValue))
    let checkpoint = try #require(train["result"]?["checkpoint"]?.stringValue)
    let job = try running.queue(["kind": "evaluate", "model": "m"])
    #expect(try running.ended(job)["state"] == "succeeded")
    return (running, job, checkpoint)
  }

  private func paths(_ job: String, _ checkpoint: String) -> [String] {
    [
      "/v1", "/healthz", "/readyz", "/openapi.json", "/guide", "/guide/speed", "/v1/datasets",
      "/v1/datasets/digits",
      "/v1/datasets/digits/train/3", "/v1/models", "/v1/models/m", "/v1/models/m/checkpoints",
      "/v1/models/m/weights", "/v1/checkpoints/\(checkpoint)", "/v1/checkpoints/\(checkpoint)/weights",
      "/v1/jobs", "/v1/jobs?limit=1", "/v1/jobs/\(job)", "/v1/jobs/\(job)/result",
      "/v1/jobs/\(job)/artifacts/losses.npy", "/v1/jobs/none", "/v1/nothing",
    ]
  }

  @Test func headHasTheHeadersOfGet() throws {
    let (running, job, checkpoint) = try filled()
    for path in paths(job, checkpoint) {
      for accept in ["*/*", "text/plain", "image/png"] {
        var get = try running.send("GET", path, headers: ["Accept": accept])
        var head = try running.send("HEAD", path, headers: ["Accept": accept])
        #expect(head.body.isEmpty)
        #expect(head.status == get.status, "\(path) \(accept)")
        get.headers["date"] = nil
        head.headers["date"] = nil
        #expect(head.headers == get.headers, "\(path) \(accept)")
      }
    }
  }

  @Test func everyPathSaysWhichMethodsItTakes() throws {
    let (running, job, checkpoint) = try filled()
    for path in paths(job, checkpoint) where path != "/v1/nothing" && path != "/v1/jobs/none" {
      let refused = try running.send("PATCH", path)
      #expect(refused.status == 405, "\(path)")
      let allow = try #require(refused.headers["allow"])
      #expect(allow.contains("GET") && allow.contains("HEAD") && allow.contains("OPTIONS"))
      #expect(try running.send("OPTIONS", path).headers["allow"] == allow)
    }
    #expect(try running.send("OPTIONS", "*").status == 204)
    let expecting = try running.send(
      "POST", "/v1/jobs", [], headers: ["Expect": "a-miracle", "Content-Type": "application/json"])
    #expect(expecting.status == 417)
  }

  @Test func aPersonReadsTables() throws {
    let (running, job, checkpoint) = try filled()
    for (path, part) in [
      ("/v1/jobs", "KIND"), ("/v1/jobs/\(job)", "state"), ("/v1/jobs/\(job)/result", "accuracy"),
      ("/v1/models", "PARAMETERS"), ("/v1/models/m", "architecture"), ("/v1/datasets", "SHAPE"),
      ("/v1/datasets/digits", "classes"), ("/v1/checkpoints/\(checkpoint)", "sha256"),
      ("/v1/models/m/checkpoints", "BYTES"), ("/v1/datasets/digits/train/0", "label"), ("/v1", "version"),
    ] {
      let table = try running.get(path, accept: "text/plain")
      #expect(table.status == 200)
      #expect(table.headers["content-type"] == "text/plain; charset=utf-8", "\(path)")
      #expect(table.text.contains(part), "\(path)")
      #expect(try running.get(path, accept: "application/xml").status == 406)
      // By q-values; JSON by default.
      #expect(
        try running.get(path, accept: "text/plain;q=0.5, application/json").headers["content-type"]
          == "application/json")
    }
  }

  @Test func queriesAreChecked() throws {
    let running = try RunningService()
    for path in [
      "/v1/jobs?after=a%20b", "/v1/jobs?after=", "/v1/datasets?after=%00", "/v1/models?limit=0",
      "/v1/models?limit=%2B5", "/v1/jobs?kind=evaluat", "/v1/jobs?model=No", "/v1/jobs?limit=1&limit=2",
      "/v1/jobs/x?wait=-1", "/v1/jobs/x?wait=1.5", "/v1/datasets?x=1",
    ] {
      #expect(try running.get(path).status == 400, "\(path)")
    }
    #expect(try running.get("/v1/jobs?kind=evaluat").text.contains("did you mean"))
    #expect(try running.get("/v1/jobs?kind=evaluate&model=none&state=queued&limit=500").status == 200)
  }

  @Test func aCancellationIsRepeatedByItsKey() throws {
    let running = try RunningService()
    let id = try running.queue(["kind": "count", "steps": 1000, "seconds": 0.01])
    let key = ["Idempotency-Key": "stop"]
    #expect(try running.send("POST", "/v1/jobs/\(id)/cancel", headers: key).status == 202)
    #expect(try running.ended(id)["state"] == "cancelled")
    let again = try running.send("POST", "/v1/jobs/\(id)/cancel", headers: key)
    #expect(again.status == 200)
    #expect(again.json["state"] == "cancelled")
    // Without a key the state it asks for is there as well.
    #expect(try running.send("POST", "/v1/jobs/\(id)/cancel").status == 202)
  }

  @Test func whoLeavesAWaitIsNoError() throws {
    let running = try RunningService()
    let id = try running.queue(["kind": "count", "steps": 200, "seconds": 0.01])
    do {
      let client = try Client(port: running.port)
      try client.send(Array("GET /v1/jobs/\(id)?wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
      usleep(100_000)
    }
    usleep(200_000)
    let metrics = try running.get("/metrics", accept: "*/*").text
    #expect(!metrics.contains("status=\"500\""))
    #expect(try running.post("/v1/jobs/\(id)/cancel", [:]).status == 202)
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
  func curlResumesADownload() throws {
    let (running, _, checkpoint) = try filled()
    let whole = try running.get("/v1/checkpoints/\(checkpoint)/weights", accept: "*/*")
    let name = "m-trained-\(checkpoint).safetensors"
    #expect(whole.headers["content-disposition"] == "attachment; filename=\"\(name)\"")
    let folder = running.folder + "/download"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(whole.body.prefix(1000)).write(to: URL(fileURLWithPath: folder + "/" + name))
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    curl.currentDirectoryURL = URL(fileURLWithPath: folder)
    // curl itself refuses `-J` together with `-C`: the name comes from an earlier `curl -OJ`.
    curl.arguments = [
      "-sS", "--fail", "-o", name, "-C", "-",
      "http://127.0.0.1:\(running.port)/v1/checkpoints/\(checkpoint)/weights",
    ]
    try curl.run()
    curl.waitUntilExit()
    #expect(curl.terminationStatus == 0)
    let file = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
    #expect(Array(file) == whole.body)
  }

  /// Every line is a comment or a sample. Every family is announced once before its samples, and histograms
  /// add up.
  @Test func metricsAreInTheExpositionFormat() throws {
    let (running, _, _) = try filled()
    let text = try running.get("/metrics", accept: "*/*").text
    #expect(text.hasSuffix("\n"))
    var types: [String: String] = [:]
    var samples: [String: Double] = [:]
    let sample = /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?[0-9.e+-]+)/
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# HELP ") { continue }
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        #expect(words.count == 4 && types[String(words[2])] == nil, "\(line)")
        types[String(words[2])] = String(words[3])
        continue
      }
      let match = try #require(line.wholeMatch(of: sample), "\(line)")
      let name = String(match.1)
      let family = ["_bucket", "_sum", "_count"].lazy.compactMap { suffix in
        name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : nil
      }.first { types[$0] == "histogram" }
      #expect(types[family ?? name] != nil, "\(line)")
      #expect(samples[name + (match.2.map(String.init) ?? "")] == nil, "\(line)")
      samples[name + (match.2.map(String.init) ?? "")] = Double(match.3)
    }
    for family in [
      "http_requests_total", "http_request_seconds", "queue_depth", "jobs", "jobs_ended_total", "job_seconds",
      "curvature_products_total", "compute_busy_fraction", "resident_memory_bytes", "database_bytes",
    ] {
      #expect(types["influenced_" + family] != nil, "\(family)")
    }
    #expect(
      samples["influenced_job_seconds_bucket{kind=\"evaluate\",le=\"+Inf\"}"]
        == samples["influenced_job_seconds_count{kind=\"evaluate\"}"])
    #expect(samples["influenced_jobs{kind=\"evaluate\",state=\"succeeded\"}"] == 1)
    #expect(samples["influenced_compute_busy_fraction"].map { (0...1).contains($0) } == true)
  }

  @Test func theServiceSaysWhatItCanDo() throws {
    let running = try RunningService(kinds: StandardJobs.kinds)
    let service = try running.get("/v1").json
    let kinds = service["capabilities"]?["job_kinds"]?.arrayValue?.compactMap { $0["kind"]?.stringValue }
    #expect(kinds == StandardJobs.kinds.map(\.name))
    let solvers = service["capabilities"]?["solvers"]?.arrayValue ?? []
    #expect(
      solvers.compactMap { $0["name"]?.stringValue }
        == ["lsmr", "cg", "minres", "neumann", "direct", "lissa", "arnoldi"])
    #expect(service["limits"]?["job_memory_bytes"]?.integerValue ?? 0 > 0)
    #expect(service["limits"]?["multiply_adds_a_second"]?.doubleValue ?? 0 > 1e6)
  }

  /// Every member of an answer is in its schema.
  @Test func answersHaveTheMembersOfTheirSchemas() throws {
    let (running, job, checkpoint) = try filled()
    let document = OpenAPI.document(token: false)
    func check(_ path: String, _ schema: String, _ pick: (JSONValue) -> JSONValue? = { $0 }) throws {
      let properties = document["components"]?["schemas"]?[schema]?["properties"]?.objectValue ?? [:]
      let answer = try #require(pick(try running.get(path).json)?.objectValue, "\(path)")
      for name in answer.names { #expect(properties[name] != nil, "\(schema) \(name)") }
    }
    try check("/v1", "Service")
    try check("/v1/datasets/digits", "Dataset")
    try check("/v1/datasets", "Dataset") { $0["items"]?[0] }
    try check("/v1/datasets/digits/train/0", "Sample")
    try check("/v1/models/m", "Model")
    try check("/v1/models", "Model") { $0["items"]?[0] }
    try check("/v1/checkpoints/\(checkpoint)", "Checkpoint")
    try check("/v1/jobs/\(job)", "Job")
    try check("/v1/jobs/\(job)", "Estimate") { $0["estimate"] }
    try check("/v1/jobs/\(job)", "Progress") { $0["progress"] }
    try check("/v1/jobs", "JobSummary") { $0["items"]?[0] }
    try check("/v1/jobs/none", "Problem")
  }

  /// The result of a job of every kind has exactly the members that the contract declares, each of its type,
  /// all the way down.
  @Test func everyResultIsAsDeclared() throws {
    let (running, _, _) = try filled()
    let made = try running.post(
      "/v1/datasets",
      [
        "name": "relabeled",
        "source": ["format": "derived", "of": "digits", "relabel": ["fraction": 0.1]],
      ])
    #expect(made.status == 201)
    let model = try running.post(
      "/v1/models",
      ["name": "flip", "dataset": "relabeled", "architecture": "logistic", "training": ["epochs": 1]])
    _ = try running.ended(try #require(model.json["id"]?.stringValue))
    let schemas = OpenAPI.document(token: false)["components"]?["schemas"]
    for kind in StandardJobs.kinds {
      let body = SmallJobs.body(of: kind.name, model: "flip")
      let job = try running.ended(running.queue(JSONParser.parse(body)))
      let result = try #require(job["result"], "\(kind.name): \(job)")
      let declared = OpenAPI.result(of: kind)
      #expect(ResultType.object(declared).faults(in: result) == [], "\(kind.name)")
      let words = kind.name.split(separator: "_").map(\.capitalized)
      #expect(schemas?[words.joined() + "Result"] == declared.schema)
    }
  }

  @Test func aTrainingBeginsWithWhatItsRequestSays() throws {
    let running = try RunningService()
    try running.addDigits()
    let model: JSONValue = [
      "name": "m", "dataset": "digits", "architecture": "logistic", "training": ["epochs": 1],
    ]
    let first = try running.post("/v1/models", model)
    #expect(first.json["request"]?["checkpoint"] == "initial")
    // Posted while the first has not ended, and run after it.
    let second = try running.queue(["kind": "train", "model": "m", "checkpoint": "initial", "epochs": 1])
    _ = try running.ended(try #require(first.json["id"]?.stringValue))
    #expect(try running.ended(second)["state"] == "succeeded")
    let list = try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue ?? []
    #expect(list.count == 2)
    #expect(list[0]["sha256"] == list[1]["sha256"])
    #expect(list[0]["parent"]?.isNull == true)
    let newest = try #require(list[0]["id"]?.stringValue)
    #expect(try running.get("/v1/checkpoints/\(newest)").json["training"]?["epochs"] == 1)
    let third = try running.post("/v1/jobs", ["kind": "train", "model": "m", "epochs": 1])
    #expect(third.json["request"]?["checkpoint"] == list[0]["id"])
  }
}
