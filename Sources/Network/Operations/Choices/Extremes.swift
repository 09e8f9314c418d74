import JSON
import Tensor

/// `torch.maximum` and `torch.minimum` of two values with broadcasting, or of one value and a constant. If both
/// are equal, each gets half of the gradient.
protocol ExtremeKind: BinaryKind {
  static var end: Extreme { get }
}

extension ExtremeKind {
  static var examples: [LayerExample] {
    [
      LayerExample(standard, [[3, 4, 2], [3, 4, 2]]), LayerExample(standard, [[3, 4], [4]]),
      LayerExample(standard, [[5]]),
    ]
  }

  func place(at site: LayerSite) -> Architecture.Node? {
    if site.values.count == 1 {
      return site.node(PlacedExtreme(value: site.shape, end: Self.end, constant: constant))
    }
    return site.broadcast().map {
      .init(PlacedExtreme(value: $0.value, end: Self.end, constant: nil), inputs: $0.inputs)
    }
  }
}

struct Maximum: ExtremeKind {
  static let type = "maximum"
  static let end = Extreme.largest
  static let standard = Maximum()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

struct Minimum: ExtremeKind {
  static let type = "minimum"
  static let end = Extreme.smallest
  static let standard = Minimum()
  static let fields = Fields<Self>([constantField])
  var constant = 0.0
}

struct PlacedExtreme: PlacedLayer {
  let value: ValueShape
  let end: Extreme
  /// Stands for the second input, if there is one input.
  let constant: Double?

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(
      ExtremeLayer<Element>(outputCount: value.count, end: end, constant: constant.map { Element($0) }))
  }
}

/// y = w∘a + (1 − w)∘b with shares w of 1, 0 or ½ that a and b choose: ẏ = w∘ȧ + (1 − w)∘ḃ, ∂a = w∘∂y, and so on.
struct ExtremeLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  let outputCount: Int
  let end: Extreme
  let constant: Element?

  var uses: LayerUses { LayerUses(gradient: false) }

  /// Calls `body` with the second array and its step.
  private func withSecond(_ x: [Read?], _ body: (Read, _ step: Int) -> Void) {
    if let constant {
      withUnsafePointer(to: constant) { body($0, 0) }
    } else if let b = x[1] {
      body(b, 1)
    }
  }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    withSecond(x) { b, step in Choices.extreme(end, x[0], b, step: step, y, pass.count * outputCount) }
  }

  private func pull(_ pass: Pass<Element>, _ x: [Read?], _ dy: Read, _ dx: [UnsafeMutablePointer<Element>?]) {
    guard let a = x[0] else { return }
    let n = pass.count * outputCount
    withSecond(x) { b, step in
      if let da = dx[0] { Choices.extremeShare(end, a, b, step: step, dy, adds: false, da, n) }
      if dx.count > 1, let db = dx[1] { Choices.extremeShare(end, b, a, step: 1, dy, adds: false, db, n) }
    }
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) { pull(pass, x, dy, dx) }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0] else { return }
    let n = pass.count * outputCount
    withSecond(x) { b, step in
      if let ta = tx[0] { Choices.extremeShare(end, a, b, step: step, ta, adds: false, ty, n) }
      if tx.count > 1, let tb = tx[1] {
        Choices.extremeShare(end, b, a, step: 1, tb, adds: tx[0] != nil, ty, n)
      }
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) { pull(pass, x, tdy, tdx) }
}
