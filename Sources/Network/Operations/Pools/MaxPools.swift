import JSON
import Tensor

/// `torch.nn.MaxPool2d`: the largest value of every window. Padding never wins.
public struct MaxPool2d: MaxPoolKind {
  public static let type = "max_pool2d"
  public static let standard = MaxPool2d(kernel: [1, 1])
  public static let examples = [
    LayerExample(MaxPool2d(kernel: [2, 3], stride: [2, 2], padding: [1, 1]), [[2, 5, 6]]),
    LayerExample(
      MaxPool2d(kernel: [2, 3], stride: [1, 3], padding: [1, 1], dilation: [2, 1], ceil: true), [[2, 5, 6]]),
  ]
  public static let axes = 2

  public var kernel: [Int]
  public var stride: [Int]?
  public var padding: [Int]
  public var dilation: [Int]
  public var ceil: Bool

  public init(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0], dilation: [Int] = [1, 1],
    ceil: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.ceil = ceil
  }
}

/// `torch.nn.MaxPool1d`: the same over a sequence.
public struct MaxPool1d: MaxPoolKind {
  public static let type = "max_pool1d"
  public static let standard = MaxPool1d(kernel: [1])
  public static let examples = [
    LayerExample(MaxPool1d(kernel: [3], stride: [2], padding: [1], ceil: true), [[2, 6]])
  ]
  public static let axes = 1

  public var kernel: [Int]
  public var stride: [Int]?
  public var padding = [0]
  public var dilation = [1]
  public var ceil = false
}

public protocol MaxPoolKind: PoolKind {
  /// Steps between the values of a window.
  var dilation: [Int] { get set }
}

extension MaxPoolKind {
  public static var fields: Fields<Self> {
    poolFields
      + Fields([
        .added(
          "dilation", \.dilation, numbers(windows.dilations), "Steps between the values of a window.")
      ])
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    place(at: site, dilation: dilation, .largest)
  }
}

extension LayerDescription {
  /// A pool with the same stride and padding along rows and columns.
  public static func maxPool2d(
    kernel: [Int], stride: Int? = nil, padding: Int = 0, ceil: Bool = false
  ) -> LayerDescription {
    LayerDescription(
      MaxPool2d(
        kernel: kernel, stride: stride.map { [$0, $0] }, padding: [padding, padding], ceil: ceil))
  }
}

/// Takes the largest value of every window. The forward pass keeps the chosen positions. With these the layer
/// is linear: ẏ is ẋ at the chosen positions, and ∂x sums ∂y there.
struct MaxPoolLayer<Element: Scalar>: FixedMap, PictureBody {
  let taps: Taps
  let channels: Int
  var input: Shape { taps.source(channels: channels) }
  var output: Shape { taps.target(channels: channels) }

  final class Choices: Frame {
    let index: Buffer<UInt8>
    init(count: Int) { index = Buffer(count: count) }
  }

  /// One byte for each output value.
  var keptValues: Int { output.count / MemoryLayout<Element>.size }

  func makeFrame(capacity: Int) -> Frame { Choices(count: capacity * output.count) }

  private func choices(_ pass: Pass<Element>) -> UnsafeMutablePointer<UInt8> {
    unsafeDowncast(pass.frame, to: Choices.self).index.pointer
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    taps.maxPool(x, y, choices(pass), channels: channels, samples: pass.count)
  }

  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>) {
    taps.maxPoolGather(tx, choices(pass), ty, channels: channels, samples: pass.count)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    dx.clear(pass.count * input.count)
    taps.maxPoolScatter(dy, choices(pass), dx, channels: channels, samples: pass.count)
  }
}
