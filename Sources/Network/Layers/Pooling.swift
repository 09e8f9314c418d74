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
  /// For every output position: the input positions of its window and one over the divisor.
  private let terms: [(positions: [Int], weight: Element)]

  init(window: Window) {
    input = window.input
    output = Shape(height: window.outputHeight, width: window.outputWidth, channels: input.channels)
    let weight = 1 / Element(window.kernelHeight * window.kernelWidth)
    var terms: [(positions: [Int], weight: Element)] = []
    for oy in 0..<window.outputHeight {
      for ox in 0..<window.outputWidth {
        let top = oy * window.stride - window.padding
        let left = ox * window.stride - window.padding
        let rows = max(top, 0)..<min(top + window.kernelHeight, input.height)
        let columns = max(left, 0)..<min(left + window.kernelWidth, input.width)
        terms.append((AveragePool.positions(rows, columns, width: input.width), weight))
      }
    }
    self.terms = terms
  }

  /// The adaptive form: h×w windows that cover the picture.
  init(input: Shape, outputHeight h: Int, outputWidth w: Int) {
    self.input = input
    output = Shape(height: h, width: w, channels: input.channels)
    var terms: [(positions: [Int], weight: Element)] = []
    for oy in 0..<h {
      for ox in 0..<w {
        let rows = oy * input.height / h..<((oy + 1) * input.height + h - 1) / h
        let columns = ox * input.width / w..<((ox + 1) * input.width + w - 1) / w
        terms.append(
          (AveragePool.positions(rows, columns, width: input.width), 1 / Element(rows.count * columns.count)))
      }
    }
    self.terms = terms
  }

  private static func positions(_ rows: Range<Int>, _ columns: Range<Int>, width: Int) -> [Int] {
    rows.flatMap { y in columns.map { y * width + $0 } }
  }

  private func average(_ count: Int, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>) {
    let channels = input.channels
    y.clear(count * output.count)
    for sample in 0..<count {
      let source = x + sample * input.count
      for (index, term) in terms.enumerated() {
        let target = y + sample * output.count + index * channels
        for position in term.positions {
          Element.axpy(term.weight, source + position * channels, target, channels)
        }
      }
    }
  }

  private func spread(_ count: Int, _ dy: UnsafePointer<Element>, _ dx: UnsafeMutablePointer<Element>?) {
    guard let dx else { return }
    let channels = input.channels
    dx.clear(count * input.count)
    for sample in 0..<count {
      let target = dx + sample * input.count
      for (index, term) in terms.enumerated() {
        let source = dy + sample * output.count + index * channels
        for position in term.positions {
          Element.axpy(term.weight, source, target + position * channels, channels)
        }
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
