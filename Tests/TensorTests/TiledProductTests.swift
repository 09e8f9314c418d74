import Foundation
import Tensor
import TestSupport
import Testing

/// Products on matrix tiles against products in `Double`, and against the engine's other product in `Float`.
@Suite(.enabled(if: Float.hasTiles, "the processor has no matrix tiles"))
struct TiledProductTests {
  struct Shape: Sendable {
    let m: Int
    let n: Int
    let k: Int
  }

  /// Shapes around the halves of panels, the panels, the steps and the parts that the kernel works in.
  static let shapes = [
    Shape(m: 1, n: 1, k: 1), Shape(m: 15, n: 17, k: 31), Shape(m: 16, n: 16, k: 32),
    Shape(m: 33, n: 31, k: 33),
    Shape(m: 48, n: 49, k: 65), Shape(m: 129, n: 97, k: 257), Shape(m: 65, n: 801, k: 130),
    Shape(m: 300, n: 70, k: 513),
  ]

  /// The largest error of a shape may be this times that of the other kernel. The products of parts that are left
  /// out are at most 2⁻²⁴ of a product, as much as its rounding in `Float`.
  static let errorFactor = 2.0

  private func values(_ count: Int, _ purpose: String, spread: Double = 0) -> [Float] {
    var stream = RandomStream(seed: 1, purpose: purpose)
    return (0..<count).map { _ in
      let value = stream.normal()
      return Float(value * exp2(spread * stream.normal()))
    }
  }

  private func product(
    _ transposed: (a: Bool, b: Bool), _ shape: Shape, _ a: [Float], _ lda: Int, _ b: [Float], _ ldb: Int,
    base: [Float]? = nil, pitch: Int = 0
  ) -> [Float] {
    var c = [Float](repeating: .nan, count: shape.m * shape.n)
    let made =
      base.map {
        Float.tiledProduct(
          transposed.a, transposed.b, shape.m, shape.n, shape.k, a, lda, b, ldb, and: nil, base: $0,
          pitch: pitch, &c,
          shape.n)
      }
      ?? Float.tiledProduct(
        transposed.a, transposed.b, shape.m, shape.n, shape.k, a, lda, b, ldb, and: nil, base: nil, pitch: 0,
        &c,
        shape.n)
    #expect(made)
    return c
  }

  /// Like `product` with factors without gaps.
  private func product(_ shape: Shape, _ a: [Float], _ b: [Float]) -> [Float] {
    product((false, true), shape, a, shape.k, b, shape.k)
  }

  /// One product, or two that go into one sum, with room between rows.
  @Test(arguments: shapes, [(false, false), (false, true), (true, false), (true, true)])
  func isAsExactAsFloat(_ shape: Shape, _ transposed: (a: Bool, b: Bool)) {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let lda = (transposed.a ? m : k) + 3
    let ldb = (transposed.b ? k : n) + 5
    let ldc = n + 2
    for spread in [0.0, 8] {
      let lefts = ["a", "a2"].map { values((transposed.a ? k : m) * lda, $0, spread: spread) }
      let rights = ["b", "b2"].map { values((transposed.b ? n : k) * ldb, $0, spread: spread) }
      let start = values(m * ldc, "c")
      for (terms, accumulates) in [(1, false), (1, true), (2, false), (2, true)] {
        var tiled = start
        var plain = start
        tiled.withUnsafeMutableBufferPointer { c in
          lefts[1].withUnsafeBufferPointer { a2 in
            rights[1].withUnsafeBufferPointer { b2 in
              #expect(
                Float.tiledProduct(
                  transposed.a, transposed.b, m, n, k, lefts[0], lda, rights[0], ldb,
                  and: terms == 2 ? (a2.baseAddress!, b2.baseAddress!) : nil,
                  base: accumulates ? UnsafePointer(c.baseAddress!) : nil, pitch: ldc, c.baseAddress!, ldc))
            }
          }
        }
        for term in 0..<terms {
          Float.gemm(
            transposed.a, transposed.b, m, n, k, 1, lefts[term], lda, rights[term], ldb,
            accumulates || term > 0 ? 1 : 0, &plain, ldc)
        }
        var (worst, allowed) = (0.0, 0.0)
        for row in 0..<m {
          for column in 0..<n {
            let place = row * ldc + column
            var sum = accumulates ? Double(start[place]) : 0
            var size = abs(sum)
            for term in 0..<terms {
              for l in 0..<k {
                let value =
                  Double(lefts[term][transposed.a ? l * lda + row : row * lda + l])
                  * Double(rights[term][transposed.b ? column * ldb + l : l * ldb + column])
                sum += value
                size += abs(value)
              }
            }
            worst = max(worst, abs(Double(tiled[place]) - sum) / size)
            // No rounding is below half a unit.
            allowed = max(allowed, abs(Double(plain[place]) - sum) / size, 0x1p-25)
          }
          for gap in row * ldc + n..<(row + 1) * ldc { #expect(tiled[gap] == start[gap]) }
        }
        #expect(worst <= Self.errorFactor * allowed, "\(terms) terms, spread \(spread), \(accumulates)")
      }
    }
  }

  @Test(arguments: shapes)
  func biasesAreAddedToRows(_ shape: Shape) {
    let (a, b) = (values(shape.m * shape.k, "a"), values(shape.n * shape.k, "b"))
    let bias = values(shape.n, "bias")
    let together = product((false, true), shape, a, shape.k, b, shape.k, base: bias)
    let rows = (0..<shape.m).flatMap { _ in bias }
    #expect(
      together == product((false, true), shape, a, shape.k, b, shape.k, base: rows, pitch: shape.n))
  }

  /// A shard of any size gives the same bits, wherever the row lies in it.
  @Test(arguments: [false, true])
  func rowsDoNotDependOnOtherRows(_ transposesA: Bool) {
    let shape = Shape(m: 300, n: 130, k: 300)
    let b = values(shape.n * shape.k, "b")
    let row = values(shape.k, "row")
    let single = product(Shape(m: 1, n: shape.n, k: shape.k), row, b)
    for place in [0, 1, 16, 31, 127, 128, 255, 299] {
      var a = values(shape.m * shape.k, "a")
      for l in 0..<shape.k { a[transposesA ? l * shape.m + place : place * shape.k + l] = row[l] }
      let all = product((transposesA, true), shape, a, transposesA ? shape.m : shape.k, b, shape.k)
      #expect(Array(all[place * shape.n..<(place + 1) * shape.n]) == single, "row \(place)")
    }
  }

  /// A product with the unit matrix gives every number back. The parts of a float are exact, up to the largest one.
  @Test func partsAddUpToTheFloat() {
    let numbers: [Float] = [
      0, 1, -1, .pi, -.pi, 1 / 3, 0x1.fffffep0, 0x1.010101p0, 0x1.00ffffp0, 0x1.ff7ffep9, 0x1p-109,
      0x1.555554p-100, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1.fep127, 0x1.ff8p126,
    ]
    let count = numbers.count
    let unit = (0..<count * count).map { Float($0 / count == $0 % count ? 1 : 0) }
    let column = Shape(m: count, n: 1, k: count)
    #expect(product(column, unit, numbers) == numbers)
    #expect(product(Shape(m: 1, n: count, k: count), numbers, unit) == numbers)
  }

  /// Infinity and NaN reach all results that they are a factor of, and no other.
  @Test(arguments: [Float.infinity, -.infinity, .nan, Float(bitPattern: 0x7fff_ffff)])
  func valuesThatAreNotFiniteStaySeen(_ bad: Float) {
    let shape = Shape(m: 40, n: 40, k: 40)
    let (a, b) = (values(1600, "a"), values(1600, "b"))
    for place in [0, 39, 17 * 40 + 20, 1599] {
      var changed = a
      changed[place] = bad
      let rows = product(shape, changed, b)
      var other = b
      other[place] = bad
      let columns = product(shape, a, other)
      for index in 0..<1600 {
        #expect(rows[index].isFinite == (index / 40 != place / 40))
        #expect(columns[index].isFinite == (index % 40 != place / 40))
      }
    }
  }
}
