import Formats
import Jobs
import Service
import Testing

/// The rules for caches: the resource of a name is requested again, the bytes of an id never change.
@Suite(.serialized) struct CachingTests {
  private static let latest = "private, no-cache"
  private static let forever = "private, max-age=31536000, immutable"

  /// A data set of two bytes a sample whose first sample is `value`.
  private func upload(_ running: RunningService, first value: UInt8) throws {
    let inputs = try NPY.encode([value, 2, 3, 4], shape: [1, 2, 2])
    #expect(try running.send("PUT", "/v1/datasets/mine/train/inputs", inputs).status == 201)
    let labels = try NPY.encode([1] as [UInt8], shape: [1])
    #expect(try running.send("PUT", "/v1/datasets/mine/train/labels", labels).status == 200)
  }

  @Test func theLatestWeightsAreAskedForAgain() throws {
    let running = try RunningService()
    try running.addModel()
    let path = "/v1/models/m/weights"
    let before = try running.get(path, accept: "*/*")
    let tag = try #require(before.headers["etag"])
    let same = try running.send("GET", path, headers: ["If-None-Match": tag])
    #expect(same.status == 304)
    #expect(
      try running.ended(running.queue(["kind": "train", "model": "m", "epochs": 1]))["state"] == "succeeded")
    let after = try running.send("GET", path, headers: ["If-None-Match": tag])
    #expect(after.status == 200 && after.body != before.body && after.headers["etag"] != tag)
    let part = try running.send("GET", path, headers: ["Range": "bytes=0-7"])
    #expect(part.status == 206)
    for reply in [before, same, after, part, try running.send("HEAD", path)] {
      #expect(reply.headers["cache-control"] == Self.latest)
    }
    // The weights of one checkpoint never change.
    let id = try #require(try running.get("/v1/models/m").json["checkpoint"]?["id"]?.stringValue)
    let bytes = try running.get("/v1/checkpoints/\(id)/weights", accept: "*/*")
    #expect(bytes.headers["cache-control"] == Self.forever)
    #expect(bytes.headers["etag"] == after.headers["etag"])
  }

  /// A name may be deleted and used again. Neither its samples, as pictures or JSON, nor its description may
  /// be kept.
  @Test func whatANameStandsForIsAskedForAgain() throws {
    let running = try RunningService()
    let asked = [
      ("/v1/datasets/mine", "application/json"), ("/v1/datasets/mine", "text/plain"),
      ("/v1/datasets/mine/train/0", "application/json"), ("/v1/datasets/mine/train/0", "image/png"),
      ("/v1/datasets/mine/train/0", "text/plain"),
    ]
    try upload(running, first: 1)
    let before = try asked.map { try running.get($0.0, accept: $0.1) }
    func again() throws -> [Reply] {
      try zip(asked, before).map { question, reply in
        try running.send(
          "GET", question.0,
          headers: ["Accept": question.1, "If-None-Match": reply.headers["etag"] ?? "none"])
      }
    }
    for (reply, first) in zip(try again(), before) {
      #expect(first.status == 200 && reply.status == 304)
      for name in ["etag", "cache-control", "vary"] {
        #expect(reply.headers[name] == first.headers[name], "\(name)")
      }
      #expect(first.headers["cache-control"] == Self.latest)
    }
    // Every representation has a tag of its own.
    #expect(Set(before.compactMap { $0.headers["etag"] }).count == asked.count)
    #expect(try running.send("DELETE", "/v1/datasets/mine").status == 204)
    #expect(try again().allSatisfy { $0.status == 404 && $0.headers["cache-control"] == "no-store" })
    try upload(running, first: 9)
    for (reply, first) in zip(try again(), before) {
      #expect(reply.status == 200 && reply.body != first.body)
    }
  }

  /// Every `GET` of the contract with an entity tag heeds the preconditions, and every answer has its caching
  /// rule.
  @Test func everyRouteSaysWhatMayBeKept() throws {
    let running = try RunningService()
    try running.addModel()
    let job = try running.queue(["kind": "evaluate", "model": "m"])
    #expect(try running.ended(job)["state"] == "succeeded")
    let id = try #require(try running.get("/v1/models/m").json["checkpoint"]?["id"]?.stringValue)
    let values = [
      "{id}": id, "{name}": "m", "{split}": "train", "{part}": "0", "/v1/jobs/{id}": "/v1/jobs/\(job)",
      "/v1/datasets/{name}": "/v1/datasets/digits", "artifacts/{name}": "artifacts/losses.npy",
      "{page}": "first-session",
    ]
    let document = try running.get("/openapi.json").json
    for (method, pattern) in running.service.routes where method == "get" {
      var path = pattern
      for name in values.keys.sorted(by: { $0.count > $1.count }) {
        path = path.replacing(name, with: values[name] ?? "")
      }
      let accept = path.hasSuffix("events") ? "text/event-stream" : "*/*"
      let reply = try running.get(path, accept: accept)
      let control = try #require(reply.headers["cache-control"], "\(path)")
      let answers = document["paths"]?[pattern]?["get"]?["responses"]
      guard let tag = reply.headers["etag"] else {
        #expect(control == "no-store", "\(path)")
        #expect(answers?["304"] == nil, "\(path)")
        continue
      }
      #expect(
        control
          == (["weights", "npy"].contains { path.hasSuffix($0) && !path.contains("models") }
            ? Self.forever : Self.latest),
        "\(path)")
      #expect(answers?["304"] != nil && answers?["412"] != nil, "\(path)")
      for method in ["GET", "HEAD"] {
        let known = try running.send(method, path, headers: ["If-None-Match": tag])
        #expect(known.status == 304 && known.body.isEmpty, "\(method) \(path)")
        #expect(known.headers["cache-control"] == control && known.headers["etag"] == tag)
        #expect(
          try running.send(method, path, headers: ["If-Match": "\"other\""]).status == 412,
          "\(method) \(path)")
        #expect(try running.send(method, path, headers: ["If-None-Match": "\"other\""]).status == 200)
      }
    }
  }
}
