import Formats
import Foundation
import JSON
import Jobs
import Service
import Synchronization
import Testing

/// Things that a stranger with access to the port must not get.
@Suite(.serialized) struct SecurityTests {
  private func status(_ running: RunningService, host: String) throws -> Int {
    let client = try Client(port: running.port)
    try client.send(Array("GET /v1 HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8))
    return try client.readReply().status
  }

  @Test func aNameThatPointsHereIsNotLetIn() throws {
    let running = try RunningService()
    for host in [
      "localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:80", "[0:0::1]",
      "localhost.",
    ] {
      #expect(try status(running, host: host) == 200, "\(host)")
    }
    for host in [
      "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "10.0.0.1", "[::2]",
    ] {
      #expect(try status(running, host: host) == 421, "\(host)")
    }
    // Whether it lives is no secret.
    let client = try Client(port: running.port)
    try client.send(Array("GET /healthz HTTP/1.1\r\nHost: probe.example\r\n\r\n".utf8))
    #expect(try client.readReply().status == 200)
    let named = try RunningService { $0.allowedHosts = "gpu.example, Other.Example" }
    #expect(try status(named, host: "gpu.example:8080") == 200)
    #expect(try status(named, host: "other.example") == 200)
    #expect(try status(named, host: "evil.example") == 421)
    let numbered = try RunningService { $0.allowedHosts = "FD00:0::2, [fe80::1], 10.0.0.1" }
    for host in ["[fd00::2]", "[fd00::2]:8080", "[FD00:0:0::2]", "[fe80::1]", "10.0.0.1:8080"] {
      #expect(try status(numbered, host: host) == 200, "\(host)")
    }
    for host in ["[fd00::3]", "fd00", "fe80"] { #expect(try status(numbered, host: host) == 421, "\(host)") }
    // A page of somebody else has no token.
    let secret = try RunningService { $0.token = "0123456789abcdef" }
    #expect(try status(secret, host: "gpu.example") == 401)
  }

  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
    var text: String { all.withLock { $0.joined(separator: "\n") } }
  }

  @Test(arguments: [Configuration.LogFormat.text, .json])
  func noLineOfTheLogHasTheToken(_ format: Configuration.LogFormat) throws {
    let token = "tok-9d8c7b6a5f4e3d2c1b0a"
    let lines = Lines()
    let log = Log(format: format, level: .debug) { line in lines.all.withLock { $0.append(line) } }
    let running = try RunningService(log: log) { $0.token = token }
    for value in ["Bearer \(token)", "Basic \(token)", token, "Bearer \(token)x", "bearer  \(token)"] {
      _ = try running.send("GET", "/v1/jobs", headers: ["Authorization": value])
    }
    _ = try running.send("GET", "/v1?token=\(token)")
    _ = try running.send("GET", "/v1/jobs/\(token)")
    _ = try running.send("GET", "/v1/jobs/\(token)", headers: ["Authorization": "Bearer \(token)"])
    _ = try running.send(token, "/v1")
    _ = try running.send("GET", "/v1/jobs?token=\(token)", headers: ["Authorization": "Bearer \(token)"])
    _ = try running.send(
      "POST", "/v1/jobs", Array("{\"token\": \"\(token)\"}".utf8),
      headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/json"])
    running.stop()
    #expect(lines.text.contains("401"))
    #expect(!lines.text.contains(token))
  }

  @Test func noAnswerHasTheToken() throws {
    let token = "tok-9d8c7b6a5f4e3d2c1b0a"
    let running = try RunningService { $0.token = token }
    let headers = ["Authorization": "Bearer \(token)"]
    for path in ["/v1", "/openapi.json", "/metrics", "/v1/jobs"] {
      #expect(!(try running.send("GET", path, headers: headers)).text.contains(token))
    }
  }

  /// Small bodies that ask for much.
  @Test func nothingLargeIsMadeOfASmallBody() throws {
    let running = try RunningService {
      $0.jobMemoryLimit = 512 << 20
      $0.artifactLimit = 64 << 20
      $0.jobTimeLimit = 60
      $0.computeRate = 100
    }
    try running.addModel()
    let wide: JSONValue = ["type": "linear", "out_features": 1_073_741_824]
    for layers: JSONValue in [
      [wide], [wide, wide],
      .array(Array(repeating: ["type": "linear", "out_features": 100_000], count: 500)),
      [["type": "conv2d", "out_channels": 1_073_741_824, "kernel_size": 3]],
      [["type": "adaptive_avg_pool2d", "output_size": 4096], ["type": "flatten"], wide],
    ] {
      let reply = try running.post(
        "/v1/models", ["name": "n", "dataset": "digits", "architecture": ["layers": layers]])
      #expect(reply.status == 422, "\(reply.text.prefix(200))")
    }
    #expect(
      try running.post(
        "/v1/models",
        [
          "name": "n", "dataset": "digits",
          "architecture": ["name": "mlp", "hidden": [1_000_000, 1_000_000]],
        ]
      ).status == 422)
    for source: JSONValue in [
      ["format": "synthetic", "name": "blobs", "samples": 10_000_000, "dimensions": 1_000_000],
      ["format": "synthetic", "name": "linear-regression", "samples": 1, "dimensions": 1_000_000_000],
    ] {
      #expect(try running.post("/v1/datasets", ["name": "n", "source": source]).status == 422)
    }
    let jobs: [JSONValue] = [
      // Results that would fill the disk.
      [
        "kind": "influence", "model": "m", "test": ["pick": "lowest_loss", "count": 300],
        "influence": "perturbation",
      ],
      ["kind": "train", "model": "m", "epochs": 1_000_000, "batch_size": 1],
      [
        "kind": "spectrum", "model": "m", "l2": .array((0..<1000).map { JSONValue($0) }), "retrain": true,
        "training": ["epochs": 100_000],
      ],
      [
        "kind": "compare", "model": "m", "class": 1, "repeats": 1000,
        "modification_ratio": .array((1...100).map { .number(Double($0) / 100) }),
      ],
      [
        "kind": "validate", "model": "m", "test": ["count": 200], "count": 1000,
        "training": ["epochs": 1_000_000], "retrain_fraction": 1000,
      ],
      [
        "kind": "sweep", "dataset": "digits", "seeds": 1000, "architectures": ["logistic", "mlp"],
        "training": ["epochs": 1_000_000],
      ],
    ]
    for body in jobs {
      let reply = try running.post("/v1/jobs", body)
      #expect(reply.status == 422, "\(body) \(reply.text.prefix(400))")
    }
    #expect(try running.get("/v1/jobs").json["items"] == [])
    let fault = try running.post(
      "/v1/jobs", ["kind": "train", "model": "m", "epochs": 1_000_000, "batch_size": 1])
    #expect(fault.pointers == [""])
    #expect(fault.text.contains("job_time_limit"))
  }

  @Test func aHostileBodyIsRefusedAtOnce() throws {
    let running = try RunningService()
    let deep = String(repeating: "[", count: 500_000)
    #expect(try running.post("/v1/jobs", text: deep).status == 400)
    let keys = (0..<60_000).map { "\"kin\($0)\":1" }.joined(separator: ",")
    let unknown = try running.post("/v1/jobs", text: "{\"kind\":\"evaluate\",\(keys)}")
    #expect(unknown.status == 422)
    #expect(unknown.body.count < 100_000)
    let indices = (0..<150_000).map(String.init).joined(separator: ",")
    #expect(
      try running.post("/v1/jobs", text: "{\"kind\":\"remove\",\"model\":\"m\",\"indices\":[\(indices)]}")
        .status
        == 404)
    let number = String(repeating: "9", count: 500_000)
    #expect(try running.post("/v1/jobs", text: "{\"kind\":\"evaluate\",\"seed\":\(number)}").status == 400)
  }

  @Test func listsDoNotRepeatLargeRequests() throws {
    let running = try RunningService()
    try running.addModel()
    let body: JSONValue = [
      "kind": "remove", "model": "m", "indices": JSONValue(Array(0..<1200)), "hessian_samples": 10,
    ]
    let id = try running.queue(body)
    let item = try #require(try running.get("/v1/jobs").json["items"]?[0])
    #expect(item["request"]?["model"] == "m")
    #expect(item["request"]?["indices"] == nil)
    #expect(item["request"]?["omitted_bytes"]?.integerValue ?? 0 > 4096)
    #expect(try running.get("/v1/jobs/\(id)").json["request"]?["indices"]?.arrayValue?.count == 1200)
    #expect(try running.get("/v1/jobs", accept: "text/plain").text.contains(" m "))
    _ = try running.ended(id)
  }

  /// A derived set is made of its base whenever it is loaded: the base stays as it is.
  @Test func theBaseOfADerivedSetStays() throws {
    let running = try RunningService()
    let inputs = try NPY.encode((0..<12).map { UInt8($0) }, shape: [6, 2])
    let labels = try NPY.encode([0, 1, 2, 0, 1, 2] as [UInt8], shape: [6])
    #expect(try running.send("PUT", "/v1/datasets/base/train/inputs", inputs).status == 201)
    #expect(try running.send("PUT", "/v1/datasets/base/train/labels", labels).status == 200)
    #expect(
      try running.post(
        "/v1/datasets",
        ["name": "own", "source": ["format": "derived", "of": "base", "relabel": ["fraction": 0.5]]]
      ).status == 201)
    #expect(try running.send("DELETE", "/v1/datasets/base").status == 409)
    #expect(try running.send("PUT", "/v1/datasets/base/test/inputs", inputs).status == 409)
    #expect(try running.send("DELETE", "/v1/datasets/own").status == 204)
    #expect(try running.send("PUT", "/v1/datasets/base/test/inputs", inputs).status == 200)
    #expect(try running.send("DELETE", "/v1/datasets/base").status == 204)
  }
}
