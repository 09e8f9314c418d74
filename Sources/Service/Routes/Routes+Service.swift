import Datasets
import Foundation
import HTTP
import Influence
import JSON
import Jobs
import Network
import Storage
import Tensor

extension RouteTable {
  /// The service itself: its capabilities, its health and its metrics.
  func addService() {
    immediate(.get, "/v1", .never) { application, call in
      try call.checkQuery()
      return try call.respond(application.capabilities)
    }
    immediate(.get, "/healthz", .never, isOpen: true) { _, _ in
      Response(.ok, text: "ok\n")
    }
    blocking(.get, "/readyz", .never, isOpen: true) { application, _ in
      guard application.queue.isReady else {
        throw Problem(.serviceUnavailable, "the workers take no jobs", headers: ["Retry-After": "5"])
      }
      do {
        try application.store.database.checkWritable()
      } catch {
        application.log.write(.error, "readyz", ["error": .string("\(error)")])
        let reason = Problem(error)?.detail ?? "the database cannot be written"
        throw Problem(.serviceUnavailable, reason, headers: ["Retry-After": "10"])
      }
      return Response(.ok, text: "ready\n")
    }
    immediate(.get, "/openapi.json", .latest) { application, call in
      try call.checkQuery()
      return .json(bytes: application.contract, headers: ["ETag": application.contractTag.description])
    }
    blocking(.get, "/metrics", .never) { application, _ in
      var response = Response(.ok, text: try application.metricsText())
      response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
      return response
    }
  }
}

extension Application {
  /// The answer of `GET /v1`.
  fileprivate var capabilities: JSONValue {
    let solvers = SolverRequest.Name.allCases.map { SolverRequest(ofUpdates: $0).json }
    return [
      "name": .string(Version.name), "version": .string(Version.number),
      "started_at": .string(started.description),
      "links": [
        "datasets": "/v1/datasets", "models": "/v1/models", "jobs": "/v1/jobs", "health": "/healthz",
        "readiness": "/readyz", "metrics": "/metrics", "guide": "/guide",
      ],
      "capabilities": [
        "architectures": JSONValue(NamedArchitecture.names),
        "layers": JSONValue(LayerDescription.formats.map(\.type)),
        "precisions": JSONValue(Precision.allCases.map(\.rawValue)),
        "losses": JSONValue(Loss.names),
        "dataset_formats": JSONValue(DatasetSource.formatNames),
        "job_kinds": .array(kinds.map { ["kind": .string($0.name), "summary": .string($0.summary)] }),
        "estimators": JSONValue(Estimator.allCases.map(\.rawValue)),
        "selections": JSONValue(SelectionCriterion.allCases.map(\.rawValue)),
        "solvers": .array(solvers),
        "training": TrainingRecipe.standard.json,
        "optimizers": .array(TrainingRecipe.standards.map(\.json)),
      ],
      "limits": [
        "json_bytes": JSONValue(configuration.jsonLimit), "blob_bytes": JSONValue(configuration.blobLimit),
        "queue": JSONValue(configuration.queueLimit), "compute_threads": JSONValue(pool.threads),
        "multiply_adds_a_second": .number(machine.multiplyAdds.rounded()),
        "job_memory_bytes": JSONValue(Int(exactly: limits.memoryBytes.rounded()) ?? .max),
        "artifact_bytes": JSONValue(configuration.artifactLimit),
        "job_seconds": limits.seconds.map(JSONValue.number) ?? .null,
      ],
    ]
  }

  fileprivate func metricsText() throws -> String {
    typealias Reading = Metrics.Reading
    let counts = try store.read { try $0.jobs.counts() }
    let size = try store.database.size()
    let uptime = Timestamp.now().seconds(since: started)
    let busy = pool.busySeconds
    return metrics.text([
      Reading(
        "influenced_jobs", "Jobs by kind and state.",
        counts.map { ("kind=\"\($0.kind)\",state=\"\($0.state.rawValue)\"", Double($0.count)) }),
      Reading(
        "influenced_queue_depth", "Jobs that wait.",
        [("", Double(counts.filter { $0.state == .queued }.reduce(0) { $0 + $1.count }))]),
      Reading("influenced_jobs_running", "Jobs that run.", [("", Double(queue.runningCount))]),
      Reading(
        "influenced_compute_busy_seconds_total", "Seconds the compute threads worked, all added up.",
        type: "counter", [("", busy)]),
      Reading("influenced_compute_threads", "Threads of the compute pool.", [("", Double(pool.threads))]),
      Reading(
        "influenced_compute_busy_fraction",
        "Share of the compute threads' time since the start that was work.",
        [("", uptime > 0 ? min(1, busy / (uptime * Double(pool.threads))) : 0)]),
      Reading(
        "influenced_resident_memory_bytes", "Memory the process holds.", [("", Double(Metrics.residentBytes))]
      ),
      Reading("influenced_database_bytes", "The database file.", [("", Double(size.byteCount))]),
      Reading("influenced_database_free_bytes", "Unused pages in it.", [("", Double(size.freeByteCount))]),
      Reading("influenced_database_log_bytes", "Its write-ahead log.", [("", Double(size.logByteCount))]),
      Reading("influenced_uptime_seconds", "Since the start.", [("", uptime)]),
    ])
  }
}
