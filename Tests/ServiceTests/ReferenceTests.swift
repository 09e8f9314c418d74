import JSON
import Jobs
import Testing

/// The reference `retrained` of results, over the store.
@Suite struct ReferenceTests {
  private func train(_ running: RunningService) throws {
    try running.addDigits()
    let model = try running.post(
      "/v1/models",
      [
        "name": "m", "dataset": "digits", "architecture": "logistic",
        "training": ["epochs": 1, "exclude": ["indices": [0, 1]]],
      ])
    _ = try running.ended(try #require(model.json["id"]?.stringValue))
  }

  private func result(_ running: RunningService, _ body: JSONValue) throws -> JSONValue {
    let job = try running.ended(running.queue(body))
    return try #require(job["result"], "\(job)")
  }

  /// Also when that model is trained on with the group, or other weights are put to it.
  @Test func aReferenceIsWhatItsJobMade() throws {
    let running = try RunningService()
    try train(running)
    let remove: JSONValue = [
      "kind": "remove", "model": "m", "class": 8, "scales": [1], "hessian_samples": 100,
    ]
    #expect(try result(running, remove)["retrained"] == .null)
    let made = try result(running, ["kind": "retrain", "model": "m", "class": 8])
    let checkpoint = try #require(made["checkpoint"])
    let reference = try result(running, remove)["retrained"]
    #expect(reference?["checkpoint"] == checkpoint)
    #expect(reference?["self"]?["accuracy"]?.doubleValue == 0)
    let name = try #require(made["model"]?.stringValue)
    let further = try result(running, ["kind": "train", "model": .string(name), "epochs": 1])
    #expect(further["checkpoint"] != checkpoint)
    let weights = try running.get("/v1/models/m/weights", accept: "*/*").body
    #expect(try running.send("PUT", "/v1/models/\(name)/weights", weights).status == 201)
    #expect(try result(running, remove)["retrained"] == reference)
    #expect(try running.send("DELETE", "/v1/checkpoints/\(checkpoint.stringValue ?? "")").status == 204)
    #expect(try result(running, remove)["retrained"] == .null)
  }

  /// Weights that are put to a model are taken for trained by its recipe; lists leave recipes out.
  @Test func uploadedWeightsHaveTheRecipeOfTheirModel() throws {
    let running = try RunningService()
    try train(running)
    let trained = try running.get("/v1/models/m").json
    let weights = try running.get("/v1/models/m/weights", accept: "*/*").body
    let put = try running.send("PUT", "/v1/models/m/weights", weights)
    #expect(put.status == 201)
    let list = try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue ?? []
    #expect(list.map { $0["kind"] } == ["uploaded", "trained"])
    #expect(list.allSatisfy { $0["training"] == nil })
    for item in list {
      let whole = try running.get("/v1/checkpoints/\(item["id"]?.stringValue ?? "")").json
      #expect(whole["training"]?["exclude"] == ["indices": [0, 1]])
      #expect(whole["training"] == trained["training"])
    }
    try running.addModel("bare")
    let bare = try running.get("/v1/models/bare/weights", accept: "*/*").body
    _ = try running.send("PUT", "/v1/models/bare/weights", bare)
    let newest = try running.get("/v1/models/bare/checkpoints").json["items"]?[0]?["id"]?.stringValue
    #expect(try running.get("/v1/checkpoints/\(newest ?? "")").json["training"] == .null)
  }

  /// A checkpoint shows its training data, and the same bytes uploaded stand for the same data.
  @Test func recordsAreShownAndGoWithTheBytes() throws {
    let running = try RunningService()
    try train(running)
    func record(_ checkpoint: String) throws -> JSONValue {
      try #require(try running.get("/v1/checkpoints/\(checkpoint)").json["record"])
    }
    let first = try #require(try running.get("/v1/models/m").json["checkpoint"]?["id"]?.stringValue)
    let counts = try #require(try record(first)["counts"])
    #expect(try record(first)["edits"] == [] && (try record(first)["dataset"]) == "digits")
    let all = ["trained", "held_out", "left_out", "removed"].compactMap { counts[$0]?.integerValue }
    #expect(all.count == 4 && all.reduce(0, +) == 1442 && counts["absent_classes"] == [])
    // One of the two samples that the recipe leaves out may be held out too.
    #expect((1...2).contains(all[2]) && counts["removed"] == 0)
    let removed = try result(
      running, ["kind": "remove", "model": "m", "class": 8, "scales": [1], "hessian_samples": 100])
    let edited = try #require(removed["checkpoint"]?.stringValue)
    let own = try record(edited)
    #expect(own["edits"]?[0]?["change"] == "removed" && own["edits"]?[0]?["group"] == ["class": 8])
    #expect(own["edits"]?[0]?["samples"] == removed["samples"]?["group"])
    #expect(own["counts"]?["absent_classes"] == [8] && own["incomplete"] == false)
    let trained = try #require(counts["trained"]?.integerValue)
    #expect(
      own["counts"]?["trained"]?.integerValue == trained - (removed["samples"]?["group"]?.integerValue ?? 0))
    // A training continues the record.
    let further = try result(
      running, ["kind": "train", "model": "m", "checkpoint": .string(edited), "epochs": 1, "validation": 0])
    let after = try record(try #require(further["checkpoint"]?.stringValue))
    #expect(after["edits"] == own["edits"] && after["counts"]?["absent_classes"] == [8])
    #expect(further["metrics"]?["absent"]?["classes"] == [8])
    let weights = try running.get("/v1/checkpoints/\(edited)/weights", accept: "*/*").body
    let put = try running.send("PUT", "/v1/models/m/weights", weights)
    #expect(put.status == 201 && put.json["record"]?["edits"] == own["edits"])
    let again = try running.post(
      "/v1/jobs", ["kind": "remove", "model": "m", "checkpoint": .string(edited), "class": 8])
    #expect(again.status == 422)
    #expect(again.json["errors"]?[0]?["pointer"] == "/class")
  }
}
