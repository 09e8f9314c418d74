import CKernels

/// The kernels of `CKernels` over taps. Pictures are channels-last, and those of all samples follow each
/// other. The caller owns every array.
extension Taps {
  /// Rows first ..< first + rows of the matrix with a row for each target. A row has, for every tap, `count`
  /// channels from `from` on at the source; zeros where there is none.
  public func gather<Element: Scalar>(
    _ x: UnsafePointer<Element>, channels: Int, from: Int, count: Int,
    _ matrix: UnsafeMutablePointer<Element>, first: Int, rows: Int
  ) {
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_taps_gather_f32($0, x.bound(), channels, from, count, matrix.bound(), first, rows)
      case .float64: ck_taps_gather_f64($0, x.bound(), channels, from, count, matrix.bound(), first, rows)
      }
    }
  }

  /// x ← x + the transpose of `gather` applied to those rows.
  public func scatter<Element: Scalar>(
    _ matrix: UnsafePointer<Element>, _ x: UnsafeMutablePointer<Element>, channels: Int, from: Int,
    count: Int, first: Int, rows: Int
  ) {
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_taps_scatter_f32($0, matrix.bound(), x.bound(), channels, from, count, first, rows)
      case .float64: ck_taps_scatter_f64($0, matrix.bound(), x.bound(), channels, from, count, first, rows)
      }
    }
  }

  /// A picture and the weights (tap × channel) that it is multiplied by.
  public typealias DepthwiseTerm<Element> = (x: UnsafePointer<Element>, w: UnsafePointer<Element>)

  /// y[target, c] ← bias[c] + Σ w[tap, c]·x[source, c] over taps and terms.
  public func depthwise<Element: Scalar>(
    _ terms: [DepthwiseTerm<Element>], bias: UnsafePointer<Element>? = nil,
    _ y: UnsafeMutablePointer<Element>, channels: Int, samples: Int
  ) {
    withUnsafePointer(to: geometry) { geometry in
      switch Element.precision {
      case .float32:
        let (x, w) = (
          terms.map { Optional($0.x.bound(Float.self)) }, terms.map { Optional($0.w.bound(Float.self)) }
        )
        ck_depthwise_f32(geometry, channels, samples, terms.count, x, w, bias?.bound(), y.bound())
      case .float64:
        let (x, w) = (
          terms.map { Optional($0.x.bound(Double.self)) }, terms.map { Optional($0.w.bound(Double.self)) }
        )
        ck_depthwise_f64(geometry, channels, samples, terms.count, x, w, bias?.bound(), y.bound())
      }
    }
  }

  /// gradient[tap, c] ← gradient[tap, c] + Σ dy[target, c]·x[source, c]
  public func depthwiseWeights<Element: Scalar>(
    _ x: UnsafePointer<Element>, dy: UnsafePointer<Element>, _ gradient: UnsafeMutablePointer<Element>,
    channels: Int, samples: Int
  ) {
    if rows.spreads != columns.spreads || rows.spreads {
      // The same sum, seen from the other picture.
      precondition(rows.spreads == columns.spreads, "Both axes gather, or both spread.")
      return adjoint.depthwiseWeights(dy, dy: x, gradient, channels: channels, samples: samples)
    }
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_depthwise_weights_f32($0, channels, samples, x.bound(), dy.bound(), gradient.bound())
      case .float64: ck_depthwise_weights_f64($0, channels, samples, x.bound(), dy.bound(), gradient.bound())
      }
    }
  }

  /// y ← the largest value of every window of `samples` pictures, `at` ← its index in the window; the first
  /// of equal values stays, a NaN wins, padding never does.
  /// - Precondition: the taps gather, and there are at most 256.
  public func maxPool<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>, _ at: UnsafeMutablePointer<UInt8>,
    channels: Int, samples: Int
  ) {
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_max_pool_f32(x.bound(), y.bound(), at, $0, channels, samples)
      case .float64: ck_max_pool_f64(x.bound(), y.bound(), at, $0, channels, samples)
      }
    }
  }

  /// dx ← dx + dy at the places that `at` says.
  public func maxPoolScatter<Element: Scalar>(
    _ dy: UnsafePointer<Element>, _ at: UnsafePointer<UInt8>, _ dx: UnsafeMutablePointer<Element>,
    channels: Int, samples: Int
  ) {
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_max_pool_scatter_f32(dy.bound(), at, dx.bound(), $0, channels, samples)
      case .float64: ck_max_pool_scatter_f64(dy.bound(), at, dx.bound(), $0, channels, samples)
      }
    }
  }

  /// y ← x at the places that `at` says.
  public func maxPoolGather<Element: Scalar>(
    _ x: UnsafePointer<Element>, _ at: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Element>,
    channels: Int, samples: Int
  ) {
    withUnsafePointer(to: geometry) {
      switch Element.precision {
      case .float32: ck_max_pool_gather_f32(x.bound(), at, y.bound(), $0, channels, samples)
      case .float64: ck_max_pool_gather_f64(x.bound(), at, y.bound(), $0, channels, samples)
      }
    }
  }
}

extension Scalar {
  /// y ← xᵀ, or y ← y + xᵀ; x m×n.
  public static func transpose(
    _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int, accumulates: Bool = false
  ) {
    switch precision {
    case .float32: ck_transpose_f32(x.bound(), y.bound(), m, n, accumulates ? 1 : 0)
    case .float64: ck_transpose_f64(x.bound(), y.bound(), m, n, accumulates ? 1 : 0)
    }
  }
}
