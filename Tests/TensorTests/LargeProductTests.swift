import Tensor
import TestSupport
import Testing

/// Large products pack both factors. Every result has the bits of a product that is too small for this.
struct LargeProductTests {
  struct Shape: Sendable {
    let m: Int
    let n: Int
    let k: Int
  }

  /// Whole tiles, panels and parts of the inner index, and odd ones.
  static let shapes = [
    Shape(m: 240, n: 96, k: 64), Shape(m: 256, n: 512, k: 512), Shape(m: 333, n: 545, k: 1027),
    Shape(m: 251, n: 97, k: 515),
  ]

  private func values(_ count: Int, seed: UInt64) -> [Float] {
    var stream = RandomStream(seed: seed, purpose: "factors")
    return (0..<count).map { _ in Float(stream.normal()) }
  }

  @Test(arguments: shapes, [(false, false), (false, true), (true, false)])
  func equalsSmallProducts(_ shape: Shape, _ transposed: (a: Bool, b: Bool)) {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let (a, b) = (values(m * k, seed: 1), values(k * n, seed: 2))
    for beta: Float in [0, 1] {
      var large = values(m * n, seed: 3)
      var small = large
      Float.gemm(
        transposed.a, transposed.b, m, n, k, 1, a, transposed.a ? m : k, b, transposed.b ? k : n, beta,
        &large, n)
      small.withUnsafeMutableBufferPointer { small in
        a.withUnsafeBufferPointer { a in
          for first in stride(from: 0, to: m, by: 48) {
            Float.gemm(
              transposed.a, transposed.b, min(48, m - first), n, k, 1,
              a.baseAddress! + (transposed.a ? first : first * k), transposed.a ? m : k, b,
              transposed.b ? k : n, beta, small.baseAddress! + first * n, n)
          }
        }
      }
      #expect(large == small, "β = \(beta)")
    }
  }

  @Test(arguments: shapes + [Shape(m: 5, n: 7, k: 9), Shape(m: 1, n: 3, k: 2)])
  func biasesAreAddedAsToRows(_ shape: Shape) {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let (a, b, bias) = (values(m * k, seed: 1), values(k * n, seed: 2), values(n, seed: 4))
    var together = [Float](repeating: .nan, count: m * n)
    Float.affineProduct(m, n, k, a, b, bias: bias, &together)
    var apart = (0..<m).flatMap { _ in bias }
    Float.gemm(false, true, m, n, k, 1, a, k, b, k, 1, &apart, n)
    #expect(together == apart)
  }
}
