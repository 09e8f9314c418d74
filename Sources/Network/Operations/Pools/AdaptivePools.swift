import JSON
import Tensor

/// `torch.nn.AdaptiveAvgPool2d`: the mean over h × w windows that cover the picture, rows ⌊i·H/h⌋ ..<
/// ⌈(i+1)·H/h⌉.
public struct AdaptiveAvgPool2d: AdaptivePoolKind {
  public static let type = "adaptive_avg_pool2d"
  public static let standard = AdaptiveAvgPool2d(outputHeight: 1, outputWidth: 1)
  public static let examples = [
    LayerExample(AdaptiveAvgPool2d(outputHeight: 3, outputWidth: 2), [[2, 5, 6]]),
    LayerExample(AdaptiveAvgPool2d(outputHeight: 4, outputWidth: 3), [[2, 3, 2]]),
  ]
  public static let axes = 2
  public static let takesLargest = false

  public var outputSize: [Int]

  public init(outputHeight: Int, outputWidth: Int) { outputSize = [outputHeight, outputWidth] }
}

/// `torch.nn.AdaptiveAvgPool1d`: the same over a sequence.
public struct AdaptiveAvgPool1d: AdaptivePoolKind {
  public static let type = "adaptive_avg_pool1d"
  public static let standard = AdaptiveAvgPool1d(outputSize: [1])
  public static let examples = [LayerExample(AdaptiveAvgPool1d(outputSize: [3]), [[2, 7]])]
  public static let axes = 1
  public static let takesLargest = false

  public var outputSize: [Int]
}

/// `torch.nn.AdaptiveMaxPool2d`: the largest values of the windows of `AdaptiveAvgPool2d`.
public struct AdaptiveMaxPool2d: AdaptivePoolKind {
  public static let type = "adaptive_max_pool2d"
  public static let standard = AdaptiveMaxPool2d(outputSize: [1, 1])
  public static let examples = [
    LayerExample(AdaptiveMaxPool2d(outputSize: [3, 2]), [[2, 5, 6]]),
    LayerExample(AdaptiveMaxPool2d(outputSize: [4, 3]), [[2, 3, 2]]),
  ]
  public static let axes = 2
  public static let takesLargest = true

  public var outputSize: [Int]
}

/// A pool with windows that cover the input, as many as asked for.
public protocol AdaptivePoolKind: LayerKind {
  /// Axes of the windows.
  static var axes: Int { get }
  /// Whether the pool gives the largest value of a window, and not the mean.
  static var takesLargest: Bool { get }

  var outputSize: [Int] { get set }
}

extension AdaptivePoolKind {
  /// The ranges of h and w. As in PyTorch they may exceed the picture. Then windows overlap and values
  /// repeat.
  public static var outputSizes: ClosedRange<Int> { 1...4096 }

  public static var fields: Fields<Self> {
    Fields([
      .required(
        "output_size", \.outputSize, axes == 1 ? .single(outputSizes) : .pair(outputSizes),
        axes == 1 ? "Places." : "Rows and columns.")
    ])
  }

  public func place(at site: LayerSite) -> Architecture.Node? {
    let words = Self.outputSizes.words
    guard outputSize.count == Self.axes, outputSize.allSatisfy(Self.outputSizes.contains) else {
      let got = outputSize.map(String.init).joined(separator: "×")
      return site.fault(
        (Self.axes == 1 ? "must be \(words)" : "must be one number or two, each \(words)") + ", got \(got)",
        at: "output_size")
    }
    guard let (site, input) = site.places(axes: Self.axes) else { return nil }
    let output = Shape(
      height: Self.axes == 1 ? 1 : outputSize[0], width: outputSize[Self.axes - 1], channels: input.channels)
    guard site.hasRoom(values: output.count, at: "output_size") else { return nil }
    return site.node(
      PlacedAdaptivePool(
        input: input, output: output, value: ValueShape(output, axes: Self.axes),
        takesLargest: Self.takesLargest))
  }
}

struct PlacedAdaptivePool: PlacedLayer {
  let input: Shape
  let output: Shape
  let value: ValueShape
  let takesLargest: Bool

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    takesLargest
      ? .init(AdaptiveMaxPoolLayer<Element>(input: input, output: output))
      : .init(
        AveragePoolLayer<Element>(input: input, outputHeight: output.height, outputWidth: output.width))
  }
}

extension LayerDescription {
  public static func adaptiveAvgPool2d(outputHeight: Int, outputWidth: Int) -> LayerDescription {
    LayerDescription(AdaptiveAvgPool2d(outputHeight: outputHeight, outputWidth: outputWidth))
  }
}

/// Takes the largest value of every window; the first of equal values, and a NaN before all others. The
/// forward pass keeps the places of the chosen values.
struct AdaptiveMaxPoolLayer<Element: Scalar>: FixedMap, PictureBody {
  let input: Shape
  let output: Shape
  private let rows: PoolAxis
  private let columns: PoolAxis

  init(input: Shape, output: Shape) {
    self.input = input
    self.output = output
    rows = PoolAxis(covering: input.height, targets: output.height)
    columns = PoolAxis(covering: input.width, targets: output.width)
  }

  final class Choices: Frame {
    /// For every output value, the place of its input in the sample.
    let places: Buffer<Int32>
    init(count: Int) { places = Buffer(count: count) }
  }

  var keptValues: Int { output.count * MemoryLayout<Int32>.size / MemoryLayout<Element>.size }

  func makeFrame(capacity: Int) -> Frame { Choices(count: capacity * output.count) }

  private func choices(_ pass: Pass<Element>) -> UnsafeMutablePointer<Int32> {
    unsafeDowncast(pass.frame, to: Choices.self).places.pointer
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    var (target, chosen) = (y, choices(pass))
    for sample in 0..<pass.count {
      let source = x + sample * input.count
      for down in rows.places {
        for across in columns.places {
          let start = (down.lowerBound * input.width + across.lowerBound) * channels
          for c in 0..<channels {
            target[c] = source[start + c]
            chosen[c] = Int32(start + c)
          }
          for row in down {
            for column in across {
              let place = (row * input.width + column) * channels
              for c in 0..<channels where !(source[place + c] <= target[c]) && target[c] == target[c] {
                target[c] = source[place + c]
                chosen[c] = Int32(place + c)
              }
            }
          }
          target += channels
          chosen += channels
        }
      }
    }
  }

  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>) {
    let chosen = choices(pass)
    for sample in 0..<pass.count {
      for index in sample * output.count..<(sample + 1) * output.count {
        ty[index] = tx[sample * input.count + Int(chosen[index])]
      }
    }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    let chosen = choices(pass)
    dx.clear(pass.count * input.count)
    for sample in 0..<pass.count {
      for index in sample * output.count..<(sample + 1) * output.count {
        dx[sample * input.count + Int(chosen[index])] += dy[index]
      }
    }
  }
}
