import Formats
import Foundation
import JSON
import Jobs
import Service
import Storage
import Testing

/// Uploaded arrays, the options of their query, and the contracts that models keep of their sets.
@Suite struct UploadContractTests {
  private func put<Element: NPYElement>(
    _ running: RunningService, _ path: String, _ values: [Element], _ shape: [Int]
  ) throws -> Reply {
    try running.send("PUT", "/v1/datasets/" + path, NPY.encode(values, shape: shape))
  }

  private let bytes: [UInt8] = [0, 255, 51, 102, 204, 153, 255, 0]

  @Test func bytesAreScaledAndDescribed() throws {
    let running = try RunningService()
    #expect(try put(running, "u/train/inputs", bytes, [2, 1, 2, 2]).json["warnings"] == [])
    let made = try put(running, "u/train/labels", [0, 1] as [Int64], [2])
    #expect(made.status == 200 && made.json["type"] == "uint8" && made.json["range"] == [0.0, 1.0])
    #expect(made.json["normalization"]?["scale"]?.doubleValue == 1.0 / 255)
    #expect(made.json["source"]?["normalization"] == "none" && made.json["warnings"] == [])
    #expect(try running.get("/v1/datasets/u/train/0").json["values"] == [0.0, 1.0, 0.2, 0.4])
  }

  @Test func theQueryOfAPutSaysWhatItIs() throws {
    let running = try RunningService()
    let object = #"%7B%22mean%22:0.5,%22standard_deviation%22:0.5%7D"#
    #expect(try put(running, "q/train/inputs?normalization=\(object)", bytes, [2, 1, 2, 2]).status == 201)
    let made = try put(
      running, "q/train/labels?kind=classes&class_names=cat,dog", [0, 1] as [Float], [2]
    ).json
    #expect(made["class_names"] == ["cat", "dog"] && made["state"] == "ready")
    #expect(try running.get("/v1/datasets/q/train/0").json["values"]?[1]?.doubleValue == 1)
    for (path, words) in [
      ("x/train/labels?normalization=none", "belongs to train/inputs"),
      ("x/test/inputs?normalization=none", "belongs to train/inputs"),
      ("x/train/inputs?kind=classes", "belongs to the labels"),
      ("x/train/inputs?normalization=foo", "standardize"),
      ("x/train/inputs?normalization=%7B%22mean%22:0.5%7D", "is required"),
      ("x/train/labels?kind=values&classes=3", "must be"),
      ("x/train/labels?class_names=a,a", "once"),
    ] {
      let refused = try put(running, path, bytes, [2, 1, 2, 2])
      #expect(refused.status == 422 && refused.text.contains(words), "\(path) \(refused.text)")
    }
  }

  @Test func anUploadCanBeDescribedFirst() throws {
    let running = try RunningService()
    let posted = try running.post(
      "/v1/datasets",
      [
        "name": "p",
        "source": [
          "format": "upload", "class_names": ["cat", "dog"],
          "normalization": ["mean": [0.5], "standard_deviation": 0.25],
        ],
      ])
    #expect(posted.status == 201 && posted.json["state"] == "incomplete")
    #expect(
      try running.post(
        "/v1/models", ["name": "m", "dataset": "p", "architecture": "logistic"]
      ).status == 422)
    #expect(try put(running, "p/train/inputs", bytes, [2, 1, 2, 2]).status == 200)
    let labels = try put(running, "p/train/labels", [0, 2] as [Int32], [2])
    #expect(labels.status == 422 && labels.text.contains("expected 0 to 1"))
    let made = try put(running, "p/train/labels", [0, 1] as [Int32], [2]).json
    #expect(made["state"] == "ready" && made["class_names"] == ["cat", "dog"])
    #expect(made["normalization"]?["mean"] == [0.5])
    #expect(try running.get("/v1/datasets/p/train/0").json["values"]?[1]?.doubleValue == 2)
  }

  /// Labels 1…3, a class in the test split alone, channels at the end.
  @Test func whatLooksWrongIsToldAtOnceAndLater() throws {
    let running = try RunningService()
    _ = try put(running, "one/train/inputs", [0.0, 1, 2], [3, 1])
    let first = try put(running, "one/train/labels", [1, 2, 3] as [Int64], [3]).json
    #expect(first["warnings"]?.arrayValue?.count == 1)
    _ = try put(running, "one/test/inputs", [0.0], [1, 1])
    let second = try put(running, "one/test/labels", [7] as [Int64], [1]).json
    #expect(second["warnings"]?[0]?.stringValue?.contains("class 7") == true)
    #expect(try running.get("/v1/datasets/one").json["warnings"] == second["warnings"])
    _ = try put(running, "last/train/inputs", [UInt8](repeating: 9, count: 600), [2, 10, 10, 3])
    let last = try put(running, "last/train/labels", [0, 1] as [Int64], [2]).json
    #expect(last["warnings"]?[0]?.stringValue?.contains("transpose") == true)
  }

  @Test func allColumnsThatCannotBeReadAreErrors() throws {
    let running = try RunningService()
    let text = "age,city,label\n1,Oslo,a\n,Rome,b\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: running.folder + "/data/c.csv"))
    let refused = try running.post(
      "/v1/datasets", ["name": "c", "source": ["format": "csv", "path": "c.csv"]])
    #expect(refused.status == 422 && refused.pointers == ["/source/path", "/source/path"])
  }

  // MARK: Models

  @Test func aModelKeepsItsContract() throws {
    let running = try RunningService()
    #expect(try running.addModel().json["contract"]?["shape"] == [1, 8, 8])
    let model = try running.get("/v1/models/m").json
    let set = try running.get("/v1/datasets/digits").json
    let contract = try #require(model["contract"]?.objectValue)
    for member in contract.members { #expect(member.value == set[member.name], "\(member.name)") }
    #expect(contract.names.contains("class_names") && contract.names.contains("normalization"))
    #expect(try running.get("/v1/models").json["items"]?[0]?["contract"] == nil)
    // Also one that a job makes.
    let retrain = try running.ended(
      running.queue([
        "kind": "retrain", "model": "m", "class": 8, "name": "without", "training": ["epochs": 1],
      ]))
    #expect(retrain["state"] == "succeeded")
    #expect(try running.get("/v1/models/without").json["contract"] == model["contract"])
  }

  /// A database of an earlier version: sources without a normalization, models without a contract, bytes that
  /// were not scaled.
  @Test func setsOfEarlierVersionsKeepTheirMeaning() throws {
    let first = try RunningService()
    for (path, body) in [
      ("old/train/inputs", try NPY.encode(bytes, shape: [2, 1, 2, 2])),
      ("old/train/labels", try NPY.encode([0, 1] as [Int64], shape: [2])),
    ] { _ = try first.send("PUT", "/v1/datasets/" + path, body) }
    try first.addModel()
    _ = try first.post(
      "/v1/datasets", ["name": "iris", "source": ["format": "builtin", "name": "iris"]])
    let iris = try first.get("/v1/datasets/iris/train/3").json["values"]
    first.stop()
    do {
      let store = try Store(path: first.folder + "/test.sqlite")
      defer { store.close() }
      try store.write { session in
        // As version 0.9 wrote them: no type and range, and of the upload a scale of 1.
        for (name, source) in [
          ("old", #"{"format":"upload","classes":null}"#),
          ("digits", #"{"format":"builtin","name":"digits","test":"every_fifth"}"#),
          ("iris", #"{"format":"builtin","name":"iris","test":"every_fifth"}"#),
        ] {
          var described = try JSONParser.parse(session.datasets.get(name).description).objectValue ?? [:]
          for member in ["type", "range", "warnings", "overflow"] { described[member] = nil }
          if name == "old" {
            described["sha256"] = nil
            described["normalization"] = ["scale": 1, "mean": [0], "standard_deviation": [1]]
          }
          try session.datasets.update(
            name, source: source, description: JSONWriter.text(.object(described)))
        }
        var model = try JSONParser.parse(session.models.get("m").description).objectValue ?? [:]
        model["contract"] = nil
        try session.models.update("m", description: JSONWriter.text(.object(model)))
      }
    }
    let second = try RunningService(folder: first.folder)
    #expect(try second.get("/v1/datasets/old/train/0").json["values"] == [0.0, 255.0, 51.0, 102.0])
    #expect(try second.get("/v1/datasets/iris/train/3").json["values"] == iris)
    let contract = try #require(try second.get("/v1/models/m").json["contract"])
    #expect(contract["type"] == "uint8" && contract["range"] == [0.0, 1.0])
    #expect(contract["class_names"]?.arrayValue?.count == 10)
    _ = try second.post(
      "/v1/datasets",
      ["name": "some", "source": ["format": "derived", "of": "digits", "classes": [3, 1]]])
    let job = try second.ended(second.queue(["kind": "evaluate", "model": "m", "dataset": "some"]))
    #expect(job["state"] == "succeeded")
    #expect(job["result"]?["confusion"]?.arrayValue?.count == 10)
  }

  @Test func aSampleTooLargeForSinglePrecisionIsNamed() throws {
    let running = try RunningService()
    _ = try put(running, "l/train/inputs", [-2.0, -1, 1, 2], [4, 1])
    _ = try put(running, "l/train/labels", [0, 0, 1, 1] as [Int64], [4])
    _ = try put(running, "l/test/inputs", [1, 1e39], [2, 1])
    let made = try put(running, "l/test/labels", [1, 1] as [Int64], [2]).json
    #expect(made["overflow"]?["sample"] == 1 && made["warnings"]?.arrayValue?.count == 1)
    var body: JSONObject = ["name": "m", "dataset": "l", "architecture": "logistic"]
    let refused = try running.post("/v1/models", .object(body))
    #expect(refused.status == 422 && refused.pointers == ["/precision"])
    body["precision"] = "float64"
    #expect(try running.post("/v1/models", .object(body)).status == 201)
    let evaluated = try running.ended(running.queue(["kind": "evaluate", "model": "m"]))
    #expect(evaluated["state"] == "succeeded")
    let sweep = try running.post(
      "/v1/jobs",
      [
        "kind": "sweep", "dataset": "l", "architectures": ["logistic"], "precision": "float32",
        "training": ["epochs": 1],
      ])
    #expect(sweep.pointers.contains("/precision"))
  }
}
