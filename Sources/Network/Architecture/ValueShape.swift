import Tensor

/// The shape of a value of one sample, and the order in which its numbers lie in memory.
public struct ValueShape: Hashable, Sendable {
  /// In PyTorch's order, without the batch.
  public let sizes: [Int]
  /// The axes from the outermost in memory to the innermost.
  public let order: [Int]

  /// - Parameter order: nil is PyTorch's own, the last axis innermost.
  public init(_ sizes: [Int], order: [Int]? = nil) {
    self.sizes = sizes
    self.order = order ?? Array(sizes.indices)
  }

  /// A picture (channels, rows, columns), channels-last in memory.
  public init(picture: Shape) {
    self.init([picture.channels, picture.height, picture.width], order: Self.channelsLast(3))
  }

  /// A vector, or a picture of more than one position.
  public init(_ shape: Shape) {
    if shape.isVector { self.init([shape.channels]) } else { self.init(picture: shape) }
  }

  /// The order of a value of some rank with its first axis innermost.
  static func channelsLast(_ rank: Int) -> [Int] { rank < 2 ? Array(0..<rank) : Array(1..<rank) + [0] }

  public var rank: Int { sizes.count }
  public var count: Int { sizes.reduce(1, *) }

  /// For each axis, how far apart two neighbours along it lie in memory.
  var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in order.reversed() {
      strides[axis] = step
      step *= sizes[axis]
    }
    return strides
  }

  /// The axes of more than one place, in the order of memory.
  private var longOrder: [Int] { order.filter { sizes[$0] > 1 } }

  /// How many axes have more than one place.
  var longAxes: Int { longOrder.count }

  /// Whether both lie in memory alike: axes of one place do not matter.
  func liesAs(_ other: ValueShape) -> Bool { sizes == other.sizes && longOrder == other.longOrder }

  /// The same value in another order.
  func ordered(_ order: [Int]) -> ValueShape { ValueShape(sizes, order: order) }

  var rowMajor: ValueShape { ValueShape(sizes) }

  /// Sizes as faults name them, such as "64×7×7".
  public var words: String { sizes.isEmpty ? "1" : sizes.map(String.init).joined(separator: "×") }
}

extension Shape {
  /// A value of three axes as a picture (channels, rows, columns), or of one axis as a vector; nil for
  /// others, and for values that do not lie channels-last.
  init?(_ value: ValueShape) {
    switch value.rank {
    case 1: self.init(features: value.sizes[0])
    case 3 where value.liesAs(value.ordered(ValueShape.channelsLast(3))):
      self.init(height: value.sizes[1], width: value.sizes[2], channels: value.sizes[0])
    default: return nil
    }
  }

  /// The positions of a value and the features along its last axis.
  /// - Precondition: the last axis lies innermost.
  init(positionsOf value: ValueShape) {
    let features = value.sizes.last ?? 1
    self.init(height: value.count / max(1, features), width: 1, channels: features)
  }
}
