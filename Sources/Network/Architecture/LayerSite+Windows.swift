import Tensor

/// Zeros around a picture, along each axis.
public enum WindowPadding: Sendable, Hashable {
  /// So many on both sides.
  case places([Int])
  /// As many as keep the sizes. If their number is odd, one more lies behind.
  case same
}

/// The options of a window: a number for each axis.
struct WindowOptions: Sendable, Hashable {
  let kernel: [Int]
  let stride: [Int]
  let padding: WindowPadding
  let dilation: [Int]
  /// Whether a last window may reach beyond the padding.
  let ceil: Bool

  /// - Parameter axes: 1 or 2. A single number is repeated for both axes.
  init(
    axes: Int, kernel: [Int], stride: [Int], padding: WindowPadding, dilation: [Int], ceil: Bool = false
  ) {
    func all(_ values: [Int]) -> [Int] {
      values.count == axes ? values : Array(repeating: values.first ?? 0, count: axes)
    }
    self.kernel = all(kernel)
    self.stride = all(stride)
    self.dilation = all(dilation)
    self.ceil = ceil
    if case .places(let places) = padding {
      self.padding = .places(all(places))
    } else {
      self.padding = padding
    }
  }

  /// Places before and behind an axis.
  func padding(along axis: Int) -> (before: Int, after: Int) {
    switch padding {
    case .places(let places): return (places[axis], places[axis])
    case .same:
      let total = dilation[axis] * (kernel[axis] - 1)
      return (total / 2, total - total / 2)
    }
  }

  var withoutPadding: WindowOptions {
    WindowOptions(
      axes: kernel.count, kernel: kernel, stride: stride, padding: .places([0]), dilation: dilation,
      ceil: ceil)
  }
}

/// The values that the options of a window may have.
public struct WindowRanges: Sendable, Equatable {
  /// The range of each size.
  public let kernelSizes: ClosedRange<Int>
  public let strides: ClosedRange<Int>
  public let paddings: ClosedRange<Int>
  public let dilations: ClosedRange<Int>

  public static let convolutions = WindowRanges(
    kernelSizes: 1...1024, strides: 1...1024, paddings: 0...1024, dilations: 1...1024)
  /// The ranges of pools over pictures. The padding is also at most half the kernel.
  public static let pools = WindowRanges(
    kernelSizes: 1...15, strides: 1...1024, paddings: 0...7, dilations: 1...1024)
  /// The ranges of pools over sequences, likewise.
  public static let sequencePools = WindowRanges(
    kernelSizes: 1...255, strides: 1...1024, paddings: 0...127, dilations: 1...1024)
}

extension ClosedRange<Int> {
  /// The range in words, such as "from 1 to 15".
  var words: String { "from \(lowerBound) to \(upperBound)" }
}

extension LayerSite {
  /// The site of the first input as a sequence (channels, length), channels-last in memory: a picture of one
  /// row. nil after a fault.
  func sequence() -> (LayerSite, Shape)? {
    guard shape.rank == 2 else {
      addFault("needs a sequence of channels and places, but the input has the shape \(shape.words)")
      return nil
    }
    let (sequence, value) = ordered(0, ValueShape.channelsLast(2))
    return (reading([value]), Shape(height: 1, width: sequence.sizes[1], channels: sequence.sizes[0]))
  }

  /// The site of the first input, as a picture for windows of two axes, or as a sequence for windows of one.
  func places(axes: Int) -> (LayerSite, Shape)? { axes == 1 ? sequence() : picture() }

  /// The taps of a window over a picture, or over a sequence if the options have one axis; nil after a fault.
  func taps(over input: Shape, _ options: WindowOptions, in ranges: WindowRanges) -> Taps? {
    guard check(options, ranges) else { return nil }
    let sizes = options.kernel.count == 1 ? [input.width] : [input.height, input.width]
    var axes: [TapAxis] = []
    for (axis, size) in sizes.enumerated() {
      let (before, after) = options.padding(along: axis)
      guard
        let taps = TapAxis(
          size, taps: options.kernel[axis], stride: options.stride[axis], dilation: options.dilation[axis],
          padding: before, after: after, ceil: options.ceil)
      else {
        addFault("\(options.words) does not fit into \(Self.words(sizes))", at: "kernel_size")
        return nil
      }
      axes.append(taps)
    }
    return axes.count == 1
      ? Taps(rows: .point(), columns: axes[0]) : Taps(rows: axes[0], columns: axes[1])
  }

  /// The taps of a transposed convolution over a picture; nil after a fault.
  /// - Parameter extra: places behind the last window, for each axis.
  func spreadingTaps(
    over input: Shape, _ options: WindowOptions, extra: [Int], in ranges: WindowRanges
  ) -> Taps? {
    guard check(options, ranges), case .places(let padding) = options.padding else { return nil }
    var axes: [TapAxis] = []
    for (axis, size) in [input.height, input.width].enumerated() {
      let extra = extra.count == 2 ? extra[axis] : extra.first ?? 0
      guard extra >= 0, extra < max(options.stride[axis], options.dilation[axis]) else {
        addFault(
          "must be at least 0 and less than the stride or the dilation, got \(extra)", at: "output_padding")
        return nil
      }
      guard
        let taps = TapAxis.spreading(
          size, taps: options.kernel[axis], stride: options.stride[axis], dilation: options.dilation[axis],
          padding: padding[axis], extra: extra)
      else {
        addFault("cuts off all of the output", at: "padding")
        return nil
      }
      axes.append(taps)
    }
    return Taps(rows: axes[0], columns: axes[1])
  }

  /// The taps of a pool's window over the input; nil after a fault.
  func pool(over input: Shape, _ options: WindowOptions, in ranges: WindowRanges) -> Taps? {
    guard checkKernel(options, ranges), check(options.dilation, ranges.dilations, at: "dilation") else {
      return nil
    }
    if case .places(let padding) = options.padding {
      for (axis, padding) in padding.enumerated() {
        let reach = options.dilation[axis] * (options.kernel[axis] - 1)
        guard padding >= 0, padding <= (reach + 1) / 2 else {
          addFault("must be from 0 to half the kernel, got \(padding)", at: "padding")
          return nil
        }
      }
    }
    guard let taps = taps(over: input, options, in: ranges) else { return nil }
    guard taps.rows.hasPlaces, taps.columns.hasPlaces else {
      addFault("\(options.words) has no place inside \(input.height)×\(input.width)", at: "dilation")
      return nil
    }
    return taps
  }

  /// Whether the options lie in their ranges; if not, the fault is noted.
  func check(_ options: WindowOptions, _ ranges: WindowRanges) -> Bool {
    guard checkKernel(options, ranges), check(options.stride, ranges.strides, at: "stride") else {
      return false
    }
    switch options.padding {
    case .places(let padding):
      guard check(padding, ranges.paddings, at: "padding") else { return false }
    case .same:
      guard options.stride.allSatisfy({ $0 == 1 }) else {
        addFault("must be numbers if the stride is not 1", at: "padding")
        return false
      }
    }
    return check(options.dilation, ranges.dilations, at: "dilation")
  }

  private func checkKernel(_ options: WindowOptions, _ ranges: WindowRanges) -> Bool {
    guard options.kernel.allSatisfy(ranges.kernelSizes.contains) else {
      let words = ranges.kernelSizes.words
      addFault(
        options.kernel.count == 1 ? "must be \(words)" : "must be one number or two, each \(words)",
        at: "kernel_size")
      return false
    }
    return true
  }

  private func check(_ values: [Int], _ range: ClosedRange<Int>, at option: String) -> Bool {
    guard values.allSatisfy(range.contains) else {
      addFault("must be \(range.words), got \(Self.words(values))", at: option)
      return false
    }
    return true
  }

  /// One number if all are equal, else such as "3×5".
  fileprivate static func words(_ numbers: [Int]) -> String {
    Set(numbers).count == 1 ? "\(numbers[0])" : numbers.map(String.init).joined(separator: "×")
  }
}

extension WindowOptions {
  /// Such as "the window 3×3 with padding 1".
  fileprivate var words: String {
    var text = "the window " + kernel.map(String.init).joined(separator: "×")
    if case .places(let padding) = padding { text += " with padding \(LayerSite.words(padding))" }
    if dilation.contains(where: { $0 != 1 }) { text += " and dilation \(LayerSite.words(dilation))" }
    return text
  }
}

extension TapAxis {
  /// Whether every window has a place inside the axis. Only windows that reach beyond an end may have none.
  fileprivate var hasPlaces: Bool {
    let reach = dilation * (taps - 1)
    var target = 0
    while target < targets, target * stride < padding {
      if places(target).isEmpty { return false }
      target += 1
    }
    target = targets - 1
    while target >= 0, target * stride - padding + reach >= sources {
      if places(target).isEmpty { return false }
      target -= 1
    }
    return true
  }
}
