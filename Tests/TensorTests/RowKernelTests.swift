import Foundation
import Tensor
import TestSupport
import Testing

/// Kernels over rows against plain loops.
struct RowKernelTests {
  static let sizes = [1, 2, 17, 31, 32, 33, 64, 65, 100]

  private func values(_ count: Int, seed: UInt64) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: "rows")
    return (0..<count).map { _ in stream.normal() }
  }

  @Test(arguments: sizes) func productsOfRows(_ n: Int) {
    let rows = 131
    let (a, b, start) = (values(rows * n, seed: 1), values(n, seed: 2), values(rows * n, seed: 3))
    for adds in [false, true] {
      var y = start
      Double.rowKernels.multiply(a, b, &y, rows, n, adds)
      #expect(
        y.indices.allSatisfy { abs(y[$0] - (a[$0] * b[$0 % n] + (adds ? start[$0] : 0))) < 1e-14 * 100 })
    }
    var sums = b
    Double.rowKernels.dot(a, start, &sums, rows, n)
    for column in 0..<n {
      let sum = (0..<rows).reduce(b[column]) { $0 + a[$1 * n + column] * start[$1 * n + column] }
      #expect(abs(sums[column] - sum) < 1e-12)
    }
  }

  @Test(arguments: sizes, [0.7, -0.7]) func sharesOfAttention(_ n: Int, _ scale: Double) {
    let (rows, first) = (5, 13)
    let scores = values(rows * n, seed: 1)
    for causal in [false, true] {
      var shares = scores
      Double.attentionKernels.shares(&shares, rows, n, scale, first, causal)
      for row in 0..<rows {
        let seen = causal ? min(n, first + row + 1) : n
        let powers = (0..<n).map { $0 < seen ? exp(scale * scores[row * n + $0]) : 0 }
        let total = powers.reduce(0, +)
        for column in 0..<n { #expect(abs(shares[row * n + column] - powers[column] / total) < 1e-14) }
      }
    }
  }

  @Test(arguments: sizes) func slopesOfAttention(_ n: Int) {
    let (p, tp, d, td) = (values(n, seed: 1), values(n, seed: 2), values(n, seed: 3), values(n, seed: 4))
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    var (slope, other, tangent) = (d, d, td)
    Double.attentionKernels.slope(p, &slope, 1, n, 0.3)
    Double.attentionKernels.slopeTangent(p, tp, &other, &tangent, 1, n, 0.3)
    for i in 0..<n {
      #expect(abs(slope[i] - 0.3 * p[i] * (d[i] - dot(p, d))) < 1e-12)
      #expect(abs(other[i] - slope[i]) < 1e-12)
      let expected = tp[i] * (d[i] - dot(p, d)) + p[i] * (td[i] - dot(tp, d) - dot(p, td))
      #expect(abs(tangent[i] - 0.3 * expected) < 1e-12)
    }
  }
}
