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

/// Y = A·op(B) for every pair of matrices: the adjoints are ∂A = ∂Y·op(B)ᵀ and ∂op(B) = Aᵀ∂Y.
struct MatMulLayer<Element: Scalar>: BilinearJoint {
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

  func multiply(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    forEach(pass) { ofA, ofB, ofY in
      Element.gemm(
        false, transposesB, m, n, k, 1, a + ofA, k, b + ofB, transposesB ? k : n, adds ? 1 : 0, y + ofY, n)
    }
  }

  func left(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    _ da: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    forEach(pass) { ofA, ofB, ofY in
      Element.gemm(
        false, !transposesB, m, k, n, 1, dy + ofY, n, b + ofB, transposesB ? k : n, adds ? 1 : 0, da + ofA, k)
    }
  }

  func right(
    _ pass: Pass<Element>, _ a: UnsafePointer<Element>, _ dy: UnsafePointer<Element>,
    _ db: UnsafeMutablePointer<Element>, adds: Bool
  ) {
    forEach(pass) { ofA, ofB, ofY in
      if transposesB {
        Element.gemm(true, false, n, k, m, 1, dy + ofY, n, a + ofA, k, adds ? 1 : 0, db + ofB, k)
      } else {
        Element.gemm(true, false, k, n, m, 1, a + ofA, k, dy + ofY, n, adds ? 1 : 0, db + ofB, n)
      }
    }
  }
}
