/// A sample as 8-bit pixels, for showing: rows from the top, channels interleaved.
public struct Picture: Equatable, Sendable {
  public let height: Int
  public let width: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// height · width · channels bytes.
  public let pixels: [UInt8]
}

extension Split {
  /// The sample as a picture. Bytes are shown as they are (0…16 of `digits` is spread over 0…255). Numbers
  /// are scaled so that the smallest value is 0 and the largest 255. Nil for vectors, and for other than 1 or
  /// 3 channels.
  ///
  /// - Precondition: index in 0 ..< count.
  public func picture(at index: Int) -> Picture? {
    precondition(index >= 0 && index < count, "A sample index is out of range.")
    guard !shape.isVector, shape.channels == 1 || shape.channels == 3 else { return nil }
    let range = index * shape.count..<(index + 1) * shape.count
    let pixels: [UInt8]
    switch storage {
    case .bytes(let values, let maximum):
      pixels =
        maximum == 255
        ? Array(values[range])
        : values[range].map { UInt8((min($0, maximum).wide * 255 + maximum.wide / 2) / maximum.wide) }
    case .float32, .float64:
      let values = range.map { storage[$0] }
      let low = values.min() ?? 0
      // Halves, so that the span of the largest values stays finite.
      let span = (values.max() ?? 0) / 2 - low / 2
      pixels = values.map { span > 0 ? UInt8((($0 / 2 - low / 2) / span * 255).rounded()) : 0 }
    }
    return Picture(height: shape.height, width: shape.width, channels: shape.channels, pixels: pixels)
  }
}

extension UInt8 {
  fileprivate var wide: Int { Int(self) }
}
