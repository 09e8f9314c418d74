/// Says how far an update is, a phase at a time.
final class UpdateProgress {
  enum Phase: String {
    case select, linearize, solve, scale, measure, save

    /// The share of the job that is done when the phase begins and ends.
    var span: ClosedRange<Double> {
      switch self {
      case .select: 0...0.02
      case .linearize: 0.02...0.08
      case .solve: 0.08...0.85
      case .scale: 0.85...0.94
      case .measure: 0.94...0.99
      case .save: 0.99...1
      }
    }
  }

  let context: any JobContext
  private var phase = Phase.select
  /// The largest fraction reported: a corrected estimate never takes progress back.
  private var fraction = 0.0

  init(_ context: any JobContext) { self.context = context }

  /// - Throws: `JobInterruption`.
  func enter(_ phase: Phase, _ detail: String) throws(JobInterruption) {
    self.phase = phase
    try advance(0, detail)
  }

  /// - Parameter share: of the present phase.
  /// - Throws: `JobInterruption`.
  func advance(_ share: Double, _ detail: String) throws(JobInterruption) {
    try context.throwIfInterrupted()
    let span = phase.span
    fraction = max(fraction, span.lowerBound + min(max(share, 0), 1) * (span.upperBound - span.lowerBound))
    context.progress(fraction, phase: phase.rawValue, detail: detail)
  }
}
