import Tensor
import Testing

struct DenseAlgebraTests {
  private func random(_ count: Int, _ purpose: String) -> [Double] {
    var stream = RandomStream(seed: 6, purpose: purpose)
    return (0..<count).map { _ in stream.normal() }
  }

  /// BᵀB + I for a random B.
  private func positive(_ n: Int) -> [Double] {
    let b = random(n * n, "matrix")
    return (0..<n * n).map { index in
      let (i, j) = (index / n, index % n)
      return (0..<n).reduce(i == j ? 1 : 0) { $0 + b[$1 * n + i] * b[$1 * n + j] }
    }
  }

  private func product(_ a: [Double], _ x: [Double], rows: Int) -> [Double] {
    (0..<rows).map { row in x.indices.reduce(0) { $0 + a[row * x.count + $1] * x[$1] } }
  }

  @Test(arguments: [1, 2, 9, 40])
  func choleskySolves(_ n: Int) throws {
    let a = positive(n)
    let rights = [random(n, "b"), random(n, "c")]
    let solutions = try DenseAlgebra.solvePositiveDefinite(a, order: n, rightHandSides: rights)
    for (x, b) in zip(solutions, rights) {
      for (left, right) in zip(product(a, x, rows: n), b) { #expect(abs(left - right) < 1e-9) }
    }
  }

  @Test func indefiniteIsNamed() {
    #expect(throws: DenseAlgebraError.notPositiveDefinite(order: 2)) {
      try DenseAlgebra.solvePositiveDefinite([1, 0, 0, -1], order: 2, rightHandSides: [[1, 1]])
    }
  }

  @Test(arguments: [1, 3, 17])
  func eigenpairsAreThat(_ n: Int) throws {
    let a = positive(n)
    let (values, vectors) = try DenseAlgebra.eigen(a, order: n)
    #expect(values == values.sorted())
    for (index, value) in values.enumerated() {
      let v = Array(vectors[index * n..<(index + 1) * n])
      #expect(abs(v.norm - 1) < 1e-12)
      for (left, right) in zip(product(a, v, rows: n), v) { #expect(abs(left - value * right) < 1e-9) }
    }
  }

  @Test(arguments: [(5, 3), (4, 4), (3, 6)])
  func leastSquaresMeetsTheNormalEquations(_ m: Int, _ n: Int) throws {
    let a = random(m * n, "tall")
    let b = random(m, "right")
    let (x, rank, singular) = try DenseAlgebra.leastSquares(a, rows: m, columns: n, b)
    #expect(rank == min(m, n) && singular.count == min(m, n))
    let residual = zip(b, product(a, x, rows: m)).map { $0 - $1 }
    for column in 0..<n {
      #expect(abs((0..<m).reduce(0) { $0 + a[$1 * n + column] * residual[$1] }) < 1e-10)
    }
  }

  @Test func rankDeficientGivesTheShortest() throws {
    // Both columns are the same: the shortest solution shares equally.
    let (x, rank, _) = try DenseAlgebra.leastSquares([1, 1, 2, 2], rows: 2, columns: 2, [2, 4])
    #expect(rank == 1)
    #expect(abs(x[0] - 1) < 1e-12 && abs(x[1] - 1) < 1e-12)
  }
}
