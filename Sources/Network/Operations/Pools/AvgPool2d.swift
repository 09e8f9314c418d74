import JSON
import Tensor

/// `torch.nn.AvgPool2d`: the mean over every window. Padding counts as zeros.
public struct AvgPool2d: LayerKind {
  public static let type = "avg_pool2d"
  public static let standard = AvgPool2d(kernel: [1, 1])
  public static let fields = PoolOptions.fields(
    windows, \Self.kernel, stride: \.stride, padding: \.padding)
  public static let examples = [LayerExample(AvgPool2d(kernel: [2, 3], stride: 2, padding: 1), [[2, 5, 6]])]
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
          input: input, kernel: kernel, stride: window.stride, padding: padding, reduction: .mean))
    }
  }
}

/// `torch.nn.AdaptiveAvgPool2d`: the mean over h × w windows that cover the picture, rows ⌊i·H/h⌋ ..<
/// ⌈(i+1)·H/h⌉.
public struct AdaptiveAvgPool2d: LayerKind {
  public static let type = "adaptive_avg_pool2d"
  public static let standard = AdaptiveAvgPool2d(outputHeight: 1, outputWidth: 1)
  public static let fields = Fields<Self>([
    .required("output_size", \.outputSize, .pair(outputSizes), "Rows and columns.")
  ])
  public static let examples = [
    LayerExample(AdaptiveAvgPool2d(outputHeight: 3, outputWidth: 2), [[2, 5, 6]])
  ]
  /// The ranges of h and w. As in PyTorch they may exceed the picture. Then windows overlap and values
  /// repeat.
  public static let outputSizes = 1...4096

  public var outputHeight: Int
  public var outputWidth: Int

  public init(outputHeight: Int, outputWidth: Int) {
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard Self.outputSizes.contains(outputHeight), Self.outputSizes.contains(outputWidth) else {
      return site.fault(
        "must be one number or two, each \(Self.outputSizes.words), got \(outputHeight)×\(outputWidth)",
        at: "output_size")
    }
    guard let (site, input) = site.picture() else { return nil }
    let output = Shape(height: outputHeight, width: outputWidth, channels: input.channels)
    guard site.hasRoom(values: output.count, at: "output_size") else { return nil }
    return site.node(Placed(input: input, output: output))
  }

  struct Placed: PlacedLayer {
    let input: Shape
    let output: Shape
    var value: ValueShape { ValueShape(picture: output) }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(
        AveragePoolLayer<Element>(input: input, outputHeight: output.height, outputWidth: output.width))
    }
  }
}

extension AdaptiveAvgPool2d {
  /// Rows and columns.
  fileprivate var outputSize: [Int] {
    get { [outputHeight, outputWidth] }
    set { (outputHeight, outputWidth) = (newValue[0], newValue[1]) }
  }
}

extension LayerDescription {
  public static func avgPool2d(kernel: [Int], stride: Int? = nil, padding: Int = 0) -> LayerDescription {
    LayerDescription(AvgPool2d(kernel: kernel, stride: stride, padding: padding))
  }

  public static func adaptiveAvgPool2d(outputHeight: Int, outputWidth: Int) -> LayerDescription {
    LayerDescription(AdaptiveAvgPool2d(outputHeight: outputHeight, outputWidth: outputWidth))
  }
}

/// The mean over every window, as a linear map given by its terms: `AvgPool2d` and `AdaptiveAvgPool2d`.
struct AveragePoolLayer<Element: Scalar>: FixedMap, PictureBody {
  let input: Shape
  let output: Shape
  /// For every row of outputs, the rows of inputs in its windows.
  private let rows: [Range<Int>]
  /// For every column of outputs, the columns of inputs in its windows.
  private let columns: [Range<Int>]
  /// The weight of each value. nil is 1 over the number of values in the window.
  private let weight: Element?

  init(window: Window) {
    input = window.input
    output = window.output
    weight = 1 / Element(window.kernelHeight * window.kernelWidth)
    func windows(_ count: Int, kernel: Int, of size: Int) -> [Range<Int>] {
      (0..<count).map { place in
        let start = place * window.stride - window.padding
        let first = min(max(start, 0), size)
        return first..<max(first, min(start + kernel, size))
      }
    }
    rows = windows(window.outputHeight, kernel: window.kernelHeight, of: input.height)
    columns = windows(window.outputWidth, kernel: window.kernelWidth, of: input.width)
  }

  /// The adaptive form: h×w windows that cover the picture. With more outputs than inputs they overlap.
  init(input: Shape, outputHeight h: Int, outputWidth w: Int) {
    self.input = input
    output = Shape(height: h, width: w, channels: input.channels)
    weight = nil
    func windows(_ count: Int, of size: Int) -> [Range<Int>] {
      (0..<count).map { $0 * size / count..<(($0 + 1) * size + count - 1) / count }
    }
    rows = windows(h, of: input.height)
    columns = windows(w, of: input.width)
  }

  /// Calls `body` with the place of every output, every place of an input in its window, and the weight.
  private func forEachTerm(_ body: (_ output: Int, _ input: Int, _ weight: Element) -> Void) {
    for (y, rows) in rows.enumerated() {
      for (x, columns) in columns.enumerated() {
        let weight = weight ?? 1 / Element(rows.count * columns.count)
        for row in rows {
          for column in columns { body(y * output.width + x, row * input.width + column, weight) }
        }
      }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    y.clear(pass.count * output.count)
    for sample in 0..<pass.count {
      let source = x + sample * input.count
      let target = y + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + input * channels, target + output * channels, channels)
      }
    }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    dx.clear(pass.count * input.count)
    for sample in 0..<pass.count {
      let target = dx + sample * input.count
      let source = dy + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + output * channels, target + input * channels, channels)
      }
    }
  }
}
