import JSON
import Tensor

/// `torch.nn.MaxPool2d`: the largest value of every window. Padding never wins.
public struct MaxPool2d: LayerKind {
  public static let type = "max_pool2d"
  public static let standard = MaxPool2d(kernel: [1, 1])
  public static let fields = PoolOptions.fields(
    windows, \Self.kernel, stride: \.stride, padding: \.padding)
  public static let examples = [LayerExample(MaxPool2d(kernel: [2, 3], stride: 2, padding: 1), [[2, 5, 6]])]
  public static let windows = WindowRanges.pools

  /// Rows and columns.
  public var kernel: [Int]
  /// nil is the kernel's first size.
  public var stride: Int?
  public var padding: Int

  public init(kernel: [Int], stride: Int? = nil, padding: Int = 0) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    site.pool(kernel, stride: stride, padding: padding).map { site, input, window in
      site.node(
        PlacedPool(
          input: input, kernel: kernel, stride: window.stride, padding: padding, reduction: .largest))
    }
  }
}

extension LayerDescription {
  public static func maxPool2d(kernel: [Int], stride: Int? = nil, padding: Int = 0) -> LayerDescription {
    LayerDescription(MaxPool2d(kernel: kernel, stride: stride, padding: padding))
  }
}

/// Takes the largest value of every window. The forward pass keeps the chosen positions. With these the layer
/// is linear: ẏ is ẋ at the chosen positions, and ∂x sums ∂y there.
struct MaxPoolLayer<Element: Scalar>: FixedMap, PictureBody {
  let window: Window
  var input: Shape { window.input }
  var output: Shape { window.output }

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
    Element.maxPool(x, y, choices(pass), window, count: pass.count)
  }

  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>) {
    Element.maxPoolGather(tx, choices(pass), ty, window, count: pass.count)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    dx.clear(pass.count * input.count)
    Element.maxPoolScatter(dy, choices(pass), dx, window, count: pass.count)
  }
}
