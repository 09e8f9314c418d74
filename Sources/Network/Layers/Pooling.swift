import Tensor

/// The largest value of every window (PyTorch's `MaxPool2d`); padding never wins. The choice is made in the
/// forward pass and kept: all other passes are linear given it.
///
/// - backward: ∂x gathers ∂y at the chosen positions.
/// - tangentForward: ẏ is ẋ at the chosen positions.
/// - tangentBackward: as backward, for ∂ẏ.
struct MaxPool<Element: Scalar>: Layer {
  let window: Window
  let output: Shape
  var input: Shape { window.input }
  var isFixedMap: Bool { true }

  final class Choices: Frame, @unchecked Sendable {
    let index: Buffer<UInt8>
    init(count: Int) { index = Buffer(count: count) }
  }

  /// A byte a value.
  var keptValues: Int { output.count / MemoryLayout<Element>.size }

  func makeFrame(capacity: Int) -> Frame { Choices(count: capacity * output.count) }

  private func choices(_ pass: Pass<Element>) -> UnsafeMutablePointer<UInt8> {
    unsafeDowncast(pass.frame, to: Choices.self).index.pointer
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    Element.maxPool(x, y, choices(pass), window, count: pass.count)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    guard let dx else { return }
    dx.clear(pass.count * input.count)
    Element.maxPoolScatter(dy, choices(pass), dx, window, count: pass.count)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    guard let tx else { return ty.clear(pass.count * output.count) }
    Element.maxPoolGather(tx, choices(pass), ty, window, count: pass.count)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    guard let tdx else { return }
    tdx.clear(pass.count * input.count)
    Element.maxPoolScatter(tdy, choices(pass), tdx, window, count: pass.count)
  }
}

/// The mean over every window, as a linear map given by its terms: PyTorch's `AvgPool2d` (padding counts as
/// zeros) and `AdaptiveAvgPool2d` (windows ⌊i·H/h⌋ ..< ⌈(i+1)·H/h⌉).
///
/// All four passes are the same map or its transpose.
struct AveragePool<Element: Scalar>: Layer {
  let input: Shape
  let output: Shape
  var isFixedMap: Bool { true }
  /// Of every row and column of outputs, the rows and columns of inputs in their windows.
  private let rows: [Range<Int>]
  private let columns: [Range<Int>]
  /// One over the divisor; nil is one over the values in the window.
  private let weight: Element?

  init(window: Window) {
    input = window.input
    output = Shape(height: window.outputHeight, width: window.outputWidth, channels: input.channels)
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

  /// The adaptive form: h×w windows that cover the picture; with more outputs than inputs they overlap.
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

  private func average(_ count: Int, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    y.clear(count * output.count)
    for sample in 0..<count {
      let source = x + sample * input.count
      let target = y + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + input * channels, target + output * channels, channels)
      }
    }
  }

  private func spread(_ count: Int, _ dy: UnsafePointer<Element>, _ dx: UnsafeMutablePointer<Element>?) {
    guard let dx else { return }
    let channels = input.channels
    dx.clear(count * input.count)
    for sample in 0..<count {
      let target = dx + sample * input.count
      let source = dy + sample * output.count
      forEachTerm { output, input, weight in
        Element.axpy(weight, source + output * channels, target + input * channels, channels)
      }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    average(pass.count, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    spread(pass.count, dy, dx)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let tx {
      average(pass.count, tx, ty)
    } else {
      ty.clear(pass.count * output.count)
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    spread(pass.count, tdy, tdx)
  }
}
