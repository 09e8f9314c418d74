import Tensor
import Testing

/// Every kernel against its plain Swift form, on every small length and shape, in both precisions.
struct KernelTests {
  /// Lengths around the widths that vector code works in.
  static let lengths = [1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130, 257]
  static let shapes = [(1, 1), (1, 5), (3, 1), (2, 7), (5, 16), (129, 3), (7, 65), (130, 64), (260, 70)]

  private func values<T: Scalar>(_: T.Type, _ n: Int, _ purpose: String) -> [T] {
    var stream = RandomStream(seed: 1, purpose: purpose)
    return (0..<n).map { _ in T(stream.normal()) }
  }

  /// Rounding of a sum of n products of numbers near 1, in the element's precision.
  private func tolerance<T: Scalar>(_: T.Type, _ n: Int) -> Double { 4 * Double(T.ulpOfOne) * Double(n + 8) }

  private func expectClose<T: Scalar>(
    _ a: [T], _ b: [T], _ n: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (x, y) in zip(a, b) {
      #expect(
        abs(Double(x - y)) <= tolerance(T.self, n) * max(1, abs(Double(y))), sourceLocation: sourceLocation)
    }
  }

  private func checkVectors<T: Scalar>(_: T.Type) {
    for n in Self.lengths {
      let x: [T] = values(T.self, n, "x")
      let y: [T] = values(T.self, n, "y")
      let g: [T] = values(T.self, n, "g")
      let a = T(0.75)
      let product = (0..<n).reduce(0.0) { $0 + Double(x[$1]) * Double(y[$1]) }
      let sum = x.reduce(0.0) { $0 + Double($1) }
      #expect(abs(T.dot(x, y, n) - product) <= 1e-13 * Double(n))
      #expect(abs(T.sum(x, n) - sum) <= 1e-13 * Double(n))
      var z = y
      T.axpy(a, x, &z, n)
      expectClose(z, zip(x, y).map { a * $0 + $1 }, 1)
      z = y
      T.xpby(x, a, &z, n)
      expectClose(z, zip(x, y).map { $0 + a * $1 }, 1)
      z = x
      T.scale(a, &z, n)
      #expect(z == x.map { a * $0 })
      z = y
      T.add(x, &z, n)
      #expect(z == zip(x, y).map { $0 + $1 })
      z = x
      T.relu(&z, n)
      #expect(z == x.map { max($0, 0) })
      z = g
      T.reluMask(x, &z, n)
      #expect(z == zip(x, g).map { $0 > 0 ? $1 : 0 })
      z = x
      T.tanh(&z, n)
      expectClose(z, x.map { T(hyperbolicTangent(Double($0))) }, 40)
      z = g
      T.tanhSlope(x, &z, n)
      expectClose(z, zip(x, g).map { (1 - $0 * $0) * $1 }, 1)
      z = x
      T.tanhSlopeTangent(x, y, g, &z, n)
      expectClose(z, bent(x, y, g), 4)
    }
  }

  private func bent<T: Scalar>(_ x: [T], _ y: [T], _ g: [T]) -> [T] {
    x.indices.map { i -> T in
      let slope: T = 1 - x[i] * x[i]
      let curvature: T = 2 * x[i] * y[i] * g[i]
      return slope * x[i] - curvature
    }
  }

  private func hyperbolicTangent(_ x: Double) -> Double { 1 - 2 / (1 + exponential(2 * x)) }

  private func exponential(_ x: Double) -> Double {
    // Σ xᵏ/k! after halving: independent of the library's tanh.
    var term = 1.0
    var sum = 1.0
    let small = x / 64
    for k in 1..<20 {
      term *= small / Double(k)
      sum += term
    }
    return (0..<6).reduce(sum) { value, _ in value * value }
  }

  private func checkRows<T: Scalar>(_: T.Type) {
    for (m, n) in Self.shapes {
      let x = values(T.self, m * n, "x")
      let y = values(T.self, m * n, "y")
      let a = values(T.self, n, "a")
      let b = values(T.self, n, "b")
      var z = [T](repeating: .nan, count: m * n)
      T.broadcastRows(b, &z, m, n)
      #expect(z == (0..<m * n).map { b[$0 % n] })
      var s = a
      T.sumRows(x, &s, m, n)
      expectClose(s, (0..<n).map { c in a[c] + T((0..<m).reduce(0.0) { $0 + Double(x[$1 * n + c]) }) }, m)
      s = a
      T.centredDotRows(x, b, y, &s, m, n)
      let centred = (0..<n).map { c in
        a[c] + T((0..<m).reduce(0.0) { $0 + (Double(x[$1 * n + c]) - Double(b[c])) * Double(y[$1 * n + c]) })
      }
      expectClose(s, centred, 4 * m)
      T.affineRows(x, a, b, &z, m, n)
      expectClose(z, (0..<m * n).map { a[$0 % n] * x[$0] + b[$0 % n] }, 1)
      z = y
      T.affineRowsAdd(x, a, b, &z, m, n)
      expectClose(z, (0..<m * n).map { y[$0] + a[$0 % n] * x[$0] + b[$0 % n] }, 2)
    }
  }

  @Test func vectorsInFloat() { checkVectors(Float.self) }
  @Test func vectorsInDouble() { checkVectors(Double.self) }
  @Test func rowsInFloat() { checkRows(Float.self) }
  @Test func rowsInDouble() { checkRows(Double.self) }

  @Test(arguments: [0, 1, 2])
  func aNaNIsTheLargestOfItsWindow(_ place: Int) throws {
    let window = try #require(
      Window(
        input: Shape(height: 1, width: 3, channels: 1), kernelHeight: 1, kernelWidth: 3, stride: 1, padding: 0
      ))
    var x: [Float] = [3, 1, 2]
    x[place] = .nan
    var y: [Float] = [0]
    var at: [UInt8] = [9]
    Taps(window).maxPool(x, &y, &at, channels: 1, samples: 1)
    #expect(y[0].isNaN)
    #expect(at == [UInt8(place)])
  }

  @Test func maximumKeepsTheFirstAndLetsNaNWin() throws {
    // One window of 1×2 places and five channels, a place of padding before it.
    let window = try #require(
      Window(
        input: Shape(height: 1, width: 2, channels: 5), kernelHeight: 3, kernelWidth: 3, stride: 3, padding: 1
      ))
    let x: [Float] = [1, 2, -.infinity, 3, 4] + [1, 5, -.infinity, .nan, 2]
    var y = [Float](repeating: 9, count: 5)
    var at = [UInt8](repeating: 9, count: 5)
    let taps = Taps(window)
    taps.maxPool(x, &y, &at, channels: 5, samples: 1)
    // The first place of all beats −∞ only as a NaN would: the choice stays at it.
    #expect(at == [4, 5, 0, 5, 4])
    #expect(y[0] == 1 && y[1] == 5 && y[2] == -.infinity && y[3].isNaN && y[4] == 4)
    var gathered = [Float](repeating: 9, count: 5)
    taps.maxPoolGather([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], at, &gathered, channels: 5, samples: 1)
    #expect(gathered == [1, 7, 0, 9, 5])
    var scattered = [Float](repeating: 1, count: 10)
    taps.maxPoolScatter([1, 2, 3, 4, 5], at, &scattered, channels: 5, samples: 1)
    #expect(scattered == [2, 1, 1, 1, 6] + [1, 3, 1, 5, 1])
  }

  /// Pools by their definition on overlapping, padded and cut-off windows of several pictures.
  @Test func poolsOnEverySmallShape() throws {
    for height in 2...6 {
      for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (2, 1, 1), (3, 3, 0)] {
        let shape = Shape(height: height, width: 5, channels: 3)
        guard
          let window = Window(
            input: shape, kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: padding)
        else { continue }
        let samples = 2
        let x = values(Double.self, samples * shape.count, "x")
        let outputs = samples * window.positions * shape.channels
        var y = [Double](repeating: 0, count: outputs)
        var at = [UInt8](repeating: 0, count: outputs)
        let taps = Taps(window)
        taps.maxPool(x, &y, &at, channels: 3, samples: samples)
        var gathered = [Double](repeating: 0, count: outputs)
        taps.maxPoolGather(x, at, &gathered, channels: 3, samples: samples)
        #expect(gathered == y)
        let dy = values(Double.self, outputs, "dy")
        var dx = [Double](repeating: 0, count: x.count)
        taps.maxPoolScatter(dy, at, &dx, channels: 3, samples: samples)
        #expect(abs(x.dot(dx) - y.dot(dy)) < 1e-12)
        for index in 0..<outputs {
          let (place, c) = (index / shape.channels, index % shape.channels)
          let (sample, position) = (place / window.positions, place % window.positions)
          let top = position / window.outputWidth * stride - padding
          let left = position % window.outputWidth * stride - padding
          let inside = (max(top, 0)..<min(top + kernel, height)).flatMap { row in
            (max(left, 0)..<min(left + kernel, 5)).map { x[((sample * height + row) * 5 + $0) * 3 + c] }
          }
          #expect(y[index] == inside.max())
        }
      }
    }
  }

  @Test func reluLetsNaNThrough() {
    var x: [Double] = [.nan, -1, 2]
    Double.relu(&x, 3)
    #expect(x[0].isNaN && x[1] == 0 && x[2] == 2)
  }

  /// A plain sum of 4 million values of 2.25 in `Float` is 6 % wrong.
  @Test func longSumsKeepTheirDigits() {
    let n = 4_000_000
    let x = [Float](repeating: 2.25, count: n)
    #expect(Float.sum(x, n) == 2.25 * Double(n))
    #expect(Float.dot(x, x, n) == 2.25 * 2.25 * Double(n))
    var s: [Float] = [0]
    Float.sumRows(x, &s, n, 1)
    #expect(abs(Double(s[0]) / (2.25 * Double(n)) - 1) < 1e-4)
  }

  @Test(arguments: [false, true], [false, true])
  func matrixProducts(_ transposeA: Bool, _ transposeB: Bool) {
    for (m, n, k) in [(1, 1, 1), (2, 3, 4), (5, 1, 7), (9, 17, 8), (33, 20, 40)] {
      let a = values(Double.self, m * k, "a")
      let b = values(Double.self, k * n, "b")
      let start = values(Double.self, m * n, "c")
      var c = start
      Double.gemm(
        transposeA, transposeB, m, n, k, 0.5, a, transposeA ? m : k, b, transposeB ? k : n, 2, &c, n)
      let expected = (0..<m * n).map { index -> Double in
        let (row, column) = (index / n, index % n)
        return 2 * start[index]
          + 0.5
          * (0..<k).reduce(0) {
            $0 + a[transposeA ? $1 * m + row : row * k + $1]
              * b[transposeB ? column * k + $1 : $1 * n + column]
          }
      }
      expectClose(c, expected, k)
    }
  }

  /// Shapes around the tiles of the engine's own product and the parts it goes in, with room between rows.
  @Test(arguments: [false, true], [false, true])
  func matrixProductsInFloat(_ transposeA: Bool, _ transposeB: Bool) {
    for (m, n, k) in [
      (8, 24, 8), (12, 32, 16), (11, 33, 17), (23, 31, 15), (25, 64, 48), (7, 40, 20), (40, 20, 30),
      (13, 97, 513),
      (241, 32, 31), (485, 33, 8), (9, 30, 1030), (32, 100, 513), (20, 71, 16), (27, 97, 40), (33, 99, 20),
      (128, 6, 64), (70, 12, 33), (17, 16, 513), (5, 3, 3), (40, 3, 9), (6, 64, 128), (12, 96, 7),
      (3, 50, 530),
    ] {
      let lda = (transposeA ? m : k) + 3
      let ldb = (transposeB ? k : n) + 5
      let ldc = n + 2
      let a = values(Float.self, (transposeA ? k : m) * lda, "a")
      let b = values(Float.self, (transposeB ? n : k) * ldb, "b")
      let start = values(Float.self, m * ldc, "c")
      for beta: Float in [0, 1, 0.5] {
        for alpha: Float in [1, 2] {
          var c = start
          if beta == 0 { for row in 0..<m { for j in 0..<n { c[row * ldc + j] = .nan } } }
          Float.gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, &c, ldc)
          var worst = 0.0
          for row in 0..<m {
            for column in 0..<n {
              var sum = 0.0
              for l in 0..<k {
                sum +=
                  Double(a[transposeA ? l * lda + row : row * lda + l])
                  * Double(b[transposeB ? column * ldb + l : l * ldb + column])
              }
              let expected = Double(alpha) * sum + Double(beta) * Double(start[row * ldc + column])
              worst = max(worst, abs(Double(c[row * ldc + column]) - expected))
            }
            // Values between the rows stay.
            for gap in n..<ldc where row * ldc + gap < c.count {
              #expect(c[row * ldc + gap] == start[row * ldc + gap])
            }
          }
          #expect(worst < 1e-6 * Double(k + 8), "\(m)×\(n)×\(k), α \(alpha), β \(beta)")
        }
      }
    }
  }

  /// im2col by its definition, on every small window; col2im as its transpose.
  @Test func windowsOnEverySmallShape() throws {
    for height in 1...5 {
      for width in [1, 3, 4] {
        for channels in [1, 3] {
          for (kh, kw) in [(1, 1), (2, 3), (3, 3), (5, 2)] {
            for stride in 1...3 {
              for padding in 0...2 {
                let shape = Shape(height: height, width: width, channels: channels)
                guard
                  let window = Window(
                    input: shape, kernelHeight: kh, kernelWidth: kw, stride: stride, padding: padding)
                else { continue }
                checkWindow(window)
              }
            }
          }
        }
      }
    }
  }

  private func checkWindow(_ window: Window) {
    let samples = 2
    let shape = window.input
    let x = values(Double.self, samples * shape.count, "x")
    let rows = samples * window.positions
    let first = rows / 3
    var columns = [Double](repeating: .nan, count: (rows - first) * window.columns)
    Double.im2col(x, &columns, window, first: first, rows: rows - first)
    var expected: [Double] = []
    for row in first..<rows {
      let (sample, position) = (row / window.positions, row % window.positions)
      let (oy, ox) = (position / window.outputWidth, position % window.outputWidth)
      for ky in 0..<window.kernelHeight {
        for kx in 0..<window.kernelWidth {
          for c in 0..<shape.channels {
            let (iy, ix) = (
              oy * window.stride - window.padding + ky, ox * window.stride - window.padding + kx
            )
            let inside = (0..<shape.height).contains(iy) && (0..<shape.width).contains(ix)
            expected.append(
              inside ? x[((sample * shape.height + iy) * shape.width + ix) * shape.channels + c] : 0)
          }
        }
      }
    }
    #expect(columns == expected)
    // ⟨C x, r⟩ = ⟨x, Cᵀ r⟩
    let r = values(Double.self, columns.count, "r")
    var back = [Double](repeating: 0, count: x.count)
    Double.col2im(r, &back, window, first: first, rows: rows - first)
    #expect(abs(columns.dot(r) - x.dot(back)) < 1e-10)
  }

  @Test func optimizersAreThoseOfPyTorch() {
    // Two steps by hand: θ = 1, g = 0.5, momentum 0.9, decay 0.1, rate 0.1.
    var theta: [Double] = [1]
    var m: [Double] = [0]
    Double.sgd(&theta, &m, [0.5], rate: 0.1, mu: 0.9, lambda: 0.1, nesterov: false, 1)
    #expect(abs(theta[0] - 0.94) < 1e-15)
    Double.sgd(&theta, &m, [0.5], rate: 0.1, mu: 0.9, lambda: 0.1, nesterov: false, 1)
    #expect(abs(theta[0] - (0.94 - 0.1 * (0.9 * 0.6 + 0.5 + 0.094))) < 1e-15)
    theta = [1]
    m = [0]
    Double.sgd(&theta, &m, [0.5], rate: 0.1, mu: 0.9, lambda: 0, nesterov: true, 1)
    #expect(abs(theta[0] - (1 - 0.1 * (0.5 + 0.9 * 0.5))) < 1e-15)
    // Adam's first step is rate·g/(|g| + ε) for every g.
    theta = [1]
    m = [0]
    var s: [Double] = [0]
    Double.adam(
      &theta, &m, &s, [0.3], rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lambda: 0, c1: 0.1,
      c2: 0.001, 1)
    #expect(abs(theta[0] - 0.99) < 1e-9)
  }
}
