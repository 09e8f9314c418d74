import Tensor

/// Mean and (population) standard deviation of each channel over samples and positions; of each feature for
/// vectors. Zeros if there are no samples.
public struct ChannelMoments: Equatable, Sendable {
  public let mean: [Double]
  public let standardDeviation: [Double]

  /// The moments of stored values times `scale`, computed in `Double`. Those of bytes are exact, from counts.
  init(_ storage: SampleStorage, shape: Shape, scale: Double) {
    let channels = shape.channels
    guard storage.count > 0 else {
      mean = Array(repeating: 0, count: channels)
      standardDeviation = mean
      return
    }
    let moments: (mean: [Double], deviation: [Double]) =
      switch storage {
      case .bytes(let values, _): Self.ofBytes(values, channels: channels)
      case .float32(let values): Self.ofNumbers(values, channels: channels)
      case .float64(let values): Self.ofNumbers(values, channels: channels)
      }
    mean = moments.mean.map { $0 * scale }
    standardDeviation = moments.deviation.map { $0 * scale }
  }

  private static func ofBytes(_ values: [UInt8], channels: Int) -> (mean: [Double], deviation: [Double]) {
    // Sums of bytes and of their squares stay far below 2⁶⁴.
    var sums = [UInt64](repeating: 0, count: channels)
    var squares = [UInt64](repeating: 0, count: channels)
    let rows = values.count / channels
    if channels <= 4 {
      var counts = [UInt64](repeating: 0, count: 256 * channels)
      values.withUnsafeBufferPointer { values in
        counts.withUnsafeMutableBufferPointer { counts in
          var position = 0
          for _ in 0..<rows {
            for channel in 0..<channels {
              counts[channel << 8 | Int(values[position])] += 1
              position += 1
            }
          }
        }
      }
      for channel in 0..<channels {
        for value in 0..<256 {
          let count = counts[channel << 8 | value]
          sums[channel] += count * UInt64(value)
          squares[channel] += count * UInt64(value * value)
        }
      }
    } else {
      values.withUnsafeBufferPointer { values in
        for row in 0..<rows {
          for channel in 0..<channels {
            let value = UInt64(values[row * channels + channel])
            sums[channel] += value
            squares[channel] += value * value
          }
        }
      }
    }
    let n = Double(rows)
    let mean = sums.map { Double($0) / n }
    let deviation = zip(sums, squares).map { sum, square in
      // n·Σx² − (Σx)² is exact in 128 bits, so a constant channel has a deviation of exactly 0.
      let wide = UInt128(rows) * UInt128(square) - UInt128(sum) * UInt128(sum)
      return Double(wide).squareRoot() / n
    }
    return (mean, deviation)
  }

  private static func ofNumbers<Element: BinaryFloatingPoint>(
    _ values: [Element], channels: Int
  ) -> (mean: [Double], deviation: [Double]) {
    var mean = [Double](repeating: 0, count: channels)
    var deviation = mean
    let rows = values.count / channels
    // Squares of values above 10¹⁵⁰ are infinite. Such values are computed in units of the largest.
    let largest = values.reduce(0.0) { max($0, Double($1.magnitude)) }
    let unit = largest > 1e100 ? largest : 1
    values.withUnsafeBufferPointer { values in
      for row in 0..<rows {
        for channel in 0..<channels { mean[channel] += Double(values[row * channels + channel]) / unit }
      }
      for channel in 0..<channels { mean[channel] /= Double(rows) }
      for row in 0..<rows {
        for channel in 0..<channels {
          let distance = Double(values[row * channels + channel]) / unit - mean[channel]
          deviation[channel] += distance * distance
        }
      }
    }
    // Unchanged for the rest, so that sets made by earlier versions keep their bits.
    deviation = deviation.map { ($0 / Double(rows)).squareRoot() }
    for channel in 0..<channels where deviation[channel] < 1e-3 * abs(mean[channel]) {
      (mean[channel], deviation[channel]) = shifted(values, channel, of: channels, unit: unit)
    }
    return (mean.map { $0 * unit }, deviation.map { $0 * unit })
  }

  /// The moments of a channel that lies far from 0 for its spread. They come from distances to its first
  /// value, which are nearly exact. Sums are compensated (Neumaier 1974), so a large offset costs no digits.
  private static func shifted<Element: BinaryFloatingPoint>(
    _ values: [Element], _ channel: Int, of channels: Int, unit: Double
  ) -> (mean: Double, deviation: Double) {
    let first = Double(values[channel]) / unit
    var (sum, square) = (CompensatedSum(), CompensatedSum())
    for position in stride(from: channel, to: values.count, by: channels) {
      sum.add(Double(values[position]) / unit - first)
    }
    let rows = Double(values.count / channels)
    let mean = sum.total / rows
    for position in stride(from: channel, to: values.count, by: channels) {
      let distance = Double(values[position]) / unit - first - mean
      square.add(distance * distance)
    }
    return (first + mean, (square.total / rows).squareRoot())
  }

  private struct CompensatedSum {
    private var sum = 0.0
    private var lost = 0.0

    var total: Double { sum + lost }

    mutating func add(_ value: Double) {
      let next = sum + value
      lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
      sum = next
    }
  }
}
