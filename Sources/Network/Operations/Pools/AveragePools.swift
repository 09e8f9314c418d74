import JSON
import Tensor

/// `torch.nn.AvgPool2d`: the mean over every window. Padding counts as zeros.
public struct AvgPool2d: AveragePoolKind {
  public static let type = "avg_pool2d"
  public static let standard = AvgPool2d(kernel: [1, 1])
  public static let fields = averageFields + divisorFields
  public static let examples = [
    LayerExample(AvgPool2d(kernel: [2, 3], stride: [2, 2], padding: [1, 1]), [[2, 5, 6]]),
    LayerExample(
      AvgPool2d(
        kernel: [2, 3], stride: [1, 2], padding: [0, 1], ceil: true,
        divisor: AverageDivisor(countsPadding: false)), [[2, 5, 6]]),
    LayerExample(
      AvgPool2d(kernel: [2, 2], ceil: true, divisor: AverageDivisor(fixed: 3)), [[2, 5, 3]]),
  ]
  public static let axes = 2

  public var kernel: [Int]
  public var stride: [Int]?
  public var padding: [Int]
  public var ceil: Bool
  public var divisor: AverageDivisor

  public init(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], ceil: Bool = false,
    divisor: AverageDivisor = AverageDivisor()
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.ceil = ceil
    self.divisor = divisor
  }

  private static let divisorFields = Fields<Self>([
    .given(
      "divisor_override", \.divisor.fixed, .integer(1...(1 << 20)), standard: "the size of the window",
      "The sum of a window is divided by this.")
  ])
}

/// `torch.nn.AvgPool1d`: the same over a sequence.
public struct AvgPool1d: AveragePoolKind {
  public static let type = "avg_pool1d"
  public static let standard = AvgPool1d(kernel: [1])
  public static let fields = averageFields
  public static let examples = [
    LayerExample(AvgPool1d(kernel: [3], stride: [2], padding: [1], ceil: true), [[2, 6]]),
    LayerExample(AvgPool1d(kernel: [4], divisor: AverageDivisor(countsPadding: false)), [[2, 9]]),
  ]
  public static let axes = 1

  public var kernel: [Int]
  public var stride: [Int]?
  public var padding = [0]
  public var ceil = false
  public var divisor = AverageDivisor()
}

/// The divisor of the sum of a window.
public struct AverageDivisor: Sendable, Hashable {
  /// Whether places of the padding count. Places beyond the padding never do.
  public var countsPadding: Bool
  /// A number for every window in place of its size.
  public var fixed: Int?

  public init(countsPadding: Bool = true, fixed: Int? = nil) {
    self.countsPadding = countsPadding
    self.fixed = fixed
  }
}

public protocol AveragePoolKind: PoolKind {
  var divisor: AverageDivisor { get set }
}

extension AveragePoolKind {
  static var averageFields: Fields<Self> {
    poolFields
      + Fields([
        .added(
          "count_include_pad", \.divisor.countsPadding, .flag,
          "Whether places of the padding count in the mean.")
      ])
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    if let fixed = divisor.fixed, fixed < 1 {
      return site.fault("must be at least 1, got \(fixed)", at: "divisor_override")
    }
    return place(at: site, .mean(divisor))
  }
}

extension LayerDescription {
  /// A pool with the same stride and padding along rows and columns.
  public static func avgPool2d(
    kernel: [Int], stride: Int? = nil, padding: Int = 0, ceil: Bool = false
  ) -> LayerDescription {
    LayerDescription(
      AvgPool2d(
        kernel: kernel, stride: stride.map { [$0, $0] }, padding: [padding, padding], ceil: ceil))
  }
}
