/// The shape of one sample: a picture of `height` × `width` positions with `channels` values each, or a
/// vector, which is 1 × 1 × its length. Values lie channels-last: (height, width, channels).
public struct Shape: Hashable, Sendable, CustomStringConvertible {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// A vector of `count` features.
  public init(features count: Int) { self.init(height: 1, width: 1, channels: count) }

  /// Positions of a picture; 1 for a vector.
  public var positions: Int { height * width }

  /// Values in one sample.
  public var count: Int { height * width * channels }

  public var isVector: Bool { positions == 1 }

  /// The shape in PyTorch's order: [features] or [channels, height, width].
  public var dimensions: [Int] { isVector ? [channels] : [channels, height, width] }

  /// One sample's values in PyTorch's order, (channel, height, width), from channels-last ones.
  /// - Precondition: there are `count` values.
  public func channelsFirst<Value>(_ values: [Value]) -> [Value] {
    precondition(values.count == count, "A sample of the shape \(self) has \(count) values.")
    return (0..<channels).flatMap { channel in
      (0..<positions).map { values[$0 * channels + channel] }
    }
  }

  public var description: String { dimensions.map(String.init).joined(separator: "×") }
}
