/// Ranges of parameters that several sets share. The faults of a set, the readers of requests and the contract take them
/// from here.
public enum ParameterRanges {
  /// Larger labels are a sign of a regression target.
  public static let classes = 2...100_000
  /// Of a generated set.
  public static let samples = 1...10_000_000
  /// Of a generated set.
  public static let testSamples = 0...10_000_000
  /// Of a generated set.
  public static let dimensions = 1...1_000_000
  /// Channels, height and width of pictures.
  public static let pictureSide = 1...(1 << 20)
}

/// No set has more classes.
let mostClasses = ParameterRanges.classes.upperBound
