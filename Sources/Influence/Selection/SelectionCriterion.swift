/// How the neurons that may change are chosen (Lyu et al. 2023, §4), layer by layer.
public enum SelectionCriterion: String, Sendable, CaseIterable {
  /// By the size of the neuron's mean output over the group, the largest first.
  case topOutputs = "top_outputs"
  /// By the size of the mean gradient of the group's loss by the neuron's output, the largest first.
  case topGradients = "top_gradients"
  /// In random order among the neurons whose output score exceeds the mean score of their layer; then the
  /// others, the largest first.
  case threshold
  /// In random order.
  case random
  /// By output, the smallest first.
  case lowestOutputs = "lowest_outputs"
  /// By gradient, the smallest first.
  case lowestGradients = "lowest_gradients"

  /// The values that the score of a neuron is made of.
  public enum Basis: Sendable {
    case outputs, gradients, nothing
  }

  public var basis: Basis {
    switch self {
    case .topOutputs, .lowestOutputs, .threshold: .outputs
    case .topGradients, .lowestGradients: .gradients
    case .random: .nothing
    }
  }
}
