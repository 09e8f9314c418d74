import Influence
import Tensor
import Testing

@Suite("Linear operators")
struct OperatorTests {
  let n = 12
  let matrix = TestSystems.symmetric((1...12).map { Double($0) - 4.5 }, seed: 1)
  let j = [1, 2, 5, 9, 11]

  @Test func transposesAreAdjoint() throws {
    let tall = DenseOperator(TestSystems.vector(35, seed: 2), rows: 7, columns: 5)
    let h = DenseSymmetricOperator(matrix, dimension: n)
    try expectAdjoint(tall)
    try expectAdjoint(h)
    try expectAdjoint(DampedOperator(h, damping: 0.3))
    try expectAdjoint(NormalOperator(tall, damping: 0.7))
    try expectAdjoint(StackedDampingOperator(tall, damping: 0.7))
    try expectAdjoint(ColumnRestriction(h, indices: j))
    try expectAdjoint(PrincipalRestriction(h, indices: j))
  }

  private func expectAdjoint<A: LinearOperator>(_ a: A) throws where A.Element == Double {
    let x = TestSystems.vector(a.columns, seed: 3)
    let y = TestSystems.vector(a.rows, seed: 4)
    let left = try a.apply(x).dot(y)
    let right = try a.applyTransposed(y).dot(x)
    #expect(abs(left - right) <= 1e-12 * (abs(left) + 1))
    let block = try a.apply(block: [x, x.map { 2 * $0 }])
    #expect(relativeError(block[0], try a.apply(x)) <= 1e-14)
    #expect(relativeError(block[1], try a.apply(x.map { 2 * $0 })) <= 1e-14)
  }

  @Test func restrictionsAreTheSubmatrices() throws {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    let columns = ColumnRestriction(h, indices: j)
    let principal = PrincipalRestriction(h, indices: j)
    for (position, index) in j.enumerated() {
      var unit = [Double].zeros(j.count)
      unit[position] = 1
      let column = (0..<n).map { matrix[$0 * n + index] }
      #expect(try columns.apply(unit) == column)
      #expect(try principal.apply(unit) == j.map { column[$0] })
    }
  }

  @Test func productsAreCounted() throws {
    let counted = CountingOperator(DenseSymmetricOperator(matrix, dimension: n))
    let normal = NormalOperator(counted)
    _ = try normal.apply(TestSystems.vector(n, seed: 5))
    _ = try counted.apply(block: [TestSystems.vector(n, seed: 6), TestSystems.vector(n, seed: 7)])
    #expect(counted.counter.count == 4)
    #expect(normal.productsPerApplication == 2)
  }

  @Test func aWrongLengthIsAnError() {
    let h = DenseSymmetricOperator(matrix, dimension: n)
    #expect(throws: SolveError.length(of: "the vector to multiply", expected: 12, actual: 3)) {
      try h.apply([1, 2, 3])
    }
    #expect(throws: SolveError.length(of: "the right-hand side", expected: 12, actual: 1)) {
      try ConjugateGradient().solve(h, [1])
    }
  }
}
