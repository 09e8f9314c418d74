/// The map from stored values to those that a network sees: x = (raw · scale − mean) / standardDeviation,
/// with a mean and a standard deviation for each channel.
public struct Normalization: Hashable, Sendable {
  /// 1/255 for pictures of bytes, else 1.
  public let scale: Double
  /// The mean of each channel (feature, for vectors) of the scaled values; all 0 if nothing is subtracted.
  public let mean: [Double]
  /// The standard deviation of each channel of the scaled values; all 1 if nothing is divided.
  public let standardDeviation: [Double]

  public init(scale: Double, mean: [Double], standardDeviation: [Double]) {
    precondition(mean.count == standardDeviation.count, "A mean and a standard deviation for each channel.")
    self.scale = scale
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Multiplies by `scale` alone.
  public static func none(channels: Int, scale: Double = 1) -> Normalization {
    Normalization(
      scale: scale, mean: Array(repeating: 0, count: channels),
      standardDeviation: Array(repeating: 1, count: channels))
  }

  /// Mean 0 and standard deviation 1 for each channel over the samples of `moments`. A channel that is
  /// constant, but for the last bits of its values, is only centred.
  public static func standardizing(_ moments: ChannelMoments, scale: Double) -> Normalization {
    Normalization(
      scale: scale, mean: moments.mean,
      standardDeviation: zip(moments.mean, moments.standardDeviation).map { mean, deviation in
        // A deviation below two units in the last place is the rounding of equal values.
        deviation > 2 * .ulpOfOne * abs(mean) && (scale / deviation).isFinite ? deviation : 1
      })
  }

  /// The scaled value of a value that the network sees.
  /// - Parameter channel: a feature, for vectors.
  public func unstandardized(_ value: Double, channel: Int) -> Double {
    value * standardDeviation[channel] + mean[channel]
  }

  /// Whether the network sees the stored values as they are.
  public var isIdentity: Bool {
    scale == 1 && mean.allSatisfy { $0 == 0 } && standardDeviation.allSatisfy { $0 == 1 }
  }

  /// x = (raw − centre[c]) · factor[c], the same map with one multiplication.
  var centre: [Double] { mean.map { $0 / scale } }
  var factor: [Double] { standardDeviation.map { scale / $0 } }
}

extension Normalization {
  /// Whether single precision would lose digits in raw − centre: the centre is at least a thousand standard
  /// deviations.
  var hasLargeOffset: Bool {
    zip(centre, factor).contains { abs($0 * $1) > 1000 }
  }
}

extension Normalization: CustomStringConvertible {
  public var description: String {
    if isIdentity { return "none: values are as they were given" }
    let scaled = scale == 1 ? "" : "values times \(scale == 1.0 / 255 ? "1/255" : "\(scale)")"
    if mean.allSatisfy({ $0 == 0 }), standardDeviation.allSatisfy({ $0 == 1 }) { return scaled }
    return (scaled.isEmpty ? "" : scaled + ", then ")
      + "less the mean and divided by the standard deviation of the channel"
  }
}
