import Tensor
import Testing

/// The kernels over taps against their definition, for windows and for their transposes.
struct TapTests {
  private static let samples = 2

  /// Axes with every combination of small options, and their transposes.
  private static let axes: [TapAxis] = {
    var axes: [TapAxis] = []
    for size in [1, 2, 5, 9] {
      for taps in [1, 2, 3, 5] {
        for (stride, dilation) in [(1, 1), (2, 1), (3, 1), (1, 2), (2, 3), (4, 2), (3, 3)] {
          for (before, after) in [(0, 0), (1, 1), (1, 2), (4, 4)] {
            if let axis = TapAxis(
              size, taps: taps, stride: stride, dilation: dilation, padding: before, after: after)
            {
              axes += [axis, axis.adjoint]
            }
          }
        }
      }
    }
    return axes
  }()

  private func values<T: Scalar>(_: T.Type, _ n: Int, _ purpose: String) -> [T] {
    var stream = RandomStream(seed: 1, purpose: purpose)
    return (0..<n).map { _ in T(stream.normal()) }
  }

  /// The source of a tap by its definition.
  private func source(_ axis: TapAxis, _ target: Int, _ tap: Int) -> Int? {
    (0..<axis.sources).first { source in
      axis.spreads
        ? target == source * axis.stride + tap * axis.dilation - axis.padding
        : source == target * axis.stride + tap * axis.dilation - axis.padding
    }
  }

  /// (sample and target, tap, sample and source) of all taps that have a source.
  private func links(_ taps: Taps) -> [(target: Int, tap: Int, source: Int)] {
    var links: [(target: Int, tap: Int, source: Int)] = []
    for sample in 0..<Self.samples {
      for y in 0..<taps.rows.targets {
        for ky in 0..<taps.rows.taps {
          guard let sy = source(taps.rows, y, ky) else { continue }
          for x in 0..<taps.columns.targets {
            for kx in 0..<taps.columns.taps {
              guard let sx = source(taps.columns, x, kx) else { continue }
              links.append(
                (
                  sample * taps.targets + y * taps.columns.targets + x, ky * taps.columns.taps + kx,
                  sample * taps.sources + sy * taps.columns.sources + sx
                ))
            }
          }
        }
      }
    }
    return links
  }

  /// Pairs of axes that between them have every axis as rows and as columns.
  private static let pairs = axes.indices.compactMap { index -> Taps? in
    let columns = axes[index]
    let others = axes.filter { $0.spreads == columns.spreads }
    return Taps(rows: others[index * 7 % others.count], columns: columns)
  }

  private func expectClose<T: Scalar>(_ a: [T], _ b: [T], _ taps: Taps, _ channels: Int) {
    // Sums of at most some hundred products of numbers near 1.
    let tolerance = 200 * Double(T.ulpOfOne)
    let worst = zip(a, b).map { abs(Double($0 - $1)) / max(1, abs(Double($1))) }.max() ?? 0
    #expect(worst < tolerance, "\(channels) channels, \(taps)")
  }

  private func checkDepthwise<T: Scalar>(_: T.Type, channels: Int) {
    for taps in Self.pairs {
      let links = links(taps)
      let x = values(T.self, Self.samples * taps.sources * channels, "x")
      let tx = values(T.self, x.count, "tx")
      let w = values(T.self, taps.count * channels, "w")
      let v = values(T.self, w.count, "v")
      let bias = values(T.self, channels, "bias")
      let dy = values(T.self, Self.samples * taps.targets * channels, "dy")
      var y = [T](repeating: .nan, count: dy.count)
      x.withUnsafeBufferPointer { x in
        tx.withUnsafeBufferPointer { tx in
          w.withUnsafeBufferPointer { w in
            v.withUnsafeBufferPointer { v in
              guard let x = x.baseAddress, let tx = tx.baseAddress, let w = w.baseAddress,
                let v = v.baseAddress
              else { return }
              taps.depthwise([(x, v), (tx, w)], bias: bias, &y, channels: channels, samples: Self.samples)
            }
          }
        }
      }
      var expected = (0..<y.count).map { bias[$0 % channels] }
      for link in links {
        for c in 0..<channels {
          let (source, tap) = (link.source * channels + c, link.tap * channels + c)
          expected[link.target * channels + c] += x[source] * v[tap] + tx[source] * w[tap]
        }
      }
      expectClose(y, expected, taps, channels)

      var gradient = w
      taps.depthwiseWeights(x, dy: dy, &gradient, channels: channels, samples: Self.samples)
      var wanted = w
      for link in links {
        for c in 0..<channels {
          wanted[link.tap * channels + c] += dy[link.target * channels + c] * x[link.source * channels + c]
        }
      }
      expectClose(gradient, wanted, taps, channels)
    }
  }

  // Fewer channels than a vector has, one vector, an overlapping one.
  @Test(arguments: [3, 8, 11]) func depthwiseInDouble(_ channels: Int) {
    checkDepthwise(Double.self, channels: channels)
  }
  @Test(arguments: [5, 16, 21]) func depthwiseInFloat(_ channels: Int) {
    checkDepthwise(Float.self, channels: channels)
  }

  /// A row of the matrix for each target, and the transpose of the matrix.
  @Test func matricesOfGroups() {
    let (channels, from, count) = (5, 1, 3)
    for taps in Self.pairs {
      let rows = Self.samples * taps.targets
      let first = rows / 3
      let x = values(Double.self, Self.samples * taps.sources * channels, "x")
      let width = taps.count * count
      var matrix = [Double](repeating: .nan, count: (rows - first) * width)
      taps.gather(
        x, channels: channels, from: from, count: count, &matrix, first: first, rows: rows - first)
      var expected = [Double](repeating: 0, count: matrix.count)
      for link in links(taps) where link.target >= first {
        for c in 0..<count {
          expected[(link.target - first) * width + link.tap * count + c] =
            x[link.source * channels + from + c]
        }
      }
      #expect(matrix == expected, "\(taps)")
      // ⟨C x, r⟩ = ⟨x, Cᵀ r⟩
      let r = values(Double.self, matrix.count, "r")
      var back = [Double](repeating: 0, count: x.count)
      taps.scatter(r, &back, channels: channels, from: from, count: count, first: first, rows: rows - first)
      #expect(abs(matrix.dot(r) - x.dot(back)) < 1e-10, "\(taps)")
    }
  }

  @Test func transposesOfMatrices() {
    let (m, n) = (5, 7)
    let x = values(Float.self, m * n, "x")
    let transposed = (0..<m * n).map { x[$0 % m * n + $0 / m] }
    var y = [Float](repeating: .nan, count: m * n)
    Float.transpose(x, &y, m, n)
    #expect(y == transposed)
    Float.transpose(x, &y, m, n, accumulates: true)
    #expect(y == transposed.map { 2 * $0 })
  }

  /// `torch.nn.functional.max_pool1d` gives so many outputs.
  @Test(arguments: [
    // size, taps, stride, dilation, padding, floor, ceil
    (5, 2, 2, 1, 0, 2, 3), (6, 2, 2, 1, 0, 3, 3), (6, 3, 2, 1, 1, 3, 4), (5, 3, 3, 1, 1, 2, 2),
    (4, 1, 3, 1, 0, 2, 2), (5, 1, 3, 1, 0, 2, 2), (7, 2, 4, 3, 1, 2, 2),
  ])
  func lastWindows(
    _ size: Int, _ taps: Int, _ stride: Int, _ dilation: Int, _ padding: Int, _ floor: Int, _ ceil: Int
  ) {
    func targets(_ ceil: Bool) -> Int? {
      TapAxis(size, taps: taps, stride: stride, dilation: dilation, padding: padding, ceil: ceil)?.targets
    }
    #expect(targets(false) == floor)
    #expect(targets(true) == ceil)
  }
}
