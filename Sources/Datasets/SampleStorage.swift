import Tensor

/// The stored inputs of a split, sample after sample, each channels-last, in the smallest type that
/// holds them exactly.
public enum SampleStorage: Equatable, Sendable {
  /// 8-bit values of 0 to `maximum` (255 for pictures of bytes, 16 for `digits`).
  case bytes([UInt8], maximum: UInt8)
  case float32([Float])
  case float64([Double])

  public var count: Int {
    switch self {
    case .bytes(let values, _): values.count
    case .float32(let values): values.count
    case .float64(let values): values.count
    }
  }

  /// Bytes of memory the values take.
  public var bytes: Int {
    switch self {
    case .bytes: count
    case .float32: count * 4
    case .float64: count * 8
    }
  }

  var isBytes: Bool { if case .bytes = self { true } else { false } }

  /// The stored value at a position.
  subscript(position: Int) -> Double {
    switch self {
    case .bytes(let values, _): Double(values[position])
    case .float32(let values): Double(values[position])
    case .float64(let values): values[position]
    }
  }

  /// The samples of those indices, in that order; `size` values each.
  func gathered(_ indices: [Int], size: Int) -> SampleStorage {
    switch self {
    case .bytes(let values, let maximum):
      .bytes(Self.gather(values, indices, size), maximum: maximum)
    case .float32(let values): .float32(Self.gather(values, indices, size))
    case .float64(let values): .float64(Self.gather(values, indices, size))
    }
  }

  /// The same type of storage without samples.
  var emptied: SampleStorage {
    switch self {
    case .bytes(_, let maximum): .bytes([], maximum: maximum)
    case .float32: .float32([])
    case .float64: .float64([])
    }
  }

  private static func gather<Element: BitwiseCopyable>(
    _ values: [Element], _ indices: [Int], _ size: Int
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: indices.count * size) { target, filled in
      values.withUnsafeBufferPointer { source in
        for (row, index) in indices.enumerated() where size > 0 {
          precondition(index >= 0 && (index + 1) * size <= source.count, "A sample index is out of range.")
          (target.baseAddress! + row * size).initialize(
            from: source.baseAddress! + index * size, count: size)
        }
      }
      filled = indices.count * size
    }
  }
}
