import JSON
import Tensor

/// `torch.nn.Softmax` along an axis.
struct Softmax: LayerKind {
  static let type = "softmax"
  static let standard = Softmax()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [
    LayerExample(Softmax(), [[3, 4]]), LayerExample(Softmax(dim: 1), [[3, 2, 2]]),
  ]

  var dim = -1

  func place(at site: LayerSite) -> Architecture.Node? {
    site.placeSoftmax(dim, isLogarithm: false)
  }
}

/// `torch.nn.LogSoftmax` along an axis.
struct LogSoftmax: LayerKind {
  static let type = "log_softmax"
  static let standard = LogSoftmax()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [
    LayerExample(LogSoftmax(), [[3, 4]]), LayerExample(LogSoftmax(dim: 1), [[3, 2, 2]]),
  ]

  var dim = -1

  func place(at site: LayerSite) -> Architecture.Node? { site.placeSoftmax(dim, isLogarithm: true) }
}

extension LayerSite {
  fileprivate func placeSoftmax(_ dim: Int, isLogarithm: Bool) -> Architecture.Node? {
    guard let axis = axis(dim, rank: shape.rank, at: "dim") else { return nil }
    // The axis lies innermost.
    let (source, value) = ordered(0, shape.order.filter { $0 != axis } + [axis])
    return .init(
      PlacedSoftmax(value: source, row: source.sizes[axis], isLogarithm: isLogarithm), inputs: [value])
  }
}

struct PlacedSoftmax: PlacedLayer {
  let value: ValueShape
  let row: Int
  let isLogarithm: Bool

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(SoftmaxLayer<Element>(outputCount: value.count, row: row, isLogarithm: isLogarithm))
  }
}

/// p = softmax(x) along rows. With ṗ = ẏ:
/// - tangentForward: ẏ = p∘(ẋ − ⟨p, ẋ⟩).
/// - backward: ∂x = p∘(∂y − ⟨p, ∂y⟩).
/// - tangentBackward: ∂ẋ = ṗ∘(∂y − ⟨p, ∂y⟩) + p∘(∂ẏ − ⟨ṗ, ∂y⟩ − ⟨p, ∂ẏ⟩).
///
/// The logarithm y = x − log Σ exp x, p = exp y, ṗ = p∘ẏ:
/// - tangentForward: ẏ = ẋ − ⟨p, ẋ⟩.
/// - backward: ∂x = ∂y − p Σ∂y.
/// - tangentBackward: ∂ẋ = ∂ẏ − p Σ∂ẏ − ṗ Σ∂y.
struct SoftmaxLayer<Element: Scalar>: Joint {
  let outputCount: Int
  let row: Int
  let isLogarithm: Bool

  var uses: LayerUses { LayerUses(inputs: false, output: true, gradient: true) }

  private func rows(_ pass: Pass<Element>) -> Int { pass.count * outputCount / row }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    Element.rowKernels.softmax(x[0], y, rows(pass), row, isLogarithm)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let y, let dx = dx[0] else { return }
    Element.rowKernels.softmaxSlope(y, dy, dx, rows(pass), row, isLogarithm, true)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let y, let tx = tx[0] else { return }
    Element.rowKernels.softmaxSlope(y, tx, ty, rows(pass), row, isLogarithm, false)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let y, let tdx = tdx[0] else { return }
    if let ty, let dy {
      Element.rowKernels.softmaxSlopeTangent(y, ty, dy, tdy, tdx, rows(pass), row, isLogarithm)
    } else {
      Element.rowKernels.softmaxSlope(y, tdy, tdx, rows(pass), row, isLogarithm, true)
    }
  }
}
