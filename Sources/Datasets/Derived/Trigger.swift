import JSON
import Tensor

/// The mark of a poisoned picture. It is put on the stored picture, before standardisation, and the result is
/// clipped to the range of the stored values, as in an 8-bit picture.
public enum Trigger: Equatable, Sendable {
  /// Adds `amount` of the value range (16/255 in the published experiment) to every pixel whose row plus
  /// column is even, in every channel.
  case checkerboard(amount: Double)
  /// Sets a square of `size` pixels in the lower right corner to the largest value.
  case patch(size: Int)

  public static let amounts = NumberRange.positiveShare
  /// Pixels; a patch must also fit into the picture.
  public static let sizes = 1...100_000

  public static let publishedCheckerboard = Trigger.checkerboard(amount: 16.0 / 255)

  /// All faults of these parameters for pictures of that shape.
  public func faults(for shape: Shape) -> [ParameterFault] {
    if shape.isVector {
      return [ParameterFault("poison.trigger", "needs pictures, and the samples are vectors")]
    }
    switch self {
    case .checkerboard(let amount):
      return Self.amounts.contains(amount)
        ? [] : [ParameterFault("poison.amount", "must be \(Self.amounts.words), got \(amount)")]
    case .patch(let size):
      let most = min(shape.height, shape.width)
      return size >= 1 && size <= most
        ? [] : [ParameterFault("poison.size", "must be 1 to \(most), got \(size)")]
    }
  }

  /// The storage with the trigger on the samples of `indices`.
  ///
  /// Stored bytes have the range 0 to their maximum. An amount becomes whole steps of a byte, at least 1.
  /// Numbers have the range `low` to `high`, that of the training inputs.
  func applied(
    to storage: SampleStorage, shape: Shape, indices: some Collection<Int>, low: Double, high: Double
  ) -> SampleStorage {
    switch storage {
    case .bytes(var values, let maximum):
      var step = 0
      if case .checkerboard(let amount) = self { step = max(1, Int((amount * Double(maximum)).rounded())) }
      let limit = Int(maximum)
      change(&values, shape, indices, add: { UInt8(min(limit, Int($0) + step)) }, set: maximum)
      return .bytes(values, maximum: maximum)
    case .float32(var values):
      let step = Float(amount * (high - low))
      let limit = Float(high)
      change(&values, shape, indices, add: { min(limit, $0 + step) }, set: limit)
      return .float32(values)
    case .float64(var values):
      let step = amount * (high - low)
      change(&values, shape, indices, add: { min(high, $0 + step) }, set: high)
      return .float64(values)
    }
  }

  private var amount: Double {
    if case .checkerboard(let amount) = self { amount } else { 0 }
  }

  private func change<Element>(
    _ values: inout [Element], _ shape: Shape, _ indices: some Collection<Int>, add: (Element) -> Element,
    set: Element
  ) {
    for index in indices {
      let start = index * shape.count
      for row in 0..<shape.height {
        for column in 0..<shape.width {
          let pixel = start + (row * shape.width + column) * shape.channels
          switch self {
          case .checkerboard where (row + column) % 2 == 0:
            for position in pixel..<pixel + shape.channels { values[position] = add(values[position]) }
          case .patch(let size) where row >= shape.height - size && column >= shape.width - size:
            for position in pixel..<pixel + shape.channels { values[position] = set }
          default: break
          }
        }
      }
    }
  }
}
