import Tensor
import Testing

/// Loops with conditions, and reductions of rows, against plain loops in both precisions.
struct ChoiceKernelTests {
  private static let lengths = [1, 2, 7, 16, 33, 65]

  /// Numbers of which many are equal, some are 0, and all sums are exact.
  private func values<T: Scalar>(_: T.Type, _ n: Int, _ purpose: String) -> [T] {
    var stream = RandomStream(seed: 1, purpose: purpose)
    return (0..<n).map { _ in T((stream.uniform(in: -2..<2) * 2).rounded() / 2) }
  }

  private func zeros<T: Scalar>(_: T.Type, _ n: Int) -> [T] { Array(repeating: 0, count: n) }

  private func checkConditions<T: Scalar>(_: T.Type) {
    let conditions: [(Comparison, (T, T) -> Bool)] = [
      (.equal, { $0 == $1 }), (.not_equal, { $0 != $1 }), (.less, { $0 < $1 }), (.less_equal, { $0 <= $1 }),
      (.greater, { $0 > $1 }), (.greater_equal, { $0 >= $1 }), (.logical_and, { $0 != 0 && $1 != 0 }),
      (.logical_or, { $0 != 0 || $1 != 0 }),
    ]
    #expect(conditions.count == Comparison.count.rawValue)
    for n in Self.lengths {
      let (a, b, m) = (values(T.self, n, "a"), values(T.self, n, "b"), values(T.self, n, "m"))
      var y = zeros(T.self, n)
      for step in [0, 1] {
        for (condition, holds) in conditions {
          Choices.compare(condition, a, b, step: step, &y, n)
          #expect(y == (0..<n).map { holds(a[$0], b[$0 * step]) ? 1 : 0 })
        }
        for other in [0, 1] {
          Choices.choose(m, a, aStep: step, b, bStep: other, &y, n)
          #expect(y == (0..<n).map { m[$0] != 0 ? a[$0 * step] : b[$0 * other] })
        }
        for end in [Extreme.largest, .smallest] {
          Choices.extreme(end, a, b, step: step, &y, n)
          #expect(
            y == (0..<n).map { end == .largest ? max(a[$0], b[$0 * step]) : min(a[$0], b[$0 * step]) })
          y = b
          Choices.extremeShare(end, a, b, step: step, m, adds: true, &y, n)
          let sign: T = end == .largest ? 1 : -1
          #expect(
            y
              == (0..<n).map { place in
                let (first, second) = (sign * a[place], sign * b[place * step])
                return b[place] + m[place] * (first > second ? 1 : first == second ? 0.5 : 0)
              })
        }
      }
    }
  }

  @Test func conditions() {
    checkConditions(Float.self)
    checkConditions(Double.self)
  }

  private func checkSlopes<T: Scalar>(_: T.Type) {
    for (outer, channels, inner) in [(3, 1, 5), (4, 3, 1), (2, 17, 1), (2, 3, 7)] {
      let n = outer * channels * inner
      let slopes = ChannelSlopes<T>(channels: channels, inner: inner)
      let (x, d, w) = (values(T.self, n, "x"), values(T.self, n, "d"), values(T.self, channels, "w"))
      func channel(_ place: Int) -> Int { place / inner % channels }
      var y = zeros(T.self, n)
      slopes.values(x, w, &y, outer: outer)
      #expect(y == (0..<n).map { x[$0] > 0 ? x[$0] : w[channel($0)] * x[$0] })
      slopes.slope(x, w, d, &y, outer: outer)
      #expect(y == (0..<n).map { x[$0] > 0 ? d[$0] : w[channel($0)] * d[$0] })
      y = d
      slopes.add(x, w, x, &y, outer: outer)
      #expect(y == (0..<n).map { d[$0] + (x[$0] > 0 ? 0 : w[channel($0)] * x[$0]) })
      var sums = w
      slopes.sum(x, x, d, &sums, outer: outer)
      var expected = w
      for place in 0..<n where x[place] <= 0 { expected[channel(place)] += x[place] * d[place] }
      #expect(sums == expected)
    }
  }

  @Test func slopesOfChannels() {
    checkSlopes(Float.self)
    checkSlopes(Double.self)
  }

  private func checkRows<T: Scalar>(_: T.Type) {
    for (rows, n) in [(1, 1), (3, 5), (4, 33)] {
      let x = values(T.self, rows * n, "x")
      let tx = values(T.self, rows * n, "tx")
      var (y, ty, dx) = (zeros(T.self, rows), zeros(T.self, rows), zeros(T.self, rows * n))
      for end in [Extreme.largest, .smallest] {
        RowReductions.extreme(end, x, &y, rows: rows, n)
        RowReductions.pushExtreme(x, y, tx, &ty, rows: rows, n)
        RowReductions.pullExtreme(x, y, ty, &dx, rows: rows, n)
        for row in 0..<rows {
          let range = row * n..<(row + 1) * n
          let extreme = end == .largest ? x[range].max() : x[range].min()
          #expect(y[row] == extreme)
          let chosen = range.filter { x[$0] == extreme }
          #expect(ty[row] == chosen.reduce(0) { $0 + tx[$1] } / T(chosen.count))
          for place in range {
            #expect(dx[place] == (chosen.contains(place) ? ty[row] / T(chosen.count) : 0))
          }
        }
      }
    }
    for (outer, size, inner) in [(2, 5, 1), (3, 4, 6), (1, 1, 3)] {
      let x = values(T.self, outer * size * inner, "x")
      var y = zeros(T.self, x.count)
      for backwards in [false, true] {
        RowReductions.cumulate(x, &y, outer: outer, size: size, inner: inner, backwards: backwards)
        for place in x.indices {
          let step = place / inner % size
          let start = place - step * inner
          let summed = backwards ? step..<size : 0..<step + 1
          #expect(y[place] == summed.reduce(0) { $0 + x[start + $1 * inner] })
        }
      }
    }
  }

  @Test func rows() {
    checkRows(Float.self)
    checkRows(Double.self)
  }

  /// Rows far from 0 neither overflow nor vanish.
  @Test func logarithmsOfSums() {
    let x = [1000.0, 1000, -1000, -1001]
    var y = [0.0, 0]
    RowReductions.logSumExp(x, &y, rows: 2, 2)
    #expect(abs(y[0] - 1000.6931471805599) < 1e-9 && abs(y[1] + 999.6867383124818) < 1e-9)
  }
}
