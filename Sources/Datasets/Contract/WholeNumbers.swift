import Tensor

extension Dataset {
  /// The most features that are looked at.
  private static let mostFeatures = 10_000

  /// For each feature of a vector the least and the largest number of both splits, if all are whole and the network
  /// sees them as they are; else nil. nil if there is no such feature. Computed once, when first asked for.
  public var wholeNumbers: [ClosedRange<Int>?]? {
    lazily.wholeNumbers.withLock { known in
      if let known { return known }
      let found = findWholeNumbers()
      known = .some(found)
      return found
    }
  }

  private func findWholeNumbers() -> [ClosedRange<Int>?]? {
    guard shape.isVector, shape.channels <= Self.mostFeatures, normalization.isIdentity, train.count > 0
    else {
      return nil
    }
    let ranges = (0..<shape.channels).map { feature -> ClosedRange<Int>? in
      guard let own = train.storage.wholeRange(of: feature, every: shape.channels) else { return nil }
      guard test.count > 0 else { return own }
      return test.storage.wholeRange(of: feature, every: shape.channels).map {
        min(own.lowerBound, $0.lowerBound)...max(own.upperBound, $0.upperBound)
      }
    }
    return ranges.contains { $0 != nil } ? ranges : nil
  }
}

extension SampleStorage {
  /// Whole numbers up to this size are exact in single precision.
  private static let largestWhole = 1 << 24

  /// The least and the largest number of a feature, if all are whole and exact in single precision; else nil.
  fileprivate func wholeRange(of feature: Int, every step: Int) -> ClosedRange<Int>? {
    switch self {
    case .bytes(let values, _): Self.wholeRange(values, feature, step) { Double($0) }
    case .float32(let values): Self.wholeRange(values, feature, step) { Double($0) }
    case .float64(let values): Self.wholeRange(values, feature, step) { $0 }
    }
  }

  @inline(__always)
  private static func wholeRange<Element>(
    _ values: [Element], _ feature: Int, _ step: Int, _ number: (Element) -> Double
  ) -> ClosedRange<Int>? {
    var (low, high) = (Double.infinity, -Double.infinity)
    for place in stride(from: feature, to: values.count, by: step) {
      let value = number(values[place])
      guard value == value.rounded(), abs(value) <= Double(largestWhole) else { return nil }
      low = min(low, value)
      high = max(high, value)
    }
    return low <= high ? Int(low)...Int(high) : nil
  }
}
