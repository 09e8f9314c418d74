import Datasets
import JSON

/// The training samples with the largest values among many, found in one pass.
struct ScoreRanking {
  private let limit: Int
  private let bound: Double
  /// By falling value; of equal values the earlier place first.
  private(set) var best: [(place: Int, value: Double)] = []

  /// - Parameters:
  ///   - limit: the number of values that are kept.
  ///   - bound: values up to this one are left out.
  init(limit: Int, above bound: Double = 0) {
    self.limit = limit
    self.bound = bound
  }

  /// Takes the next value; places come in rising order.
  mutating func add(_ place: Int, _ value: Double) {
    guard value > bound, limit > 0 else { return }
    if best.count == limit {
      guard let last = best.last, value > last.value else { return }
      best.removeLast()
    }
    var (low, high) = (0, best.count)
    while low < high {
      let middle = (low + high) / 2
      if best[middle].value >= value { low = middle + 1 } else { high = middle }
    }
    best.insert((place, value), at: low)
  }

  /// The ranking with its values negated.
  var negated: ScoreRanking {
    var ranking = self
    ranking.best = best.map { ($0.place, -$0.value) }
    return ranking
  }
}

/// Rows of a result for training samples.
struct SampleRows: Sendable {
  let dataset: Dataset
  /// Indices that the model was trained on.
  let trained: [Int]
  private let isTrained: Set<Int>

  /// - Parameter trained: indices that the model was trained on.
  init(_ dataset: Dataset, trained: [Int]) {
    self.dataset = dataset
    self.trained = trained
    isTrained = Set(trained)
  }

  /// `{index, effect, <name>: value, label, trained, picture}`. `picture` is the address at which the service
  /// shows the sample.
  ///
  /// - Parameter effect: the change of the loss if the sample is left out; null if the model was not trained
  ///   on the sample.
  func row(_ index: Int, effect: Double?, _ name: String, _ value: Double) -> JSONValue {
    let split = dataset.train
    let isTrained = isTrained.contains(index)
    var row: JSONObject = [
      "index": JSONValue(index), "effect": JSONValue(isTrained ? effect : nil), name: .number(value),
      "trained": .bool(isTrained),
    ]
    if split.isClassification {
      row["label"] = JSONValue(Int(split.labels[index]))
      if let original = split.trueLabels, original[index] != split.labels[index] {
        row["true_label"] = JSONValue(Int(original[index]))
      }
    }
    row["picture"] = .string(picture(index))
    return .object(row)
  }

  func picture(_ index: Int) -> String { "/v1/datasets/\(dataset.name)/train/\(index)" }
}
