import Foundation
import Influence
import JSON
import Network
import Tensor

extension Evaluation {
  /// The mean loss; nil for no samples.
  var knownLoss: Double? { losses.isEmpty ? nil : meanLoss }

  /// The mean of exp(−ℓ). For a classification, the mean probability of the true class.
  var meanLikelihood: Double { losses.reduce(0) { $0 + exp(-$1) } / Double(losses.count) }

  /// `{"loss", "accuracy"}`; the accuracy is null for regression, both are null for no samples.
  var json: JSONValue {
    losses.isEmpty
      ? ["loss": .null, "accuracy": .null] : ["loss": .number(meanLoss), "accuracy": JSONValue(accuracy)]
  }
}
