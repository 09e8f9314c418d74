import Tensor

extension Loss {
  /// A bound on the second derivative by one output: ½ for the softmax (Böhning 1992), ¼ for the logistic
  /// loss. The Poisson loss has none: it is the derivative at outputs of 0.
  public func curvatureBound(outputs: Int) -> Double {
    switch self {
    case .softmax(let options): (outputs == 1 ? 0.25 : 0.5) * (options.weights.max() ?? 1)
    case .binaryCrossEntropy(let positive): 0.25 * max(1, positive.max() ?? 1) / Double(max(1, outputs))
    case .meanSquaredError: 2 / Double(max(1, outputs))
    case .huber, .poisson: 1 / Double(max(1, outputs))
    case .smoothHinge(let temperature): 0.25 / temperature
    }
  }

  /// Whether the loss of a sample with these targets falls for ever as its margins grow.
  public func fallsForEver(_ targets: Targets) -> Bool {
    switch (self, targets) {
    case (.softmax(let options), _): options.smoothing == 0
    case (.binaryCrossEntropy, .values(let values, _)): values.allSatisfy { $0 == 0 || $0 == 1 }
    case (.binaryCrossEntropy, _), (.smoothHinge, _): true
    case (.meanSquaredError, _), (.huber, _), (.poisson, _): false
    }
  }

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
  /// output, and for one against the rest, they are ±f. Losses of values have none.
  /// - Parameter place: the place of the sample in `targets`.
  public func margins(_ outputs: [Double], _ targets: Targets, _ place: Int) -> [Double] {
    guard !estimatesValues else { return [] }
    let rows = targets.rows
    let columns = outputs.count / rows
    return (0..<rows).filter { targets.counts(place, $0) }.flatMap { row -> [Double] in
      let target = RowTarget(targets, place * rows + row, columns)
      let f = outputs[row * columns..<(row + 1) * columns]
      if case .softmax = self, columns > 1 {
        let own = f[f.startIndex + target.label]
        return f.indices.filter { $0 != f.startIndex + target.label }.map { own - f[$0] }
      }
      return (0..<columns).map { target.value($0) > 0.5 ? f[f.startIndex + $0] : -f[f.startIndex + $0] }
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
