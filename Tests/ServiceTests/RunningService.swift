import Foundation
import JSON
import Jobs
import Service
import Synchronization

/// A service on a free port of this machine, with its files in a folder of its own.
final class RunningService: RunningServer {
  let service: Service
  let port: UInt16
  let folder: String
  private var isStopped = false

  /// - Parameter folder: of an earlier service, to go on with its database.
  init(
    folder: String? = nil, kinds: [JobKind] = StandardJobs.kinds + [CountRequest.job],
    log: Log = Log(level: .error), _ change: (inout Configuration) -> Void = { _ in }
  ) throws {
    let folder =
      try folder
      ?? {
        let path = NSTemporaryDirectory() + "influenced-service-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path + "/data", withIntermediateDirectories: true)
        return path
      }()
    self.folder = folder
    var configuration = Configuration()
    configuration.port = 0
    configuration.database = folder + "/test.sqlite"
    configuration.dataDirectory = folder + "/data"
    configuration.computeThreads = 1
    configuration.stopDeadline = 4
    // Estimates do not depend on what else the machine does.
    configuration.computeRate = 100
    change(&configuration)
    service = try Service(configuration: configuration, kinds: kinds, log: log)
    port = try service.start()
  }

  /// Ends the service; its files stay for another one.
  func stop() {
    guard !isStopped else { return }
    isStopped = true
    service.stop()
  }

  func remove() {
    stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  deinit { remove() }
}

struct Failure: Error, CustomStringConvertible { var description: String }

/// A job kind for tests: it counts, and on the way follows the instructions of the request.
struct CountRequest: JobRequest {
  static let kind = "count"

  var steps: Int
  var seconds: Double
  var failAt: Int?
  var model: String?

  static let summary = "Counts."
  static let standard = CountRequest(steps: 1, seconds: 0)

  static let fields = Fields<CountRequest>([
    .integer("steps", \.steps, 0...1_000_000, ""), .number("seconds", \.seconds, .notNegative, ""),
    .optional("fail_at", \.failAt, .integer(0...1_000_000), ""),
    .optional("model", \.model, .resourceName, ""),
  ])

  static let result = ResultObject([
    .always("counted", .count, "Steps."),
    .always("resumed_at", .count, "The step that the attempt went on from."),
  ])

  mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    if let model, try catalog.model(named: model) == nil { throw UnknownResource(.model, model) }
  }

  var uses: JobUses { JobUses(models: model.map { [$0] } ?? []) }

  static let job = JobKind(CountRequest.self) { request, _ in CountRun(request: request) }
  static var shortJob: JobKind {
    JobKind(CountRequest.self, isShort: true) { request, _ in CountRun(request: request) }
  }
}

struct CountRun: JobRun {
  let request: CountRequest

  func run(_ context: any JobContext) throws -> JSONValue {
    var step = 0
    var resumed = 0
    if let saved = try context.resumeState("step"), let value = Int(String(decoding: saved, as: UTF8.self)) {
      step = value
      resumed = value
    }
    if let model = request.model {
      _ = try context.saveCheckpoint(
        CheckpointDraft(model: model, kind: .edited, metrics: ["steps": 0], byteCount: 3)
      ) { sink in try [UInt8]("abc".utf8).withUnsafeBytes { try sink($0) } }
    }
    while step < request.steps {
      try context.throwIfInterrupted()
      if step == request.failAt {
        throw JobFailure(.nonFinite, "Step \(step) is not a number.", advice: "Count less far.")
      }
      usleep(UInt32(request.seconds * 1e6))
      step += 1
      context.progress(Double(step) / Double(request.steps), phase: "count", detail: "step \(step)")
      try context.saveResumeState("step", Array(String(step).utf8))
    }
    try context.writeArtifact("steps.npy", type: .int64, shape: [request.steps]) { sink in
      try (0..<Int64(request.steps)).map { $0 }.withUnsafeBytes { try sink($0) }
    }
    return ["counted": JSONValue(step), "resumed_at": JSONValue(resumed)]
  }
}
