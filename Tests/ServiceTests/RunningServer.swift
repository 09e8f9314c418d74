import Glibc
import JSON
import Jobs

/// A service that listens on a port of this machine, in this process or in one of its own.
protocol RunningServer {
  var port: UInt16 { get }
}

extension RunningServer {
  func send(
    _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [String: String] = [:]
  ) throws -> Reply {
    try Client(port: port).ask(method, path, body, headers: headers)
  }

  func get(_ path: String, accept: String = "application/json") throws -> Reply {
    try send("GET", path, headers: ["Accept": accept])
  }

  func post(_ path: String, _ body: JSONValue, headers: [String: String] = [:]) throws -> Reply {
    try send(
      "POST", path, JSONWriter.bytes(body),
      headers: headers.merging(["Content-Type": "application/json"]) { given, _ in given })
  }

  func post(_ path: String, text: String) throws -> Reply {
    try send("POST", path, Array(text.utf8), headers: ["Content-Type": "application/json"])
  }

  // MARK: Jobs

  /// Posts a job and returns its id.
  func queue(_ body: JSONValue) throws -> String {
    let reply = try post("/v1/jobs", body)
    guard reply.status == 202, let id = reply.json["id"]?.stringValue else {
      throw Failure(description: "not queued: \(reply.status) \(reply.text)")
    }
    return id
  }

  /// The job once it has ended.
  func ended(_ id: String) throws -> JSONValue { try get("/v1/jobs/\(id)?wait=60").json }

  /// Asks until `condition` holds of the job.
  func wait(for id: String, until condition: (JSONValue) -> Bool) throws -> JSONValue {
    for _ in 0..<3000 {
      let job = try get("/v1/jobs/\(id)").json
      if condition(job) { return job }
      usleep(20_000)
    }
    throw Failure(description: "the job \(id) did not get there")
  }

  // MARK: What jobs work on

  func addDigits() throws {
    let reply = try post(
      "/v1/datasets", ["name": "digits", "source": ["format": "builtin", "name": "digits"]])
    guard reply.status == 201 else { throw Failure(description: reply.text) }
  }

  /// Makes a model of the digits without a training. Adds the digits first if they are missing.
  @discardableResult
  func addModel(_ name: String = "m", _ architecture: JSONValue = "logistic") throws -> Reply {
    if try get("/v1/datasets/digits").status == 404 { try addDigits() }
    let reply = try post(
      "/v1/models", ["name": .string(name), "dataset": "digits", "architecture": architecture])
    guard reply.status == 201 else { throw Failure(description: reply.text) }
    return reply
  }

  /// The same weights with other last bits in the last one. A repeated body would be answered with its
  /// checkpoint.
  func varied(_ weights: [UInt8], _ number: Int) -> [UInt8] {
    var weights = weights
    weights[weights.count - 4] = UInt8(truncatingIfNeeded: number)
    weights[weights.count - 3] = UInt8(truncatingIfNeeded: number >> 8)
    return weights
  }
}
