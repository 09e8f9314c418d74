import Foundation
import Synchronization

/// Counters of what the service did, as Prometheus reads them.
final class Metrics: Sendable {
  /// Upper bounds of the latency buckets in seconds.
  static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

  private struct Histogram {
    var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
    var count = 0
    var sum = 0.0

    mutating func record(_ seconds: Double) {
      count += 1
      sum += seconds
      if let place = Metrics.bounds.firstIndex(where: { seconds <= $0 }) { buckets[place] += 1 }
    }
  }

  private struct RouteKey: Hashable {
    var method: String
    var route: String
  }

  private struct StatusKey: Hashable {
    var route: RouteKey
    var status: Int
  }

  private struct JobKey: Hashable {
    var kind: String
    var state: String
  }

  private struct State {
    var requests: [StatusKey: Int] = [:]
    var latencies: [RouteKey: Histogram] = [:]
    var jobs: [JobKey: Int] = [:]
    var jobSeconds: [String: Histogram] = [:]
    var products = 0.0
  }

  private let state = Mutex(State())

  func record(method: String, route: String, status: Int, seconds: Double) {
    let key = RouteKey(method: method, route: route)
    state.withLock { state in
      state.requests[StatusKey(route: key, status: status), default: 0] += 1
      state.latencies[key, default: Histogram()].record(seconds)
    }
  }

  func recordJob(kind: String, state ended: String, seconds: Double, curvatureProducts: Double) {
    state.withLock { state in
      state.jobs[JobKey(kind: kind, state: ended), default: 0] += 1
      state.jobSeconds[kind, default: Histogram()].record(seconds)
      state.products += curvatureProducts
    }
  }

  /// A gauge or counter that is read when asked for.
  struct Reading {
    var name: String
    var help: String
    var type = "gauge"
    /// Each value with its labels, such as `kind="train"`; empty for none.
    var values: [(labels: String, value: Double)]

    init(_ name: String, _ help: String, type: String = "gauge", _ values: [(labels: String, value: Double)])
    {
      self.name = name
      self.help = help
      self.type = type
      self.values = values
    }
  }

  /// The text exposition format, version 0.0.4.
  func text(_ readings: [Reading]) -> String {
    var text = ""
    func head(_ name: String, _ help: String, _ type: String) {
      text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }
    func line(_ name: String, _ labels: String, _ value: Double) {
      let number = Int(exactly: value).map(String.init) ?? value.description
      text += name + (labels.isEmpty ? "" : "{\(labels)}") + " " + number + "\n"
    }
    func histogram(_ name: String, _ labels: String, _ histogram: Histogram) {
      var total = 0
      for (bound, count) in zip(Self.bounds, histogram.buckets) {
        total += count
        line(name + "_bucket", labels + ",le=\"\(bound)\"", Double(total))
      }
      line(name + "_bucket", labels + ",le=\"+Inf\"", Double(histogram.count))
      line(name + "_sum", labels, histogram.sum)
      line(name + "_count", labels, Double(histogram.count))
    }
    let state = state.withLock { $0 }
    head("influenced_http_requests_total", "Requests answered.", "counter")
    for (key, count) in state.requests.sorted(by: { order($0.key) < order($1.key) }) {
      line(
        "influenced_http_requests_total",
        "method=\"\(key.route.method)\",route=\"\(key.route.route)\",status=\"\(key.status)\"", Double(count))
    }
    head(
      "influenced_http_request_seconds", "From the head of a request to the end of its response.", "histogram"
    )
    for (key, latencies) in state.latencies.sorted(by: { order($0.key) < order($1.key) }) {
      histogram(
        "influenced_http_request_seconds", "method=\"\(key.method)\",route=\"\(key.route)\"", latencies)
    }
    head("influenced_jobs_ended_total", "Jobs that ended since the start.", "counter")
    for (key, count) in state.jobs.sorted(by: { ($0.key.kind, $0.key.state) < ($1.key.kind, $1.key.state) }) {
      line("influenced_jobs_ended_total", "kind=\"\(key.kind)\",state=\"\(key.state)\"", Double(count))
    }
    head("influenced_job_seconds", "Seconds a job ran.", "histogram")
    for (kind, seconds) in state.jobSeconds.sorted(by: { $0.key < $1.key }) {
      histogram("influenced_job_seconds", "kind=\"\(kind)\"", seconds)
    }
    head("influenced_curvature_products_total", "Products with a curvature matrix in ended jobs.", "counter")
    line("influenced_curvature_products_total", "", state.products)
    for reading in readings {
      head(reading.name, reading.help, reading.type)
      for value in reading.values { line(reading.name, value.labels, value.value) }
    }
    return text
  }

  private func order(_ key: StatusKey) -> String { order(key.route) + " \(key.status)" }
  private func order(_ key: RouteKey) -> String { key.route + " " + key.method }

  /// Bytes of memory the process holds.
  static var residentBytes: Int {
    guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
    let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }
}
