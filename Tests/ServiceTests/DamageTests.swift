import Formats
import JSON
import Jobs
import Service
import Testing

/// What is stored and has changed since: answers say so, and none is made of it.
@Suite struct DamageTests {
  private func damageWeights(_ running: RunningService, _ checkpoint: String) throws {
    _ = try running.service.store.write { session in
      let blob = try session.checkpoints.get(checkpoint).blob.id.rawValue
      try session.connection.run(
        """
        UPDATE blob_chunk SET data = CAST(substr(data, 1, 999) || x'55' || substr(data, 1001) AS BLOB)
        WHERE key >> 24 = ?
        """, blob)
    }
  }

  /// The damage is a fault of the service. A 400 or 422 would blame the request.
  private func expectDamage(_ reply: Reply, of thing: String) {
    #expect(reply.status == 500, "\(reply.text)")
    let detail = reply.json["detail"]?.stringValue ?? ""
    #expect(detail.hasPrefix("what is stored of \(thing) "), "\(reply.text)")
  }

  @Test func damagedWeightsAreNeverHandedOut() throws {
    let running = try RunningService()
    let made = try running.addModel()
    let id = try #require(made.json["checkpoint"]?["id"]?.stringValue)
    try damageWeights(running, id)
    for headers in [[:], ["Range": "bytes=0-9"]] {
      let reply = try running.send("GET", "/v1/checkpoints/\(id)/weights", headers: headers)
      #expect(reply.status == 500)
      #expect(reply.headers["content-type"] == "application/problem+json")
      #expect(reply.text.contains("damaged"))
    }
    let job = try running.ended(running.queue(["kind": "evaluate", "model": "m"]))
    #expect(job["state"] == "failed")
    #expect(job["error"]?["reason"] == "corrupt")
    #expect(job["error"]?["message"]?.stringValue?.contains(id) == true)
    #expect(try running.get("/v1/models/m").status == 200)
    #expect(try running.get("/readyz").status == 200)
  }

  /// `retrained` is null only if there is no reference.
  @Test func aDamagedReferenceIsNotAMissingOne() throws {
    let running = try RunningService()
    try running.addDigits()
    let model = try running.post(
      "/v1/models",
      ["name": "m", "dataset": "digits", "architecture": "logistic", "training": ["epochs": 1]])
    _ = try running.ended(try #require(model.json["id"]?.stringValue))
    let remove: JSONValue = [
      "kind": "remove", "model": "m", "class": 8, "scales": [1], "hessian_samples": 100,
    ]
    let made = try running.ended(running.queue(["kind": "retrain", "model": "m", "class": 8]))
    let reference = try #require(made["result"]?["checkpoint"]?.stringValue)
    try damageWeights(running, reference)
    let job = try running.ended(running.queue(remove))
    #expect(job["state"] == "failed")
    #expect(job["error"]?["reason"] == "corrupt")
    #expect(job["error"]?["message"]?.stringValue?.contains(reference) == true)
    #expect(try running.send("DELETE", "/v1/checkpoints/\(reference)").status == 204)
    #expect(try running.ended(running.queue(remove))["result"]?["retrained"] == .null)
  }

  /// The set may be derived from any other, so no other may be deleted before it.
  @Test func aSetWithAnUnreadableSourceKeepsItsBase() throws {
    let running = try RunningService()
    try running.addDigits()
    #expect(
      try running.post(
        "/v1/datasets",
        ["name": "own", "source": ["format": "derived", "of": "digits", "relabel": ["fraction": 0.5]]]
      ).status == 201)
    func store(_ source: String) throws {
      _ = try running.service.store.write {
        try $0.connection.run("UPDATE dataset SET source = ? WHERE name = 'own'", source)
      }
    }
    try store("{}")
    expectDamage(try running.get("/v1/datasets/own/train/0"), of: "the data set \"own\"")
    try store("nonsense")
    expectDamage(try running.get("/v1/datasets/own"), of: "the data set \"own\"")
    expectDamage(try running.send("DELETE", "/v1/datasets/digits"), of: "the data set \"own\"")
    #expect(try running.send("DELETE", "/v1/datasets/own").status == 204)
    #expect(try running.send("DELETE", "/v1/datasets/digits").status == 204)
  }

  @Test func anUnreadableArrayOfAnUploadIsSaid() throws {
    let running = try RunningService()
    let inputs = try NPY.encode([1, 2, 3, 4] as [UInt8], shape: [2, 2])
    let labels = try NPY.encode([0, 1] as [UInt8], shape: [2])
    #expect(try running.send("PUT", "/v1/datasets/own/train/inputs", inputs).status == 201)
    _ = try running.service.store.write {
      try $0.connection.run("UPDATE dataset_part SET detail = 'nonsense'")
    }
    expectDamage(try running.send("PUT", "/v1/datasets/own/test/labels", labels), of: "the data set \"own\"")
  }

  @Test func anUnreadableModelOrResultIsSaid() throws {
    let running = try RunningService()
    try running.addModel()
    let id = try running.queue(["kind": "evaluate", "model": "m"])
    #expect(try running.ended(id)["state"] == "succeeded")
    _ = try running.service.store.write { session in
      try session.connection.run("UPDATE job SET result = 'nonsense'")
      try session.connection.run("UPDATE model SET description = '{}'")
    }
    expectDamage(try running.get("/v1/jobs/\(id)/result", accept: "text/plain"), of: "the job \(id)")
    expectDamage(try running.get("/v1/models/m"), of: "the model \"m\"")
  }
}
