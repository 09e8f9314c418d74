import Datasets
import JSON
import Network
import Tensor

/// How a model does on clean samples, and on samples with the trigger of a backdoor.
struct RecoveryMetrics: UpdateMetrics {
  /// Clean samples with their true labels.
  let clean: Evaluation
  /// The same samples with the trigger and with their true labels; nil if there is no trigger.
  let triggered: Evaluation?
  /// The share of the triggered samples of other classes that are read as the trigger's class.
  let attackSuccess: Double?
  /// The exchanged training samples with their true labels; nil if they are not measured.
  let own: Evaluation?
  /// On the classes without training samples; nil if there are none. Choices between updates leave it nil.
  var absent: AbsentMetrics?

  /// 2at/(a + t), the harmonic mean of the accuracies a on clean and t on triggered samples. Only a if there
  /// is no trigger.
  var score: Double? {
    guard let a = clean.accuracy else { return nil }
    guard let triggered else { return a }
    return triggered.accuracy.map { Self.mean(a, $0) }
  }

  var likelihoodScore: Double {
    triggered.map { Self.mean(clean.meanLikelihood, $0.meanLikelihood) } ?? clean.meanLikelihood
  }

  private static func mean(_ a: Double, _ b: Double) -> Double { a + b > 0 ? 2 * a * b / (a + b) : 0 }

  var isFinite: Bool {
    [clean, triggered, own].allSatisfy { $0?.losses.allSatisfy(\.isFinite) ?? true }
  }

  var changed: Evaluation? { own }
  var kept: Evaluation { clean }

  var json: JSONValue {
    var object: JSONObject = [
      "test": clean.json, "triggered": triggered?.json ?? .null,
      "attack_success_rate": JSONValue(attackSuccess),
    ]
    if let own { object["self"] = own.json }
    if let absent { object["absent"] = absent.json }
    object["score"] = JSONValue(score)
    return .object(object)
  }
}

extension RecoveryMetrics {
  var numbers: [(name: String, value: Double?)] {
    [
      ("test_accuracy", clean.accuracy), ("test_loss", clean.knownLoss),
      ("triggered_accuracy", triggered?.accuracy), ("triggered_loss", triggered?.knownLoss),
      ("attack_success_rate", attackSuccess), ("self_accuracy", own?.accuracy), ("score", score),
    ]
  }
}

/// The samples that a recovery is measured on.
struct RecoveryGoal: UpdateGoal {
  let clean: Samples
  /// Samples with the trigger and with their true labels.
  let triggered: Samples?
  /// The class that the trigger causes.
  let attackLabel: Int?
  let own: Samples?
  /// Samples of classes without training samples. They are reported apart and take no part in choices.
  var absent: AbsentSamples?

  var hasScore: Bool { clean.count > 0 && (triggered?.count ?? 1) > 0 }

  func evaluate<Element: Scalar>(
    _ model: LoadedModel<Element>, _ state: NetworkState<Element>, _ compute: Compute
  ) throws -> RecoveryMetrics {
    func evaluation(_ samples: Samples?) throws -> Evaluation? {
      try samples.map { try model.network.evaluate(state, on: $0, loss: model.loss, compute: compute) }
    }
    var attack: Double?
    var marked: Evaluation?
    if let triggered {
      let columns = model.network.architecture.output.count
      let named = Buffer<Int32>(count: triggered.count, zeroed: true)
      marked = try model.network.evaluate(state, on: triggered, loss: model.loss, compute: compute) {
        place, row in
        guard let base = row.baseAddress else { return }
        named.pointer[place] = Int32(Loss.predictedClass(base, columns: columns))
      }
      attack = attackSuccess(triggered) { Int(named.pointer[$0]) }
    }
    return RecoveryMetrics(
      clean: try model.network.evaluate(state, on: clean, loss: model.loss, compute: compute),
      triggered: marked, attackSuccess: attack, own: try evaluation(own),
      absent: try absent?.evaluate(model, state, compute))
  }

  private func attackSuccess(_ samples: Samples, predicted: (Int) -> Int) -> Double? {
    guard let attackLabel, case .classes(let labels) = samples.targets else { return nil }
    let others = labels.indices.filter { Int(labels[$0]) != attackLabel }
    guard !others.isEmpty else { return nil }
    return Double(others.filter { predicted($0) == attackLabel }.count) / Double(others.count)
  }

  func limited(to most: JudgedSamples, seed: UInt64) -> RecoveryGoal {
    RecoveryGoal(
      clean: clean.drawn(most.test, "validation of the rest", seed: seed),
      triggered: triggered?.drawn(most.own, "validation of the group", seed: seed), attackLabel: attackLabel,
      own: own?.drawn(most.own, "validation of the group", seed: seed))
  }
}

extension LoadedModel {
  /// The most samples that choices are made on if none are held out.
  private static var choiceLimit: Int { 4096 }

  /// The samples that choices are made on: the held-out samples of the model's recipe, or drawn training
  /// samples if the recipe holds out none.
  ///
  /// Each sample appears clean and with the trigger, always with its true label. The owner of the data knows
  /// the trigger.
  /// - Parameter edit: the exchange.
  func recoveryChoice(_ edit: DataEdit, _ partition: Partition, seed: Int) -> RecoveryGoal {
    let train = dataset.train
    let places =
      partition.validation.isEmpty
      ? SampleCount.count(Self.choiceLimit).draw(of: partition.training, "choice samples", seed: seed)
      : partition.validation
    let poisoned = Set(train.indices(of: .poisoned))
    let seen = classesSeen(after: edit)
    return RecoveryGoal(
      clean: train.samples(places.filter { !poisoned.contains($0) }, trueLabels: places)
        .parted(bySeen: seen).seen,
      triggered: dataset.triggeredTraining(places)?.samples().parted(bySeen: seen).seen,
      attackLabel: dataset.poisoning?.label, own: nil)
  }

  /// The samples that results report on: the test split, the test split with the trigger, and the exchanged
  /// training samples with their new labels.
  func recoveryReport(_ edit: DataEdit, members: [Int]) -> RecoveryGoal {
    let seen = classesSeen(after: edit)
    let clean = dataset.test.samples().parted(bySeen: seen)
    return RecoveryGoal(
      clean: clean.seen, triggered: dataset.triggeredTest?.samples().parted(bySeen: seen).seen,
      attackLabel: dataset.poisoning?.label, own: after(edit).dataset.train.samples(members),
      absent: clean.absent)
  }

  private func classesSeen(after edit: DataEdit) -> Set<Int>? {
    let changed = after(edit)
    return changed.data.seenClasses(changed.partition())
  }
}
