import Datasets

/// The training samples with the largest values among many, found in one pass.
struct ScoreRanking {
  private let limit: Int
  /// By falling value; of equal values the earlier place first.
  private(set) var best: [(place: Int, value: Double)] = []

  /// - Parameter limit: how many are kept.
  init(limit: Int) { self.limit = limit }

  /// Takes the next value; places come in rising order. What is not positive is left out.
  mutating func add(_ place: Int, _ value: Double) {
    guard value > 0, limit > 0 else { return }
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

  /// The ranking of values that were handed in with the other sign.
  var negated: ScoreRanking {
    var ranking = self
    ranking.best = best.map { ($0.place, -$0.value) }
    return ranking
  }
}

/// Training samples as rows of a result name them.
struct SampleRows: Sendable {
  let dataset: Dataset
  private let trained: Set<Int>

  /// - Parameter trained: indices that the model was trained on.
  init(_ dataset: Dataset, trained: [Int]) {
    self.dataset = dataset
    self.trained = Set(trained)
  }

  /// `{index, <name>: value, label, trained, picture}`; the picture is where the data set shows the sample.
  func row(_ index: Int, _ name: String, _ value: Double) -> JSONValue {
    let split = dataset.train
    var row: JSONObject = [
      "index": JSONValue(index), name: .number(value), "trained": .bool(trained.contains(index)),
    ]
    if split.isClassification {
      row["label"] = JSONValue(Int(split.labels[index]))
      if let original = split.trueLabels, original[index] != split.labels[index] {
        row["true_label"] = JSONValue(Int(original[index]))
      }
    }
    row["picture"] = .string("/v1/datasets/\(dataset.name)/train/\(index)")
    return .object(row)
  }
}
