import Influence
import Network
import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The loss and accuracy of the best constant outputs, which ignore the inputs.
package struct ChanceLevel {
  /// Of the constant outputs.
  package let loss: Double
  /// The share of the most frequent class; nil for values.
  package let accuracy: Double?
  private let count: Int

  /// The fewest samples that can tell a model from chance.
  private static let fewest = 20

  /// - Returns: nil if there are too few samples, or all have one target.
  init?<Element: Scalar>(_ model: LoadedModel<Element>, _ samples: Samples) {
    self.init(samples.targets, model.loss, columns: model.network.architecture.output.count)
  }

  package init?(_ targets: Targets, _ loss: Loss, columns: Int) {
    count = targets.count
    guard count >= Self.fewest else { return nil }
    switch targets {
    case .values(let values, let width):
      accuracy = nil
      self.loss =
        (0..<width).reduce(0.0) { sum, column in
          let own = stride(from: column, to: values.count, by: width).map { values[$0] }
          return sum + Self.leastMean(loss, own, column)
        } / Double(width)
    case .classes(let labels), .positions(let labels, _):
      let counted = labels.filter { $0 >= 0 }
      var counts: [Int32: Int] = [:]
      for label in counted { counts[label, default: 0] += 1 }
      let shares = counts.mapValues { Double($0) / Double(counted.count) }
      accuracy = shares.values.max()
      self.loss = Self.least(loss, shares, columns / targets.rows)
    }
    guard self.loss > 0 else { return nil }
  }

  /// The least mean loss of constant outputs for classes with these shares.
  private static func least(_ loss: Loss, _ shares: [Int32: Double], _ columns: Int) -> Double {
    let present = shares.sorted { $0.key < $1.key }
    switch loss {
    case .softmax(let options):
      // Constant outputs can give any probabilities, and the best are the mean targets.
      guard options != Loss.CrossEntropy() else { return present.reduce(0) { $0 - $1.value * log($1.value) } }
      var mean = [Double].zeros(max(2, columns))
      for (label, share) in present {
        mean.add(share, times: options.target(of: Int(label), classes: mean.count))
      }
      let total = mean.reduce(0, +)
      return mean.reduce(0) { $1 > 0 ? $0 - $1 * log($1 / total) : $0 }
    case .meanSquaredError, .huber, .poisson, .binaryCrossEntropy:
      let each = { (share: Double, column: Int) in
        loss == .meanSquaredError
          ? share * (1 - share)
          : least { share * loss.one($0, 1, column).value + (1 - share) * loss.one($0, 0, column).value }
      }
      return columns == 1
        ? each(shares[1] ?? 0, 0) : present.reduce(0) { $0 + each($1.value, Int($1.key)) } / Double(columns)
    case .smoothHinge(let t):
      func one(_ margin: Double) -> Double { t * Loss.logistic((1 - margin) / t) }
      let each = { (share: Double) in least(within: 1 + 50 * t) { share * one($0) + (1 - share) * one(-$0) } }
      return columns == 1 ? each(shares[1] ?? 0) : present.reduce(0) { $0 + each($1.value) }
    }
  }

  /// The least mean loss of a constant output for these values.
  private static func leastMean(_ loss: Loss, _ values: [Double], _ column: Int) -> Double {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    switch loss {
    case .meanSquaredError: return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    case .poisson: return mean > 0 ? mean - mean * log(mean) : 0
    default:
      let reach = max(50, values.reduce(0) { max($0, abs($1)) })
      return least(within: reach) { b in values.reduce(0) { $0 + loss.one(b, $1, column).value } / count }
    }
  }

  /// The least value of a convex function between −reach and reach.
  private static func least(within reach: Double = 50, _ value: (Double) -> Double) -> Double {
    var (low, high) = (-reach, reach)
    for _ in 0..<200 where low < high {
      let (a, b) = (low + (high - low) / 3, high - (high - low) / 3)
      if value(a) < value(b) { high = b } else { low = a }
    }
    return value((low + high) / 2)
  }

  /// Warnings about a model that does no better than chance on its own training samples.
  func warnings(_ evaluation: Evaluation) -> [String] {
    let own = evaluation.meanLoss
    let constant =
      accuracy.map {
        "always predicting the class frequencies gives \(loss.shortText), and an accuracy of \($0.shortText)"
      }
      ?? "always predicting the mean gives \(loss.shortText)"
    if !(own <= 1.05 * loss) {
      return [
        "The mean loss on the training samples is \(own.shortText), where \(constant): the training diverged, or ended long before it "
          + "had learned anything. Lower the learning_rate, train for more epochs, or standardize the inputs."
      ]
    }
    let accuracyIsChance =
      zip(evaluation.accuracy, accuracy).map { own, constant in
        own <= constant + 2 * (constant * (1 - constant) / Double(count)).squareRoot()
      } ?? true
    guard own >= 0.98 * loss, accuracyIsChance else { return [] }
    return [
      "The model is at chance level on the samples that it was trained on: its loss is \(own.shortText), where \(constant). Train for more "
        + "epochs, with another learning_rate, or on inputs that are standardized."
    ]
  }

  private func zip(_ a: Double?, _ b: Double?) -> (Double, Double)? {
    if let a, let b { (a, b) } else { nil }
  }
}

extension ParameterLayout {
  /// A sentence for every batch normalization with channels that never varied during the training.
  ///
  /// The outputs of such a channel are the shift alone. Its running variance only decays, by a tenth a step.
  func flatChannels<Element: Scalar>(
    from start: NetworkState<Element>, to end: NetworkState<Element>
  ) -> [String] {
    var warnings: [String] = []
    for variance in tensors {
      guard variance.kind == .runningVariance else { continue }
      let name = String(variance.name.dropLast(".running_var".count))
      guard
        let mean = tensors.first(where: { $0.name == name + ".running_mean" }),
        let counter = tensors.first(where: { $0.name == name + ".num_batches_tracked" }),
        case let steps = end.counters[counter.offset] - start.counters[counter.offset], steps > 0
      else { continue }
      let flat = (0..<variance.count).filter { channel in
        var decayed = start.statistics[variance.offset + channel]
        for _ in 0..<steps {
          let next = Element(0.9 * Double(decayed))
          if next == decayed { break }
          decayed = next
        }
        let mean = Double(end.statistics[mean.offset + channel])
        let rise = Double(end.statistics[variance.offset + channel] - decayed)
        // Rounding leaves a small rise, and so does a constant whose mean is inexact.
        return rise <= 1e-11 * mean * mean + 1e-6 * Double(decayed)
      }
      if !flat.isEmpty {
        warnings.append(
          "\(flat.count) of \(variance.count) channels of the batch normalization \"\(name)\" had no variance in any step of the training: "
            + "they say nothing of the input, and their running variance only decayed. Look at the layer before, or at the "
            + "inputs; a larger batch_size may help.")
      }
    }
    return warnings
  }
}
