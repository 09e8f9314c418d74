/// Reports the progress of a job of several phases. Each phase has its usual share of the whole.
final class PhaseProgress: Sendable {
  private let context: any JobContext
  private let spans: [(phase: String, from: Double, to: Double)]

  /// - Parameter phases: in order, with weights of any sum.
  init(_ context: any JobContext, _ phases: [(phase: String, weight: Double)]) {
    self.context = context
    let total = phases.reduce(0) { $0 + $1.weight }
    var from = 0.0
    spans = phases.map { phase in
      defer { from += phase.weight / total }
      return (phase.phase, from, from + phase.weight / total)
    }
  }

  /// Reports the progress within a phase; may be called from any thread.
  /// - Parameter share: of that phase, 0…1.
  func report(_ phase: String, _ share: Double, _ detail: String) {
    guard let span = spans.first(where: { $0.phase == phase }) else { return }
    let fraction = span.from + min(max(share, 0), 1) * (span.to - span.from)
    context.progress(min(fraction, 1), phase: phase, detail: detail)
  }

  /// Reports on the run's own thread, which may be interrupted here.
  /// - Throws: `JobInterruption`.
  func advance(_ phase: String, _ share: Double, _ detail: String) throws(JobInterruption) {
    try context.throwIfInterrupted()
    report(phase, share, detail)
  }
}
