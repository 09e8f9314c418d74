import Dispatch
import Formats
import Foundation
import JSON
import Jobs
import Service
import Synchronization
import Testing

/// How uploads travel: sent again, refused, of other kinds and types.
@Suite(.serialized) struct UploadTests {
  private let inputs = try? NPY.encode([1, 2, 3, 4, 5, 6, 7, 8] as [UInt8], shape: [4, 2])
  private let labels = try? NPY.encode([0, 1, 0, 1] as [UInt8], shape: [4])

  private func array<Element: NPYElement>(_ values: [Element], _ shape: [Int]) throws -> [UInt8] {
    try NPY.encode(values, shape: shape)
  }

  /// Sends the same from several threads at once; the statuses, sorted.
  private func together(_ running: RunningService, _ count: Int, _ path: String, _ body: [UInt8]) -> [Int] {
    let port = running.port
    let statuses = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: count) { _ in
      let status = (try? Client(port: port).ask("PUT", path, body).status) ?? 0
      statuses.withLock { $0.append(status) }
    }
    return statuses.withLock { $0.sorted() }
  }

  // MARK: Sent again

  @Test func theSameArrayIsTakenAgain() throws {
    let running = try RunningService()
    let (inputs, labels) = (try #require(inputs), try #require(labels))
    let test = try array([1, 0] as [Int64], [2])
    func put(_ part: String, _ body: [UInt8]) throws -> Int {
      try running.send("PUT", "/v1/datasets/mine/\(part)", body).status
    }
    #expect(try put("train/inputs", inputs) == 201)
    #expect(try put("train/inputs", inputs) == 200)
    #expect(try running.get("/v1/datasets/mine").json["state"] == "incomplete")
    #expect(try put("train/labels?classes=3", labels) == 200)
    let complete = try running.get("/v1/datasets/mine").json
    // The set is complete, in use, and its test split is on its way. Present arrays are accepted again, and
    // nothing changes.
    for _ in 0..<2 {
      #expect(try put("train/inputs", inputs) == 200)
      #expect(try put("train/labels", labels) == 200)
      #expect(try put("train/labels?classes=3", labels) == 200)
    }
    #expect(try put("train/labels?classes=4", labels) == 409)
    #expect(try running.get("/v1/datasets/mine").json == complete)
    #expect(try put("test/labels", test) == 200)
    #expect(try put("test/labels", test) == 200)
    #expect(try put("test/inputs", array([1, 2, 3, 4] as [UInt8], [2, 2])) == 200)
    #expect(
      try running.post("/v1/models", ["name": "m", "dataset": "mine", "architecture": "logistic"]).status
        == 201)
    #expect(try put("test/inputs", array([1, 2, 3, 4] as [UInt8], [2, 2])) == 200)
    #expect(try put("train/inputs", inputs) == 200)
    // Other bytes are a conflict, and so are those of another part.
    for (part, body) in [
      ("train/inputs", try array([9, 2, 3, 4, 5, 6, 7, 8] as [UInt8], [4, 2])), ("test/labels", labels),
      ("train/inputs", try array([1, 2, 3, 4, 5, 6, 7, 8] as [Float], [4, 2])),
    ] {
      let reply = try running.send("PUT", "/v1/datasets/mine/\(part)", body)
      #expect(reply.status == 409, "\(reply.text)")
      #expect(reply.text.contains("another \(part)"))
    }
    let kept = try running.get("/v1/datasets/mine/train/1").json["values"]?.arrayValue?.compactMap(
      \.doubleValue)
    #expect(kept == [3.0 / 255, 4.0 / 255])
    // A set that was not uploaded takes no array.
    try running.addDigits()
    #expect(try running.send("PUT", "/v1/datasets/digits/train/inputs", inputs).status == 409)
    // A refused array is not kept: the next one is refused again.
    #expect(try running.send("PUT", "/v1/datasets/new/train/inputs", inputs).status == 201)
    for _ in 0..<2 {
      #expect(
        try running.send("PUT", "/v1/datasets/new/train/labels", array([0, 1] as [UInt8], [2])).status == 422)
    }
  }

  @Test func theSameArrayAtOnceIsOneArray() throws {
    let running = try RunningService()
    let (inputs, labels) = (try #require(inputs), try #require(labels))
    #expect(together(running, 6, "/v1/datasets/mine/train/inputs", inputs) == [200, 200, 200, 200, 200, 201])
    #expect(together(running, 6, "/v1/datasets/mine/train/labels", labels) == [200, 200, 200, 200, 200, 200])
    #expect(try running.get("/v1/datasets/mine").json["state"] == "ready")
    #expect(try running.service.store.read { try $0.datasets.parts(of: "mine").count } == 2)
  }

  @Test func theSameWeightsMakeOneCheckpoint() throws {
    let running = try RunningService()
    try running.addModel()
    let path = "/v1/models/m/weights"
    let weights = try running.get(path, accept: "*/*").body
    var other = weights
    other[other.count - 1] ^= 1
    func ids() throws -> [String] {
      try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue?.compactMap {
        $0["id"]?.stringValue
      } ?? []
    }
    let first = try running.send("PUT", path, weights)
    let second = try running.send("PUT", path, weights)
    #expect(first.status == 201 && second.status == 200)
    #expect(first.json["id"] == second.json["id"] && first.headers["location"] == second.headers["location"])
    #expect(try ids().count == 2)
    // Other weights make another checkpoint. Then the first weights are no longer the latest, so they are new
    // again.
    #expect(try running.send("PUT", path, other).status == 201)
    #expect(try running.send("PUT", path, weights).status == 201)
    #expect(try running.send("PUT", path, weights).status == 200)
    #expect(try ids().count == 4)
    // They are new again after more training, and after the checkpoint was deleted.
    #expect(
      try running.ended(running.queue(["kind": "train", "model": "m", "epochs": 1]))["state"] == "succeeded")
    let late = try running.send("PUT", path, weights)
    #expect(late.status == 201)
    let id = try #require(late.json["id"]?.stringValue)
    #expect(try running.send("DELETE", "/v1/checkpoints/\(id)").status == 204)
    #expect(try running.send("PUT", path, weights).status == 201)
    #expect(together(running, 5, path, other) == [200, 200, 200, 200, 201])
    // And of a model made anew.
    #expect(try running.send("DELETE", "/v1/models/m").status == 204)
    try running.addModel()
    #expect(try running.send("PUT", path, other).status == 201)
  }

  @Test func theOrderOfMembersIsNoOtherBody() throws {
    let running = try RunningService()
    func post(_ text: String, key: String = "k") throws -> Reply {
      try running.send(
        "POST", "/v1/jobs", Array(text.utf8),
        headers: ["Content-Type": "application/json", "Idempotency-Key": key])
    }
    let first = try post(#"{"kind":"count","steps":2}"#)
    #expect(first.status == 202)
    for text in [
      #"{"steps":2,"kind":"count"}"#, " {\n\"kind\" : \"c\\u006funt\",\t\"steps\": 2.0 }\n",
      #"{"kind":"count","steps":2}"#,
    ] {
      let again = try post(text)
      #expect(again.status == 200 && again.json["id"] == first.json["id"], "\(text)")
    }
    for text in [
      #"{"kind":"count","steps":3}"#, #"{"kind":"count"}"#, #"{"kind":"count","steps":2,"seconds":0}"#, "{",
    ] {
      #expect(try post(text).status == 422, "\(text)")
    }
    #expect(try running.get("/v1/jobs").json["items"]?.arrayValue?.count == 1)
    // An earlier version has stored the digest of the bytes.
    let old = #"{"steps":1,"kind":"count"}"#
    let id = try #require(first.json["id"]?.stringValue)
    try running.service.store.write { session in
      try session.idempotency.record(
        key: "POST /v1/jobs old", body: SHA256.digest(of: Array(old.utf8)), status: 202,
        resource: "/v1/jobs/\(id)")
    }
    #expect(try post(old, key: "old").status == 200)
  }

  // MARK: Refused

  /// A client that sends everything before it reads, as Python's does, gets every refusal of every route with
  /// a body.
  @Test func refusalsArriveAfterLargeBodies() throws {
    let running = try RunningService {
      $0.blobLimit = 40 << 20
      $0.token = "0123456789abcdef"
    }
    let token = ["Authorization": "Bearer 0123456789abcdef"]
    let made = try running.send(
      "POST", "/v1/datasets",
      JSONWriter.bytes(["name": "digits", "source": ["format": "builtin", "name": "digits"]]),
      headers: token.merging(["Content-Type": "application/json"]) { $1 })
    #expect(made.status == 201)
    let model = try running.send(
      "POST", "/v1/models", JSONWriter.bytes(["name": "m", "dataset": "digits", "architecture": "logistic"]),
      headers: token.merging(["Content-Type": "application/json"]) { $1 })
    #expect(model.status == 201)
    let size = 20 << 20
    let half = Array(
      "\u{1}\u{0}v\u{0}{'descr': '<f2', 'fortran_order': False, 'shape': (10485760, 1), }".utf8)
    var body = [0x93] + Array("NUMPY".utf8) + half
    body += [UInt8](repeating: 0x20, count: 128 - body.count)
    body += [UInt8](repeating: 0, count: size)
    let json = ["Content-Type": "application/json"]
    let cases: [(Int, String, String, [String: String])] = [
      (422, "PUT", "/v1/datasets/x/train/inputs", token), (422, "PUT", "/v1/models/m/weights", token),
      (404, "PUT", "/v1/models/none/weights", token), (404, "PUT", "/v1/datasets/x/other/inputs", token),
      (404, "PUT", "/v1/nothing", token), (405, "PUT", "/v1/jobs", token), (405, "DELETE", "/v1", token),
      (401, "PUT", "/v1/datasets/x/train/inputs", [:]), (401, "POST", "/v1/jobs", json),
      (403, "PUT", "/v1/models/m/weights", token.merging(["Origin": "https://evil.example"]) { $1 }),
      (415, "PUT", "/v1/models/m/weights", token.merging(["Content-Type": "text/html"]) { $1 }),
      (415, "POST", "/v1/models", token.merging(["Content-Type": "text/csv"]) { $1 }),
      (413, "POST", "/v1/jobs", token.merging(json) { $1 }),
      (413, "POST", "/v1/models", token.merging(json) { $1 }),
      (413, "POST", "/v1/datasets", token.merging(json) { $1 }),
      (400, "PUT", "/v1/models/m/weights?x=1", token),
    ]
    for (status, method, path, headers) in cases {
      #expect(try running.send(method, path, body, headers: headers).status == status, "\(method) \(path)")
      var chunked = headers
      chunked["Transfer-Encoding"] = "chunked"
      let client = try Client(port: running.port)
      let head = chunked.map { "\($0.key): \($0.value)\r\n" }.joined()
      try client.send(Array("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(head)\r\n".utf8))
      for start in stride(from: 0, to: body.count, by: 1 << 20) {
        let piece = body[start..<min(start + 1 << 20, body.count)]
        try client.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
      }
      try client.send(Array("0\r\n\r\n".utf8))
      #expect(try client.readReply().status == status, "\(method) \(path) in chunks")
    }
    // Larger than any body that is taken, and another array in a part's place.
    let huge = [UInt8](repeating: 0, count: 50 << 20)
    #expect(try running.send("PUT", "/v1/datasets/x/train/inputs", huge, headers: token).status == 413)
    let large = try array([UInt8](repeating: 1, count: size), [size / 4, 4])
    #expect(try running.send("PUT", "/v1/datasets/y/train/inputs", large, headers: token).status == 201)
    let another = try array([UInt8](repeating: 2, count: size), [size / 4, 4])
    #expect(try running.send("PUT", "/v1/datasets/y/train/inputs", another, headers: token).status == 409)
  }

  @Test func bodiesOfOtherKindsAreNamed() throws {
    let running = try RunningService()
    try running.addModel()
    let zip =
      [0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 22) + [14, 0, 0, 0] + Array("model/data.pkl".utf8)
    for (body, words) in [
      (zip, ["torch.save", "safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")"]),
      ([0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0], ["pickle", "save_file"]),
      ([8, 8, 0x12, 7] + Array("pytorch".utf8), ["ONNX", "onnx.load"]),
      (Array("GGUF".utf8) + [3, 0, 0, 0], ["GGUF"]),
      ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], ["gzip", "unpack"]), (Array("<html><body>".utf8), ["HTML"]),
      (Array(#"{"a":1}"#.utf8), ["JSON"]), (Array("nonsense".utf8), ["text", "save_file"]),
    ] {
      let reply = try running.send("PUT", "/v1/models/m/weights", body)
      #expect(reply.status == 422)
      let detail = reply.json["detail"]?.stringValue ?? ""
      for word in words { #expect(detail.contains(word), "\(detail)") }
    }
    for part in ["inputs", "labels"] {
      for (body, words) in [
        (zip, ["torch.save", "numpy.save"]),
        ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], ["PNG", "numpy.stack"]),
        ([0xff, 0xd8, 0xff, 0xe0], ["JPEG"]), (Array("a,b\n1,2\n".utf8), ["csv", "numpy.loadtxt"]),
        ([0, 0, 8, 3, 0, 0, 0xea, 0x60], ["IDX"]), ([0x80, 4, 0x95, 0, 0], ["pickle"]),
        ([0x1f, 0x8b, 8, 0], ["gzip"]),
      ] {
        let reply = try running.send("PUT", "/v1/datasets/x/train/\(part)", body)
        #expect(reply.status == 422)
        let detail = reply.json["detail"]?.stringValue ?? ""
        for word in words { #expect(detail.contains(word), "\(detail)") }
      }
    }
    #expect(try running.get("/v1/datasets/x").status == 404)
    #expect(try running.get("/v1/models/m/checkpoints").json["items"]?.arrayValue?.count == 1)
  }

  // MARK: Other types

  @Test func arraysOfOtherTypesAreTakenWithANote() throws {
    let running = try RunningService()
    func file(_ descr: String, fortran: Bool = false, _ shape: String, _ data: [UInt8]) -> [UInt8] {
      let text =
        "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + data
    }
    let inputs = file(">u2", fortran: true, "(2, 2)", [0, 1, 0, 3, 0, 2, 0x01, 0])
    let first = try running.send("PUT", "/v1/datasets/x/train/inputs", inputs)
    #expect(first.status == 201, "\(first.text)")
    #expect(
      first.json["notes"]?[0]?.stringValue?.hasPrefix("train/inputs is stored as '>u2' and read as int32")
        == true)
    #expect(first.json["notes"]?[0]?.stringValue?.contains("Fortran") == true)
    let second = try running.send("PUT", "/v1/datasets/x/train/labels", file("|b1", "(2,)", [1, 0]))
    #expect(second.status == 200, "\(second.text)")
    #expect(second.json["state"] == "ready")
    let samples = try (0..<2).map { try running.get("/v1/datasets/x/train/\($0)").json }
    #expect(samples.map { $0["values"] } == [[1.0, 2.0], [3.0, 256.0]])
    #expect(samples.map { $0["label"] } == [1, 0])
    // Native arrays have no note.
    let plain = try running.send("PUT", "/v1/datasets/y/train/inputs", array([1, 2] as [Float], [2, 1]))
    #expect(plain.json["notes"] == [])
    let text = try running.send(
      "PUT", "/v1/datasets/y/train/labels", file("<U3", "(2,)", [UInt8](repeating: 0, count: 24)))
    #expect(text.status == 422)
    #expect(text.text.contains("return_inverse=True") && !text.text.contains("astype('<f"))
  }

  @Test func notesOfWeightsAreInTheAnswer() throws {
    let running = try RunningService()
    try running.addModel()
    let weights = try running.get("/v1/models/m/weights", accept: "*/*").body
    var reader = SafetensorsReader()
    var data: [UInt8] = []
    try reader.feed(weights) { _, piece in data += piece.bytes }
    let header = try reader.finish()
    let doubled = try SafetensorsHeader(
      header.tensors.map { .init(name: "_orig_mod." + $0.name, dtype: .float64, shape: $0.shape) })
    let wide = data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).flatMap { place in
        withUnsafeBytes(of: Double(bytes.loadUnaligned(fromByteOffset: 4 * place, as: Float.self))) {
          Array($0)
        }
      }
    }
    let body = doubled.encoded + wide
    for status in [201, 200] {
      let reply = try running.send("PUT", "/v1/models/m/weights", body)
      #expect(reply.status == status, "\(reply.text)")
      #expect(reply.json["notes"]?.arrayValue?.count == 2)
      #expect(reply.json["warnings"] == [])
    }
    #expect(try running.get("/v1/models/m/weights", accept: "*/*").body == weights)
  }
}
