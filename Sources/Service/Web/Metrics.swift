import Foundation
import HTTP
import Synchronization

/// Counters of the service's work in the form that Prometheus reads.
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

  /// The answers of one route, by method and status.
  private final class RouteCounter: Sendable {
    struct Series {
      var method: String
      /// In order of first appearance: there are few.
      var statuses: [(code: Int, count: Int)] = []
      var latencies = Histogram()

      mutating func record(_ status: Int, _ seconds: Double) {
        if let place = statuses.firstIndex(where: { $0.code == status }) {
          statuses[place].count += 1
        } else {
          statuses.append((status, 1))
        }
        latencies.record(seconds)
      }
    }

    let series = Mutex<[Series]>([])

    func record(_ method: String, _ status: Int, _ seconds: Double) {
      series.withLock { series in
        let place = series.firstIndex { $0.method == method } ?? series.count
        if place == series.count { series.append(Series(method: method)) }
        series[place].record(status, seconds)
      }
    }
  }

  private struct JobKey: Hashable {
    var kind: String
    var state: String
  }

  private struct State {
    var jobs: [JobKey: Int] = [:]
    var jobSeconds: [String: Histogram] = [:]
    var products = 0.0
  }

  private let state = Mutex(State())
  /// The routes' patterns. The last entry is for requests without a route.
  private let patterns: [String]
  /// One counter for each pattern.
  private let routes: [RouteCounter]

  /// - Parameter routes: the patterns of the routes, by number.
  init(routes: [String]) {
    patterns = routes + ["none"]
    self.routes = patterns.map { _ in RouteCounter() }
  }

  /// Only methods with a route have a name of their own, so a client cannot invent series.
  private static func name(of method: HTTP.Method?) -> String {
    switch method {
    case nil: "none"
    case .get?: "GET"
    case .head?: "HEAD"
    case .post?: "POST"
    case .put?: "PUT"
    case .delete?: "DELETE"
    case .options?: "OPTIONS"
    default: "other"
    }
  }

  /// Counts a request. `route` is the number of its route, nil if it found none; `method` is nil if no head
  /// could be read.
  func record(route: Int?, method: HTTP.Method?, status: Int, seconds: Double) {
    routes[route ?? routes.count - 1].record(Self.name(of: method), status, seconds)
  }

  func recordJob(kind: String, state ended: String, seconds: Double, curvatureProducts: Double) {
    state.withLock { state in
      state.jobs[JobKey(kind: kind, state: ended), default: 0] += 1
      state.jobSeconds[kind, default: Histogram()].record(seconds)
      state.products += curvatureProducts
    }
  }

  /// A gauge or counter whose value is read on each request for metrics.
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
    let answered = zip(patterns, routes).flatMap { pattern, counter in
      counter.series.withLock { $0 }.map {
        (labels: "method=\"\($0.method)\",route=\"\(pattern)\"", series: $0)
      }
    }.sorted { $0.labels < $1.labels }
    for (labels, series) in answered {
      for (code, count) in series.statuses.sorted(by: { $0.code < $1.code }) {
        line("influenced_http_requests_total", labels + ",status=\"\(code)\"", Double(count))
      }
    }
    head(
      "influenced_http_request_seconds", "From the head of a request to the end of its response.", "histogram"
    )
    for (labels, series) in answered {
      histogram("influenced_http_request_seconds", labels, series.latencies)
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

  /// Bytes of memory the process holds.
  static var residentBytes: Int {
    guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
    let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }
}
