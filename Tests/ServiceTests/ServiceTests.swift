import Formats
import Foundation
import JSON
import Jobs
import Service
import Synchronization
import Testing

/// The service as a client sees it, over loopback.
@Suite(.serialized) struct ServiceTests {
  @Test func itSaysWhatItIs() throws {
    let running = try RunningService()
    let capabilities = try running.get("/v1").json
    #expect(capabilities["name"] == "influenced")
    #expect(capabilities["capabilities"]?["estimators"] == ["gif", "fif", "pif", "if"])
    #expect(try running.get("/healthz").status == 200)
    #expect(try running.get("/readyz").status == 200)
    #expect(try running.get("/metrics", accept: "*/*").text.contains("influenced_queue_depth 0"))
    let head = try running.send("HEAD", "/v1")
    #expect(head.status == 200)
    #expect(head.headers["content-length"] != nil)
    #expect(head.body.isEmpty)
  }

  @Test func aModelIsTrainedEditedAndTakenAway() throws {
    let running = try RunningService()
    try running.addDigits()
    let made = try running.post(
      "/v1/models",
      [
        "name": "mlp", "dataset": "digits", "architecture": ["name": "mlp", "hidden": [16]],
        "training": ["epochs": 2],
      ])
    #expect(made.status == 202)
    let location = try #require(made.headers["location"])
    let train = try running.get(location + "?wait=60").json
    #expect(train["state"] == "succeeded", "\(train)")
    let trained = try #require(train["result"]?["checkpoint"]?.stringValue)

    let remove = try running.ended(
      running.queue(["kind": "remove", "model": "mlp", "class": 8, "hessian_samples": 128]))
    #expect(remove["state"] == "succeeded", "\(remove)")
    #expect(remove["request"]?["checkpoint"] == .string(trained))
    let edited = try #require(remove["result"]?["checkpoint"]?.stringValue)
    let list = try running.get("/v1/models/mlp/checkpoints").json["items"]?.arrayValue ?? []
    #expect(list.map { $0["id"] } == [.string(edited), .string(trained)])
    #expect(list.map { $0["kind"] } == ["edited", "trained"])
    #expect(list[0]["parent"] == .string(trained))

    // A later job starts from the trained one, not from the edited one.
    let evaluate = try running.ended(running.queue(["kind": "evaluate", "model": "mlp"]))
    #expect(evaluate["request"]?["checkpoint"] == .string(trained))

    // A filled-in request posted again makes the same bytes.
    let again = try running.ended(running.queue(try #require(remove["request"])))
    let other = try #require(again["result"]?["checkpoint"]?.stringValue)
    let shas = try [edited, other].map { try running.get("/v1/checkpoints/\($0)").json["sha256"] }
    #expect(shas[0] == shas[1])

    let weights = try running.get("/v1/checkpoints/\(edited)/weights", accept: "*/*")
    #expect(weights.headers["content-disposition"]?.contains("mlp-edited-\(edited).safetensors") == true)
    let put = try running.send("PUT", "/v1/models/mlp/weights", weights.body)
    #expect(put.status == 201, "\(put.text)")
    #expect(put.json["sha256"] == shas[0])
    #expect(put.json["kind"] == "uploaded")

    #expect(try running.send("DELETE", "/v1/datasets/digits").status == 409)
    #expect(try running.send("DELETE", "/v1/models/mlp").status == 204)
    #expect(try running.get("/v1/checkpoints/\(edited)").status == 404)
    #expect(try running.send("DELETE", "/v1/datasets/digits").status == 204)
  }

  @Test func weightsAreServedInPartsAndOnlyWhereNeeded() throws {
    let running = try RunningService()
    try running.addModel()
    let path = "/v1/models/m/weights"
    let whole = try running.get(path, accept: "*/*")
    let tag = try #require(whole.headers["etag"])
    #expect(whole.headers["accept-ranges"] == "bytes")
    let part = try running.send("GET", path, headers: ["Range": "bytes=10-19"])
    #expect(part.status == 206)
    #expect(part.body == Array(whole.body[10..<20]))
    #expect(part.headers["content-range"] == "bytes 10-19/\(whole.body.count)")
    let rest = try running.send("GET", path, headers: ["Range": "bytes=100-", "If-Range": tag])
    #expect(rest.body == Array(whole.body[100...]))
    #expect(
      try running.send("GET", path, headers: ["Range": "bytes=5-", "If-Range": "\"other\""]).status == 200)
    #expect(try running.send("GET", path, headers: ["Range": "bytes=9999999-"]).status == 416)
    #expect(try running.send("GET", path, headers: ["If-None-Match": tag]).status == 304)
    #expect(try running.send("GET", path, headers: ["If-Match": "\"other\""]).status == 412)
    let head = try running.send("HEAD", path)
    #expect(head.headers["content-length"] == String(whole.body.count))
    #expect(head.headers["etag"] == tag)
  }

  @Test func uploadedWeightsThatDoNotFitAreListed() throws {
    let running = try RunningService()
    for (name, hidden) in [("a", 8), ("b", 9)] {
      try running.addModel(name, ["name": "mlp", "hidden": [JSONValue(hidden)]])
    }
    let weights = try running.get("/v1/models/a/weights", accept: "*/*").body
    let refused = try running.send("PUT", "/v1/models/b/weights", weights)
    #expect(refused.status == 422)
    #expect(Set(refused.pointers) == ["/1.weight", "/1.bias", "/3.weight"])
    #expect(try running.send("PUT", "/v1/models/a/weights", Array(weights.dropLast())).status == 422)
    #expect(try running.send("PUT", "/v1/models/a/weights", Array("nonsense".utf8)).status == 422)
    #expect(try running.send("PUT", "/v1/models/c/weights", weights).status == 404)
    #expect(
      try running.send("PUT", "/v1/models/a/weights", weights, headers: ["Content-Type": "text/html"]).status
        == 415)
    #expect(try running.get("/v1/models/a/checkpoints").json["items"]?.arrayValue?.count == 1)
  }

  @Test func aFullDiskIsSaidAndPasses() throws {
    let running = try RunningService()
    try running.addModel()
    func limit(_ pages: Int) throws {
      try running.service.store.database.write { try $0.script("PRAGMA max_page_count=\(pages)") }
    }
    try limit(1)
    var reply = try running.post("/v1/jobs", ["kind": "count"])
    for _ in 0..<500 where reply.status == 202 { reply = try running.post("/v1/jobs", ["kind": "count"]) }
    #expect(reply.status == 507)
    #expect(reply.json["detail"]?.stringValue?.contains("disk") == true)
    #expect(try running.get("/v1/jobs").status == 200)
    try limit(1_000_000)
    let job = try running.ended(running.queue(["kind": "count", "steps": 2]))
    #expect(job["state"] == "succeeded")
  }

  @Test func aSetIsUploadedArrayByArray() throws {
    let running = try RunningService()
    func labels(_ classes: [UInt8]) throws -> [UInt8] { try NPY.encode(classes, shape: [classes.count]) }
    let inputs = try NPY.encode([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [4, 2])
    let first = try running.send("PUT", "/v1/datasets/mine/train/inputs", inputs)
    #expect(first.status == 201, "\(first.text)")
    #expect(first.json["state"] == "incomplete")
    #expect(
      try running.post("/v1/models", ["name": "m", "dataset": "mine", "architecture": "logistic"]).status
        == 422)
    #expect(try running.get("/v1/datasets/mine/train/0").status == 409)

    let short = try running.send("PUT", "/v1/datasets/mine/train/labels", labels([0, 1, 0]))
    #expect(short.status == 422)
    #expect(short.text.contains("3 labels for 4 inputs"))
    let cut = try running.send(
      "PUT", "/v1/datasets/mine/train/labels", Array(labels([0, 1, 0, 1]).dropLast()))
    #expect(cut.status == 422)
    let fortran = try running.send("PUT", "/v1/datasets/mine/train/labels", Array("no array".utf8))
    #expect(fortran.status == 422)
    #expect(try running.get("/v1/datasets/mine").json["state"] == "incomplete")

    let whole = try running.send("PUT", "/v1/datasets/mine/train/labels?classes=3", labels([0, 1, 0, 1]))
    #expect(whole.status == 200, "\(whole.text)")
    #expect(whole.json["state"] == "ready")
    #expect(whole.json["classes"] == 3)
    #expect(whole.json["splits"]?["train"]?["class_counts"] == [2, 2, 0])
    let sample = try running.get("/v1/datasets/mine/train/1").json
    #expect(sample["values"] == [3.0, 4.0])
    #expect(sample["label"] == 1)
    #expect(try running.get("/v1/datasets/mine/train/4").status == 404)
    // A present array stays: no other array takes its place.
    let again = try running.send("PUT", "/v1/datasets/mine/train/labels", labels([0, 1, 0]))
    #expect(again.status == 409, "\(again.text)")
    #expect(try running.get("/v1/datasets/mine").json["state"] == "ready")
    #expect(
      try running.post("/v1/models", ["name": "m", "dataset": "mine", "architecture": "logistic"]).status
        == 201)
    #expect(try running.send("PUT", "/v1/datasets/mine/train/inputs", inputs).status == 200)
  }

  @Test func wrongRequestsAreAnsweredAsTheContractSays() throws {
    let running = try RunningService { $0.jsonLimit = 4096 }
    try running.addDigits()
    func status(_ method: String, _ path: String, _ text: String? = nil, _ headers: [String: String] = [:])
      throws
      -> Int
    {
      try running.send(method, path, text.map { Array($0.utf8) }, headers: headers).status
    }
    let json = ["Content-Type": "application/json"]
    #expect(try status("GET", "/v1/nothing") == 404)
    #expect(try status("GET", "/v1/models/none") == 404)
    #expect(try status("GET", "/v1/jobs/none") == 404)
    #expect(try status("GET", "/v1/jobs/none/result") == 404)
    #expect(try status("GET", "/v1/jobs/none/events") == 404)
    #expect(try status("POST", "/v1/jobs/none/cancel") == 404)
    #expect(try status("PATCH", "/v1/jobs") == 405)
    #expect(try running.send("DELETE", "/v1/models").headers["allow"] == "GET, HEAD, POST, OPTIONS")
    #expect(try status("GET", "/v1/models", nil, ["Accept": "image/png"]) == 406)
    #expect(try status("POST", "/v1/jobs") == 411)
    #expect(try status("POST", "/v1/jobs", "{}", ["Content-Type": "text/csv"]) == 415)
    #expect(try status("POST", "/v1/jobs", "{}", json.merging(["Content-Encoding": "gzip"]) { $1 }) == 415)
    #expect(try status("POST", "/v1/jobs", "{", json) == 400)
    #expect(try status("POST", "/v1/jobs", #"{"kind": "count", "kind": "count"}"#, json) == 400)
    #expect(try status("POST", "/v1/jobs", String(repeating: " ", count: 5000), json) == 413)
    #expect(try status("POST", "/v1/jobs", "[]", json) == 422)
    #expect(try status("GET", "/v1/jobs?limit=501") == 400)
    #expect(try status("GET", "/v1/jobs?limit=x") == 400)
    #expect(try status("GET", "/v1/jobs?state=done") == 400)
    #expect(try status("GET", "/v1/jobs?stat=done") == 400)
    #expect(try status("GET", "/v1/datasets/digits/train/-1") == 404)
    #expect(try status("GET", "/v1/datasets/digits/train/01") == 404)
    #expect(
      try status("POST", "/v1/jobs", "{}", json.merging(["Origin": "https://evil.example"]) { $1 }) == 403)
    #expect(
      try running.post("/v1/datasets", ["name": "digits", "source": ["format": "builtin", "name": "iris"]])
        .status
        == 409)
    let outside = try running.post(
      "/v1/datasets", ["name": "x", "source": ["format": "idx", "path": "../x"]])
    #expect(outside.status == 422)
    #expect(outside.pointers == ["/source/path"])

    let problem = try running.post(
      "/v1/models",
      [
        "name": "m", "dataset": "digits", "architecture": "mpl", "seed": -1,
        "training": ["exclude": ["class": 10], "epochs": 0],
      ])
    #expect(problem.status == 422)
    #expect(problem.headers["content-type"] == "application/problem+json")
    #expect(problem.json["status"] == 422)
    #expect(Set(problem.pointers) == ["/architecture", "/seed", "/training/epochs"])
  }

  @Test func aTokenIsNeededWhereOneIsSet() throws {
    let running = try RunningService { $0.token = "0123456789abcdef" }
    #expect(try running.get("/healthz").status == 200)
    #expect(try running.get("/readyz").status == 200)
    let refused = try running.get("/v1")
    #expect(refused.status == 401)
    #expect(refused.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
    #expect(try running.get("/v1/nothing").status == 401)
    for value in ["Bearer wrong", "Basic 0123456789abcdef", "Bearer", "Bearer 0123456789abcdef0", ""] {
      #expect(try running.send("GET", "/v1", headers: ["Authorization": value]).status == 401)
    }
    #expect(
      try running.send("GET", "/v1", headers: ["Authorization": "Bearer 0123456789abcdef"]).status == 200)
    #expect(
      try running.send("GET", "/v1", headers: ["authorization": "bearer 0123456789abcdef"]).status == 200)
  }

  @Test func theSameKeyMakesOneThing() throws {
    let running = try RunningService()
    try running.addDigits()
    let key = ["Idempotency-Key": "one"]
    let body: JSONValue = ["name": "m", "dataset": "digits", "architecture": "logistic"]
    #expect(try running.post("/v1/models", body, headers: key).status == 201)
    let again = try running.post("/v1/models", body, headers: key)
    #expect(again.status == 200)
    #expect(again.json["name"] == "m")
    #expect(again.headers["location"] == "/v1/models/m")
    #expect(try running.post("/v1/models", ["name": "n"], headers: key).status == 422)
    #expect(try running.post("/v1/models", body).status == 409)

    let job: JSONValue = ["kind": "count", "steps": 1]
    let first = try running.post("/v1/jobs", job, headers: key)
    let second = try running.post("/v1/jobs", job, headers: key)
    #expect(first.status == 202)
    #expect(second.status == 200)
    #expect(first.json["id"] == second.json["id"])
    #expect(try running.get("/v1/jobs").json["items"]?.arrayValue?.count == 1)
    #expect(try running.post("/v1/jobs", job, headers: ["Idempotency-Key": ""]).status == 400)
  }

  @Test func aKeyWhoseThingWasDeletedIsAConflict() throws {
    let running = try RunningService()
    try running.addDigits()
    let key = ["Idempotency-Key": "one"]
    let body: JSONValue = ["name": "m", "dataset": "digits", "architecture": "logistic"]
    #expect(try running.post("/v1/models", body, headers: key).status == 201)
    #expect(try running.send("DELETE", "/v1/models/m").status == 204)
    let late = try running.post("/v1/models", body, headers: key)
    #expect(late.status == 409)
    #expect(late.json["detail"]?.stringValue?.contains("/v1/models/m, was deleted") == true)

    // Others make and delete the resource after the request has looked for its key. The request notices when
    // it writes.
    let bodies: [(String, JSONValue)] = [
      ("/v1/models", body), ("/v1/jobs", ["kind": "count"]),
      ("/v1/datasets", ["name": "d", "source": ["format": "builtin", "name": "iris"]]),
    ]
    for (path, body) in bodies {
      let (port, bytes) = (running.port, JSONWriter.bytes(body))
      let status = Mutex(0)
      let answered = DispatchSemaphore(value: 0)
      try running.service.store.write { session in
        Thread.detachNewThread {
          let headers = ["Idempotency-Key": "two", "Content-Type": "application/json"]
          let reply = try? Client(port: port).ask("POST", path, bytes, headers: headers)
          status.withLock { $0 = reply?.status ?? 0 }
          answered.signal()
        }
        // If the request does not get this far in time, the answer is the same for another reason.
        usleep(300_000)
        try session.idempotency.record(
          key: "POST \(path) two", body: SHA256.digest(of: bytes), status: 201, resource: path + "/gone")
      }
      #expect(answered.wait(timeout: .now() + 10) == .success)
      #expect(status.withLock { $0 } == 409, "\(path)")
    }
    // Nothing was made.
    #expect(try running.get("/v1/models").json["items"] == [])
    #expect(try running.get("/v1/jobs").json["items"] == [])
    #expect(try running.get("/v1/datasets").json["items"]?.arrayValue?.count == 1)
  }

  @Test func collectionsComeInPages() throws {
    let running = try RunningService()
    let ids = try (0..<5).map { _ in try running.queue(["kind": "count"]) }
    var seen: [String] = []
    var path: String? = "/v1/jobs?limit=2&kind=count"
    while let next = path {
      let page = try running.get(next)
      seen += page.json["items"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
      path = page.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
    }
    #expect(seen == ids.reversed())
    #expect(try running.get("/v1/jobs?kind=train").json["items"] == [])
    let table = try running.get("/v1/jobs", accept: "text/plain").text
    #expect(table.hasPrefix("ID "))
    #expect(table.split(separator: "\n").count == 6)
  }
}
