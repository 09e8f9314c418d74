import JSON
import Tensor

/// `torch.matmul` of two values of at least two axes, with broadcasting of the axes in front.
struct MatMul: LayerKind {
  static let type = "matmul"
  static let arity = 2...2
  static let standard = MatMul()
  static let fields = Fields<Self>([
    .flag("transpose_b", \.transposesB, "Whether the last two axes of the second input are exchanged first.")
  ])
  static let examples = [
    LayerExample(MatMul(), [[3, 4], [4, 2]]),
    LayerExample(MatMul(transposesB: true), [[2, 3, 4], [2, 5, 4]]),
    LayerExample(MatMul(), [[2, 3, 4], [4, 5]]),
    LayerExample(MatMul(transposesB: true), [[3, 4], [2, 5, 4]]),
  ]

  var transposesB = false

  func place(at site: LayerSite) -> Architecture.Node? {
    let (a, b) = (site.shape(0), site.shape(1))
    guard a.rank >= 2, b.rank >= 2 else {
      return site.fault("must have at least two axes each, got \(a.words) and \(b.words)", at: "inputs")
    }
    let (m, k) = (a.sizes[a.rank - 2], a.sizes[a.rank - 1])
    let inner = b.sizes[b.rank - (transposesB ? 1 : 2)]
    let n = b.sizes[b.rank - (transposesB ? 2 : 1)]
    guard inner == k else {
      return site.fault(
        "cannot be multiplied: \(k) columns of \(a.words) meet \(inner) rows of \(b.words)", at: "inputs")
    }
    let rank = max(a.rank, b.rank)
    let (front, other) = (a.padded(to: rank).sizes.dropLast(2), b.padded(to: rank).sizes.dropLast(2))
    let sizes = zip(front, other).map { max($0, $1) }
    guard zip(zip(front, other), sizes).allSatisfy({ ($0.0 == $1 || $0.0 == 1) && ($0.1 == $1 || $0.1 == 1) })
    else {
      return site.fault("have axes in front that do not agree: \(a.words) and \(b.words)", at: "inputs")
    }
    guard site.hasRoom(sizes: sizes + [m, n], at: "inputs"),
      let left = site.expanded(0, to: sizes + a.sizes.suffix(2)),
      let right = site.expanded(1, to: sizes + b.sizes.suffix(2))
    else { return nil }
    let (x, y) = (site.rowMajor(value: left), site.rowMajor(value: right))
    return .init(
      Placed(
        value: ValueShape(sizes + [m, n]), products: sizes.reduce(1, *), m: m, n: n, k: k,
        transposesB: transposesB), inputs: [x, y])
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let products: Int
    let m: Int
    let n: Int
    let k: Int
    let transposesB: Bool

    var multiplyAdds: Int { products * m * n * k }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(MatMulLayer<Element>(products: products, m: m, n: n, k: k, transposesB: transposesB))
    }
  }
}

/// Y = A·op(B) for every pair of matrices.
///
/// - tangentForward: Ẏ = Ȧ·op(B) + A·op(Ḃ).
/// - backward: ∂A = ∂Y·op(B)ᵀ, ∂op(B) = Aᵀ∂Y.
/// - tangentBackward: ∂Ȧ = ∂Ẏ·op(B)ᵀ + ∂Y·op(Ḃ)ᵀ, ∂op(Ḃ) = Aᵀ∂Ẏ + Ȧᵀ∂Y.
struct MatMulLayer<Element: Scalar>: Joint {
  let products: Int
  let m: Int
  let n: Int
  let k: Int
  let transposesB: Bool
  var outputCount: Int { products * m * n }

  /// Calls `body` for each pair of matrices, with the offsets of A, B and Y.
  private func forEach(_ pass: Pass<Element>, _ body: (Int, Int, Int) -> Void) {
    for index in 0..<pass.count * products { body(index * m * k, index * k * n, index * m * n) }
  }

  private func product(
    _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ beta: Element,
    _ y: UnsafeMutablePointer<Element>
  ) {
    Element.gemm(false, transposesB, m, n, k, 1, a, k, b, transposesB ? k : n, beta, y, n)
  }

  /// ∂A = ∂Y·op(B)ᵀ
  private func left(
    _ dy: UnsafePointer<Element>, _ b: UnsafePointer<Element>, _ beta: Element,
    _ da: UnsafeMutablePointer<Element>
  ) {
    Element.gemm(false, !transposesB, m, k, n, 1, dy, n, b, transposesB ? k : n, beta, da, k)
  }

  /// ∂op(B) = Aᵀ∂Y
  private func right(
    _ a: UnsafePointer<Element>, _ dy: UnsafePointer<Element>, _ beta: Element,
    _ db: UnsafeMutablePointer<Element>
  ) {
    if transposesB {
      Element.gemm(true, false, n, k, m, 1, dy, n, a, k, beta, db, k)
    } else {
      Element.gemm(true, false, k, n, m, 1, a, k, dy, n, beta, db, n)
    }
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    forEach(pass) { a, b, out in product(x[0] + a, x[1] + b, 0, y + out) }
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    forEach(pass) { left, right, out in
      if let da = dx[0] { self.left(dy + out, b + right, 0, da + left) }
      if let db = dx[1] { self.right(a + left, dy + out, 0, db + right) }
    }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let a = x[0], let b = x[1] else { return }
    forEach(pass) { left, right, out in
      if let ta = tx[0] { product(ta + left, b + right, 0, ty + out) }
      if let tb = tx[1] { product(a + left, tb + right, tx[0] == nil ? 0 : 1, ty + out) }
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let a = x[0], let b = x[1] else { return }
    forEach(pass) { left, right, out in
      if let da = tdx[0] {
        self.left(tdy + out, b + right, 0, da + left)
        if let tb = tx[1], let dy { self.left(dy + out, tb + right, 1, da + left) }
      }
      if let db = tdx[1] {
        self.right(a + left, tdy + out, 0, db + right)
        if let ta = tx[0], let dy { self.right(ta + left, dy + out, 1, db + right) }
      }
    }
  }
}
