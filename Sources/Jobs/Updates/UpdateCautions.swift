import Influence
import Network
import Tensor

/// Warnings about an update that succeeded but means little.
struct UpdateCautions<Element: Scalar, Metrics: UpdateMetrics> {
  let update: ModelUpdate<Element>
  let before: Metrics
  let after: Metrics
  /// θ before the update.
  let parameters: [Element]

  /// An update of fewer parameters can hardly undo a group's effect on a model.
  private static var fewParameters: Int { 32 }
  /// The least share by which the loss on the group should move.
  private static var noticeableShare: Double { 0.01 }

  /// The least fall of the accuracy on the rest that is worth a warning.
  private static var noticeableFall: Double { 0.01 }

  var warnings: [String] { [fewParametersMayChange, nothingChanged, restFell].compactMap { $0 } }

  private var restFell: String? {
    guard let old = before.kept.accuracy, let new = after.kept.accuracy, old - new > Self.noticeableFall,
      (old - new) * Double(after.kept.losses.count) > 1.5
    else { return nil }
    func percent(_ share: Double) -> String { "\((100 * share).text(digits: 4)) %" }
    return
      "The update costs accuracy on the samples that it should leave as they are: \(percent(old)) before, \(percent(new)) "
      + "after. Try hessian gauss_newton, more rounds, choose_by likelihood, or a smaller modification_ratio."
  }

  private var fewParametersMayChange: String? {
    let (selected, total) = (update.selection.indices.count, parameters.count)
    guard selected < Self.fewParameters, selected < total else { return nil }
    return
      "Only \(selected) of \(total) parameters may change. A model this small needs modification_ratio 1, or the estimator if, "
      + "for the group to go."
  }

  private var nothingChanged: String? {
    guard update.edited.parameters != parameters else {
      return update.sweep.best.scale == 0
        ? "The update changed nothing: no scale other than 0 did better on validation samples."
        : "The update changed nothing: the group has no gradient at the parameters that may change. Choose other parameters "
          + "(selection, modification_ratio), or look whether the network's units are all off."
    }
    guard let old = before.changed, let new = after.changed, let first = old.knownLoss,
      let last = new.knownLoss,
      abs(last - first) < Self.noticeableShare * max(abs(first), 1e-6), old.accuracy == new.accuracy
    else { return nil }
    return
      "The update changed almost nothing: the loss on the group went from \(first.text(digits: 6)) to \(last.text(digits: 6)). "
      + "Raise modification_ratio, or use the estimator if."
  }
}
