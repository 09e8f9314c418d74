import Foundation
import Influence

/// The share of a solve's time that has passed.
///
/// The share is the residual's way to the tolerance on a logarithmic scale, or the share of the steps used if
/// that is more. It never falls.
final class SolveShare {
  private let tolerance: Double
  private var last = 0.0

  init(tolerance: Double?, isSingle: Bool) { self.tolerance = tolerance ?? (isSingle ? 2e-7 : 1e-10) }

  func share(_ progress: BlockProgress) -> Double {
    let step = progress.step
    var inside = step.limit > 0 ? Double(step.iteration) / Double(step.limit) : 0
    if step.relativeResidual > 0, step.relativeResidual < 1, tolerance < 1 {
      inside = max(inside, log(step.relativeResidual) / log(tolerance))
    }
    let share =
      (Double(progress.solved) + Double(progress.active) * min(1, inside)) / Double(max(1, progress.count))
    last = max(last, min(1, share))
    return last
  }
}
