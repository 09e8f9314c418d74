import Tensor

/// A sample with a value that single precision cannot hold.
public struct InputOverflow: Hashable, Sendable {
  /// `train` or `test`.
  public var split: String
  /// The index in the split.
  public var sample: Int
  /// The stored value.
  public var value: Double
  public var isTarget: Bool

  public init(split: String, sample: Int, value: Double, isTarget: Bool) {
    self.split = split
    self.sample = sample
    self.value = value
    self.isTarget = isTarget
  }
}

extension InputOverflow: CustomStringConvertible {
  public var description: String {
    "sample \(sample) of the \(split) split has \(isTarget ? "a target" : "an input") of \(value), "
      + "which is too large for float32 (at most 3.4e38)"
  }
}

extension Dataset {
  /// The first sample with a normalized input, or a target, that is no finite number in single precision; nil
  /// if there is none. Computed once, when first asked for.
  public var float32Overflow: InputOverflow? {
    lazily.overflow.withLock { known in
      if let known { return known }
      let found = overflow(train, "train") ?? overflow(test, "test")
      known = .some(found)
      return found
    }
  }

  private func overflow(_ split: Split, _ title: String) -> InputOverflow? {
    let limit = Double(Float.greatestFiniteMagnitude)
    if let targets = split.targets {
      if let place = targets.elements.firstIndex(where: { abs($0) > limit }) {
        return InputOverflow(
          split: title, sample: place / targets.shape[1], value: targets.elements[place], isTarget: true)
      }
    }
    // If even the largest value times the largest factor fits, no value has to be looked at.
    let centre = normalization.centre.reduce(0) { max($0, abs($1)) }
    let factor = normalization.factor.reduce(0) { max($0, abs($1)) }
    let largest = split.storage.largestMagnitude
    if max(largest + centre, factor, centre) < limit / 2, (largest + centre) * factor < limit / 2 {
      return nil
    }
    for sample in 0..<split.count {
      let seen = split.inputs([sample], as: Float.self).elements
      guard let place = seen.firstIndex(where: { !$0.isFinite }) else { continue }
      return InputOverflow(
        split: title, sample: sample, value: split.storage[sample * shape.count + place], isTarget: false)
    }
    return nil
  }
}

extension SampleStorage {
  fileprivate var largestMagnitude: Double {
    switch self {
    case .bytes(_, let maximum): Double(maximum)
    case .float32(let values): Double(values.reduce(0) { max($0, abs($1)) })
    case .float64(let values): values.reduce(0) { max($0, abs($1)) }
    }
  }
}
