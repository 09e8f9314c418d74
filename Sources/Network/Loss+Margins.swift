import Tensor

extension Loss {
  /// A bound on the second derivative by one output: ½ for the softmax (Böhning 1992), ¼ for the logistic
  /// loss.
  public func curvatureBound(outputs: Int) -> Double {
    switch self {
    case .crossEntropy: outputs == 1 ? 0.25 : 0.5
    case .meanSquaredError: 2 / Double(max(1, outputs))
    case .smoothHinge(let temperature): 0.25 / temperature
    }
  }

  /// Whether the loss of a sample falls for ever as its margins grow.
  public var fallsForEver: Bool { self != .meanSquaredError }

  /// A change of a margin that changes the loss of a sample near the border by much.
  public var marginUnit: Double {
    if case .smoothHinge(let temperature) = self { temperature } else { 1 }
  }

  /// Above this margin the loss of a sample is flat: its slope is below 10⁻⁸.
  public var farMargin: Double {
    if case .smoothHinge(let temperature) = self { 1 + 20 * temperature } else { 20 }
  }

  /// How far outputs are on the right side, as a list of margins, which are linear in the outputs. If all are
  /// positive, the loss falls to 0 as the outputs grow. For the softmax the margins are f_y − f_c. For one
  /// output, and for one against the rest, they are ±f. The squared error has none.
  /// - Parameter place: the place of the sample in `targets`.
  public func margins(_ outputs: [Double], _ targets: Targets, _ place: Int) -> [Double] {
    guard fallsForEver, case .classes(let labels) = targets else { return [] }
    let label = Int(labels[place])
    if outputs.count == 1 { return [label == 1 ? outputs[0] : -outputs[0]] }
    switch self {
    case .crossEntropy: return outputs.indices.filter { $0 != label }.map { outputs[label] - outputs[$0] }
    default: return outputs.indices.map { $0 == label ? outputs[$0] : -outputs[$0] }
    }
  }

  /// The mean loss of outputs that are all zero.
  public func meanOfZeroOutputs(_ targets: Targets, columns: Int) -> Double {
    let zeros = [Double].zeros(targets.count * columns)
    let losses = Buffer<Double>(count: targets.count)
    zeros.withUnsafeBufferPointer { zeros in
      guard let base = zeros.baseAddress else { return }
      evaluate(
        base, columns: columns, targets: targets, range: 0..<targets.count, losses: losses.pointer,
        gradient: nil,
        scale: 1)
    }
    return targets.count == 0 ? 0 : Double.sum(losses.pointer, targets.count) / Double(targets.count)
  }
}
