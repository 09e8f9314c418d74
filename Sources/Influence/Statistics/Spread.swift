/// Mean and standard deviation (n − 1) of some numbers.
public struct Spread: Sendable, Equatable {
  public let mean: Double
  /// Nil for a single number.
  public let deviation: Double?

  /// Nil for none.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }
}
