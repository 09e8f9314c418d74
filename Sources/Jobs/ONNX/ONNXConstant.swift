/// A tensor that is known when a model is converted, such as a shape or a mask.
struct ONNXConstant: Equatable {
  enum ElementType: Equatable { case float, whole, truth }

  var shape: [Int]
  /// In row-major order. Whole numbers are exact up to 2⁵³, and the largest of 64 bits stands for "to the end".
  var numbers: [Double]
  var type: ElementType

  init(_ shape: [Int], _ numbers: [Double], _ type: ElementType) {
    self.shape = shape
    self.numbers = numbers
    self.type = type
  }

  /// Whole numbers in a row.
  init(whole values: [Int]) { self.init([values.count], values.map(Double.init), .whole) }

  var count: Int { numbers.count }

  /// The number, if there is one alone.
  var scalar: Double? { numbers.count == 1 ? numbers[0] : nil }

  /// Whole numbers, where those beyond the range of `Int` are its ends; nil for fractions.
  var integers: [Int]? {
    var integers: [Int] = []
    for number in numbers {
      guard number == number.rounded() else { return nil }
      integers.append(Self.clamped(number))
    }
    return integers
  }

  static func clamped(_ number: Double) -> Int {
    // Between -2⁶² and 2⁶², so that sums of two do not overflow.
    number >= 0x1p62 ? 1 << 62 : number <= -0x1p62 ? -(1 << 62) : number.isNaN ? 0 : Int(number)
  }

  /// Whether all numbers are one, which is given.
  func isAll(_ number: Double) -> Bool { numbers.allSatisfy { $0 == number } }
}

/// Sizes and places of tensors in row-major order.
enum ONNXShape {
  /// The most elements of a tensor that is computed while a model is converted.
  static let mostElements = 1 << 24

  /// The product of sizes; nil if it is beyond what is computed, also without sizes of 0.
  static func count(_ shape: [Int]) -> Int? {
    var product = 1
    for size in shape {
      guard size >= 0, size <= mostElements else { return nil }
      product *= max(size, 1)
      guard product <= mostElements else { return nil }
    }
    return shape.count <= 16 ? shape.contains(0) ? 0 : product : nil
  }

  /// The common shape of NumPy's broadcasting; nil if there is none.
  static func broadcast(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var sizes = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (axis, size) in zip(rank - shape.count..<rank, shape) where size != 1 {
        guard sizes[axis] == 1 || sizes[axis] == size else { return nil }
        sizes[axis] = size
      }
    }
    return sizes
  }

  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// For every place of `target` the place of a tensor of `shape` that is broadcast to it.
  static func places(of shape: [Int], in target: [Int]) -> [Int] {
    let own = strides(shape)
    let front = target.count - shape.count
    let steps = target.indices.map { $0 < front || shape[$0 - front] == 1 ? 0 : own[$0 - front] }
    return places(target, steps)
  }

  /// For every place of a tensor of `shape` the sum of its numbers along the axes times `steps`.
  static func places(_ shape: [Int], _ steps: [Int], from start: Int = 0) -> [Int] {
    var places = [start]
    for (size, step) in zip(shape, steps) {
      places = places.flatMap { place in (0..<size).map { place + $0 * step } }
    }
    return places
  }

  /// An axis from 0; nil if there is none.
  static func axis(_ axis: Int, _ rank: Int) -> Int? {
    guard axis >= -rank, axis < rank else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  /// Axes from 0, each once; nil if one does not exist.
  static func axes(_ axes: [Int], _ rank: Int) -> [Int]? {
    var found: [Int] = []
    for axis in axes {
      guard let own = Self.axis(axis, rank), !found.contains(own) else { return nil }
      found.append(own)
    }
    return found
  }
}
