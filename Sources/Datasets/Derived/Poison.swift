import JSON
import Tensor

/// A backdoor put into a training split: some pictures get a trigger and the label the attacker wants.
public struct Poison: DatasetChange {
  /// The place of poisoned pictures in the training split.
  public enum Placement: String, Sendable, CaseIterable {
    /// Pictures drawn from the split are poisoned in place. Their number does not change.
    case replace
    /// Poisoned copies of pictures drawn from the split are added behind it.
    case append
  }

  public var trigger: Trigger
  /// The share of the resulting training pictures that are poisoned, rounded to a whole number of at least
  /// one; 1/11 in the published experiment.
  public var fraction: Double
  /// The class that poisoned pictures are given.
  public var label: Int
  public var placement: Placement
  public var seed: UInt64

  public init(
    trigger: Trigger = .publishedCheckerboard, fraction: Double = 1.0 / 11, label: Int,
    placement: Placement = .replace, seed: UInt64 = 0
  ) {
    self.trigger = trigger
    self.fraction = fraction
    self.label = label
    self.placement = placement
    self.seed = seed
  }

  public static let fractions = NumberRange(from: .excluding(0), to: .excluding(1))

  public func applied(to set: Dataset) throws(DatasetError) -> Dataset { try set.poisoned(self) }

  /// All faults of these parameters for `set`.
  public func faults(for set: Dataset) -> [ParameterFault] {
    guard case .classification(let classes, _) = set.kind else {
      return [ParameterFault("poison", "needs a set with classes, and '\(set.name)' has \(set.kind.words)")]
    }
    var faults = trigger.faults(for: set.shape)
    if set.poisoning != nil {
      faults.append(ParameterFault("poison", "needs a clean set, and '\(set.name)' is poisoned already"))
    }
    if !Self.fractions.contains(fraction) {
      faults.append(
        ParameterFault("poison.fraction", "must be \(Self.fractions.words), got \(fraction)"))
    }
    if label < 0 || label >= classes {
      faults.append(ParameterFault("poison.label", "must be 0 to \(classes - 1), got \(label)"))
    }
    if Self.fractions.contains(fraction), placement == .append, fraction > 0.5 {
      faults.append(
        ParameterFault("poison.fraction", "must be at most 0.5 where copies are appended, got \(fraction)"))
    }
    return faults
  }
}

/// The backdoor of a poisoned set.
public struct Poisoning: Equatable, Sendable {
  public let trigger: Trigger
  /// The class that the trigger stands for.
  public let label: Int
  /// The range of the training inputs. The trigger is clipped to it if the inputs are not bytes.
  let low: Double
  let high: Double

  func with(label: Int) -> Poisoning { Poisoning(trigger: trigger, label: label, low: low, high: high) }
}

extension Dataset {
  /// The set with part of its training pictures poisoned.
  ///
  /// Pictures are drawn from all classes, the wanted one too: those get the trigger and keep their label.
  /// `train.indices(of: .poisoned)` gives them. The test split stays clean; `triggeredTest` has the trigger.
  /// The normalization stays that of the clean set.
  ///
  /// - Throws: `DatasetError.parameters`.
  public func poisoned(_ poison: Poison) throws(DatasetError) -> Dataset {
    let faults = poison.faults(for: self)
    if !faults.isEmpty { throw .parameters(faults) }
    let range = train.storage.range
    let poisoning = Poisoning(
      trigger: poison.trigger, label: poison.label, low: range.low, high: range.high)
    var stream = RandomStream(seed: poison.seed, purpose: "poisoned samples")
    let result: Split
    switch poison.placement {
    case .replace:
      let number = min(train.count, max(1, Int((poison.fraction * Double(train.count)).rounded())))
      let chosen = stream.sample(number, of: train.count)
      result = train.poisoned(chosen, poisoning, trueLabels: train.originalLabels)
    case .append:
      let share = poison.fraction / (1 - poison.fraction)
      let number = min(train.count, max(1, Int((share * Double(train.count)).rounded())))
      let copied = stream.sample(number, of: train.count)
      let longer = train.selecting(Array(0..<train.count) + copied)
      result = longer.poisoned(
        Array(train.count..<longer.count), poisoning, trueLabels: longer.originalLabels)
    }
    return with(
      train: result,
      source: source + " \(result.indices(of: .poisoned).count) of \(result.count) training pictures carry"
        + " \(poison.trigger) and the label \(poison.label) (seed \(poison.seed)).", poisoning: poisoning)
  }

  /// The test split with the trigger on every picture and the true labels; nil for a set that is not
  /// poisoned.
  public var triggeredTest: Split? {
    poisoning.map { test.triggered(0..<test.count, $0) }
  }

  /// The training samples of those indices, in that order, each with the trigger, once, and its true label;
  /// nil for a set that is not poisoned.
  ///
  /// - Precondition: indices are in 0 ..< train.count.
  public func triggeredTraining(_ indices: [Int]) -> Split? {
    poisoning.map { poisoning in
      let chosen = train.selecting(indices)
      let marked = Set(chosen.indices(of: .poisoned))
      return chosen.withTrueLabels().triggered(
        (0..<chosen.count).filter { !marked.contains($0) }, poisoning)
    }
  }
}

extension Split {
  fileprivate func triggered(_ indices: some Collection<Int>, _ poisoning: Poisoning) -> Split {
    with(
      storage: poisoning.trigger.applied(
        to: storage, shape: shape, indices: indices, low: poisoning.low, high: poisoning.high))
  }

  fileprivate func poisoned(_ indices: [Int], _ poisoning: Poisoning, trueLabels: [Int32]) -> Split {
    var changed = labels
    for index in indices { changed[index] = Int32(poisoning.label) }
    var groups = groups
    groups[.poisoned] = indices
    return triggered(indices, poisoning).with(labels: changed, trueLabels: trueLabels, groups: groups)
  }
}

extension SampleStorage {
  /// The smallest and the largest value that storage may hold (bytes) or holds (numbers).
  var range: (low: Double, high: Double) {
    switch self {
    case .bytes(_, let maximum): (0, Double(maximum))
    case .float32(let values): (Double(values.min() ?? 0), Double(values.max() ?? 0))
    case .float64(let values): (values.min() ?? 0, values.max() ?? 0)
    }
  }
}

extension Trigger: CustomStringConvertible {
  public var description: String {
    switch self {
    case .checkerboard(let amount): "a checkerboard of +\(Int((amount * 255).rounded()))/255"
    case .patch(let size): "a patch of \(size)×\(size) pixels"
    }
  }
}
