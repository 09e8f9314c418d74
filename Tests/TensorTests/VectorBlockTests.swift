import Tensor
import Testing

@Suite("Blocks of vectors")
struct VectorBlockTests {
  private static func vectors<Element: Scalar>(
    _ count: Int, _ length: Int, seed: UInt64, _: Element.Type = Element.self
  ) -> [[Element]] {
    var stream = RandomStream(seed: seed, purpose: "block \(count) \(length)")
    return (0..<count).map { _ in (0..<length).map { _ in Element(stream.normal()) } }
  }

  @Test func aBlockIsAValue() {
    let vectors = Self.vectors(3, 21, seed: 1, Float.self)
    var block = VectorBlock(vectors)
    let copy = block
    block.set(1, to: vectors[0])
    block.scale(2, by: 2)
    block.add(3, times: copy, 0, to: 0)
    #expect(copy.vectors == vectors)
    #expect(block[1] == vectors[0])
    #expect(block[2] == vectors[2].map { 2 * $0 })
    #expect(zip(block[0], vectors[0]).allSatisfy { abs($0 - 4 * $1) <= 1e-6 * abs($1) })
    #expect(block.selecting([2, 0]).vectors == [block[2], block[0]])
    block.resize(to: 1)
    #expect(block.vectors.count == 1 && copy.count == 3)
    #expect(VectorBlock<Double>([]).vectors.isEmpty)
  }

  /// Shapes around the edges of the tiles (6 and 2 rows, 4 columns, 8 lanes) and of the parts of 1,024.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 13], [1, 4, 6, 11])
  func productsAreThoseOfTheVectors(_ rows: Int, _ columns: Int) {
    for length in [1, 7, 8, 9, 31, 1024, 1029, 2500] {
      let a = Self.vectors(rows, length, seed: 2, Float.self)
      let b = Self.vectors(columns, length, seed: 3, Float.self)
      compare(VectorBlock(a).products(with: VectorBlock(b)), a, b)
      compare(VectorBlock(a).gramMatrix(), a, a)
      let c = Self.vectors(rows, length, seed: 4, Double.self)
      compare(VectorBlock(c).gramMatrix(), c, c)
    }
  }

  /// The sums are made in `Double` for both kinds of elements; the error is its rounding.
  private func compare<Element: Scalar>(_ products: [Double], _ a: [[Element]], _ b: [[Element]]) {
    for (i, x) in a.enumerated() {
      for (j, y) in b.enumerated() {
        let expected = zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(products[i * b.count + j] - expected) <= 1e-13 * x.norm * y.norm)
      }
    }
  }

  @Test(arguments: [(1, 1, 5), (3, 2, 33), (13, 9, 100), (50, 50, 1100)])
  func combinationsAreSums(_ rows: Int, _ inner: Int, _ length: Int) {
    check(rows, inner, length, tolerance: 1e-6, Float.self)
    check(rows, inner, length, tolerance: 1e-14, Double.self)
  }

  private func check<Element: Scalar>(
    _ rows: Int, _ inner: Int, _ length: Int, tolerance: Double, _: Element.Type
  ) {
    let vectors = Self.vectors(inner, length, seed: 5, Element.self)
    let coefficients = Self.vectors(1, rows * inner, seed: 6, Double.self)[0]
    let sums = VectorBlock(vectors).combinations(coefficients, rows: rows)
    var more = VectorBlock(Self.vectors(rows, length, seed: 7, Element.self))
    let start = more
    more.add(coefficients, times: VectorBlock(vectors))
    for row in 0..<rows {
      for place in 0..<length {
        var expected = 0.0
        var size = 1.0
        for k in 0..<inner {
          let term = coefficients[row * inner + k] * Double(vectors[k][place])
          expected += term
          size += abs(term)
        }
        #expect(abs(Double(sums[row][place]) - expected) <= tolerance * size)
        #expect(abs(Double(more[row][place] - start[row][place]) - expected) <= 4 * tolerance * (size + 4))
      }
    }
  }
}
