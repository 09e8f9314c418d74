import Foundation
import Tensor

/// Runs one case and prints one JSON object: the times are of runs after a warm-up, memory is the process's
/// peak.
do {
  let options = try BenchmarkOptions(Array(CommandLine.arguments.dropFirst()))
  let model = try BenchmarkModel(options)
  func measured<Element: Scalar>(_: Element.Type) throws -> (seconds: [Seconds], operations: Double?) {
    let benchmark = Benchmark<Element>(options, model)
    return (try benchmark.run(), benchmark.operations)
  }
  let (times, operations) =
    model.precision == .float64 ? try measured(Double.self) : try measured(Float.self)
  let seconds = times.map(\.passed).sorted()
  let processor = times.map(\.processor).sorted()
  let median = seconds[seconds.count / 2]
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let gflops = operations.map { String(format: "%.1f", $0 / median / 1e9) } ?? "null"
  print(
    """
    {"case": "\(options.benchmark.rawValue)", "model": "\(model.name)", "batch": \(model.batch), \
    "threads": \(options.threads), "repeat": \(options.repeats), "seconds": {"min": \(seconds[0]), \
    "median": \(median), "max": \(seconds[seconds.count - 1])}, \
    "processor_seconds": {"min": \(processor[0]), "median": \(processor[processor.count / 2])}, \
    "peak_rss_bytes": \(usage.ru_maxrss * 1024), "gflops": \(gflops)}
    """)
} catch {
  FileHandle.standardError.write(Data("influence-bench: \(error)\n".utf8))
  exit(2)
}
