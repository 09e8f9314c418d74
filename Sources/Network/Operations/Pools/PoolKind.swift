import JSON
import Tensor

/// A pool with the options of PyTorch's modules: one output value for each window. A pool over pictures has
/// two numbers for each option, a pool over sequences has one.
public protocol PoolKind: LayerKind {
  /// Axes of the window.
  static var axes: Int { get }

  var kernel: [Int] { get set }
  /// nil is the kernel's first size.
  var stride: [Int]? { get set }
  var padding: [Int] { get set }
  /// Whether a last window may reach beyond the padding.
  var ceil: Bool { get set }
}

extension PoolKind {
  public static var windows: WindowRanges { axes == 1 ? .sequencePools : .pools }

  static var poolFields: Fields<Self> {
    Fields([
      .required(
        "kernel_size", \.kernel, axes == 1 ? .single(windows.kernelSizes) : .pair(windows.kernelSizes),
        axes == 1 ? "Places." : "Rows and columns."),
      .given(
        "stride", \.stride, numbers(windows.strides),
        standard: axes == 1 ? "the kernel" : "the rows of the kernel", "Steps of the window."),
      .member(
        "padding", \.padding, numbers(windows.paddings), "Cells on each side, at most half the kernel."),
      .added(
        "ceil_mode", \.ceil, .flag, "Whether a last window may reach beyond the padding."),
    ])
  }

  static func numbers(_ range: ClosedRange<Int>) -> Form<[Int]> { axes == 1 ? .single(range) : .steps(range) }

  func place(
    at site: LayerSite, dilation: [Int] = [1], _ reduction: PlacedPool.Reduction
  ) -> Architecture.Node? {
    guard let (site, input) = site.places(axes: Self.axes) else { return nil }
    let options = WindowOptions(
      axes: Self.axes, kernel: kernel, stride: stride ?? Array(kernel.prefix(1)),
      padding: .places(padding), dilation: dilation, ceil: ceil)
    guard let taps = site.pool(over: input, options, in: Self.windows) else { return nil }
    let output = taps.target(channels: input.channels)
    return site.node(
      PlacedPool(
        taps: taps, channels: input.channels, value: ValueShape(output, axes: Self.axes),
        reduction: reduction))
  }
}

extension ValueShape {
  /// A picture, or a sequence as a picture of one row.
  init(_ picture: Shape, axes: Int) {
    if axes == 2 {
      self.init(picture: picture)
    } else {
      self.init([picture.channels, picture.width], order: Self.channelsLast(2))
    }
  }
}

/// A pool in its place in a network.
struct PlacedPool: PlacedLayer {
  enum Reduction: Sendable, Hashable {
    case largest
    case mean(AverageDivisor)
  }

  let taps: Taps
  let channels: Int
  let value: ValueShape
  let reduction: Reduction

  var values: Int { taps.sources * channels / (taps.rows.stride * taps.columns.stride) }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    switch reduction {
    case .largest: .init(MaxPoolLayer<Element>(taps: taps, channels: channels))
    case .mean(let divisor):
      .init(AveragePoolLayer<Element>(taps: taps, channels: channels, divisor: divisor))
    }
  }
}
