import Tensor

/// The shape, type and range of a model's inputs, their normalization, and its classes in order. The contract
/// is fixed with the model. Another data set meets the model only through it.
public struct DataContract: Hashable, Sendable {
  /// The type that the inputs of a set are stored in.
  public enum ValueType: String, Sendable, CaseIterable {
    case uint8, float32, float64
  }

  /// The shape of one sample: (features) or (channels, height, width).
  public var shape: [Int]
  /// Nil for a model of an older version, which did not store it.
  public var type: ValueType?
  /// The range of scaled inputs, if it is known. It is 0…1 for bytes. For pictures of numbers it is the range
  /// of the training split, widened to 0…1 or 0…255 if it is one of those. Nil for vectors of numbers.
  public var range: ClosedRange<Double>?
  /// The map from stored values to those that the network sees. Its scale is that of the set it was made
  /// from. Nil if there are too many features to write down; then it is that of the set.
  public var normalization: Normalization?
  public var kind: Dataset.Kind

  public init(
    shape: [Int], type: ValueType?, range: ClosedRange<Double>?, normalization: Normalization?,
    kind: Dataset.Kind
  ) {
    self.shape = shape
    self.type = type
    self.range = range
    self.normalization = normalization
    self.kind = kind
  }

  /// Whether the contract is known well enough to meet another set.
  public var isComplete: Bool { type != nil && normalization != nil }
}

extension Dataset {
  /// The contract of a model that is made for this set.
  public var contract: DataContract {
    DataContract(
      shape: shape.dimensions, type: valueType, range: valueRange, normalization: normalization, kind: kind)
  }

  /// The type that the training inputs are stored in.
  public var valueType: DataContract.ValueType {
    switch train.storage {
    case .bytes: .uint8
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// The range that scaled inputs may have; see `DataContract.range`.
  public var valueRange: ClosedRange<Double>? {
    if case .bytes(_, let maximum) = train.storage { return 0...Double(maximum) * normalization.scale }
    guard isPictures, let seen = observedRange else { return nil }
    if seen.lowerBound >= 0, (0.25...1).contains(seen.upperBound) { return 0...1 }
    if seen.lowerBound >= 0, (128...255).contains(seen.upperBound) { return 0...255 }
    return seen
  }

  /// The least and the largest regression target of both splits; nil for classes.
  public var targetRange: ClosedRange<Double>? {
    guard let train = train.targets, let first = train.elements.first else { return nil }
    let all = train.elements + (test.targets?.elements ?? [])
    return all.reduce(first...first) { min($0.lowerBound, $1)...max($0.upperBound, $1) }
  }

  /// The smallest and the largest scaled value of the training inputs, computed once; nil if there are none.
  var observedRange: ClosedRange<Double>? {
    lazily.observedRange.withLock { known in
      if let known { return known }
      let scale = normalization.scale
      let seen: ClosedRange<Double>? =
        switch train.storage {
        case .bytes(let values, _): Self.range(values) { Double($0) * scale }
        case .float32(let values): Self.range(values) { Double($0) * scale }
        case .float64(let values): Self.range(values) { $0 * scale }
        }
      known = .some(seen)
      return seen
    }
  }

  private static func range<Element: Comparable>(
    _ values: [Element], _ scaled: (Element) -> Double
  ) -> ClosedRange<Double>? {
    guard var low = values.first else { return nil }
    var high = low
    for value in values {
      if value < low { low = value }
      if value > high { high = value }
    }
    return scaled(low)...scaled(high)
  }
}
