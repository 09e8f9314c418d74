import JSON
import Tensor

/// A reduction that is no sum. The axes lie innermost in memory, so that each result is made of a row.
protocol RowReductionKind: ReductionKind {
  static var function: PlacedRowReduction.Function { get }
}

extension RowReductionKind {
  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axes = axes(at: site) else { return nil }
    let order = site.shape.order
    let (source, value) = site.ordered(
      0, order.filter { !axes.contains($0) } + order.filter { axes.contains($0) })
    let reduction = PlacedRowReduction(
      value: source.reduced(axes), row: source.places(along: axes), function: Self.function)
    return finish(reduction, of: value, axes, at: site)
  }

  static var examples: [LayerExample] {
    var (pictures, rows) = (standard, standard)
    pictures.dims = [2, 3]
    rows.dims = [1]
    rows.keepsAxes = true
    return [LayerExample(pictures, [[3, 4, 2]]), LayerExample(rows, [[3, 4]])]
  }
}

/// `torch.amax` over axes. Equal maxima share the gradient.
struct LargestValue: RowReductionKind {
  static let type = "amax"
  static let function = PlacedRowReduction.Function.largest
  static let standard = LargestValue()
  static let fields = axesFields
  var dims: [Int] = []
  var keepsAxes = false
}

/// `torch.amin` over axes. Equal minima share the gradient.
struct SmallestValue: RowReductionKind {
  static let type = "amin"
  static let function = PlacedRowReduction.Function.smallest
  static let standard = SmallestValue()
  static let fields = axesFields
  var dims: [Int] = []
  var keepsAxes = false
}

/// `torch.logsumexp` over axes: log Σ exp x.
struct LogSumExp: RowReductionKind {
  static let type = "logsumexp"
  static let function = PlacedRowReduction.Function.logSumExp
  static let standard = LogSumExp()
  static let fields = axesFields
  var dims: [Int] = []
  var keepsAxes = false
}

struct PlacedRowReduction: PlacedLayer {
  enum Function: Sendable { case largest, smallest, logSumExp }

  let value: ValueShape
  let row: Int
  let function: Function

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    switch function {
    case .largest: .init(RowExtremeLayer<Element>(outputCount: value.count, row: row, end: .largest))
    case .smallest: .init(RowExtremeLayer<Element>(outputCount: value.count, row: row, end: .smallest))
    case .logSumExp: .init(LogSumExpLayer<Element>(outputCount: value.count, row: row))
    }
  }
}

/// The mean of the values of a row that are its extreme: y = Ax with a matrix A that x chooses.
struct RowExtremeLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  let outputCount: Int
  let row: Int
  let end: Extreme

  var uses: LayerUses { LayerUses(output: true, gradient: false) }

  private func rows(_ pass: Pass<Element>) -> Int { pass.count * outputCount }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    RowReductions.extreme(end, x[0], y, rows: rows(pass), row)
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let y, let dx = dx[0] else { return }
    RowReductions.pullExtreme(x, y, dy, dx, rows: rows(pass), row)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let y, let tx = tx[0] else { return }
    RowReductions.pushExtreme(x, y, tx, ty, rows: rows(pass), row)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) {
    guard let x = x[0], let y, let tdx = tdx[0] else { return }
    RowReductions.pullExtreme(x, y, tdy, tdx, rows: rows(pass), row)
  }
}

/// y = log Σ exp x over rows, with p = exp(x − y):
///
/// - tangentForward: ẏ = ⟨p, ẋ⟩.
/// - backward: ∂x = p∂y.
/// - tangentBackward: ∂ẋ = p∂ẏ + p∘(ẋ − ẏ)∂y.
struct LogSumExpLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  let outputCount: Int
  let row: Int

  var uses: LayerUses { LayerUses(output: true) }

  private func rows(_ pass: Pass<Element>) -> Int { pass.count * outputCount }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    RowReductions.logSumExp(x[0], y, rows: rows(pass), row)
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let y, let dx = dx[0] else { return }
    RowReductions.pullLogSumExp(x, y, dy, dx, rows: rows(pass), row)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0], let y, let tx = tx[0] else { return }
    RowReductions.pushLogSumExp(x, y, tx, ty, rows: rows(pass), row)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) {
    guard let x = x[0], let y, let tdx = tdx[0] else { return }
    if let tx = tx[0], let ty, let dy {
      RowReductions.pullLogSumExpTangent(x, y, tx: tx, ty: ty, dy, tdy, tdx, rows: rows(pass), row)
    } else {
      RowReductions.pullLogSumExp(x, y, tdy, tdx, rows: rows(pass), row)
    }
  }
}
