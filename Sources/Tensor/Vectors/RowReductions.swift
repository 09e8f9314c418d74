import CKernels

/// Functions of rows of n numbers that leave one number a row, and sums along an axis (`reductions.h`).
public enum RowReductions<Element: Scalar> {
  public typealias Read = UnsafePointer<Element>
  public typealias Write = UnsafeMutablePointer<Element>

  /// y[o,i,:] ← Σ x[o,j,:] over j ≤ i, or over j ≥ i if `backwards`; outer × size × inner.
  public static func cumulate(
    _ x: Read, _ y: Write, outer: Int, size: Int, inner: Int, backwards: Bool
  ) {
    switch Element.precision {
    case .float32: ck_cumulate_f32(x.bound(), y.bound(), outer, size, inner, backwards ? 1 : 0)
    case .float64: ck_cumulate_f64(x.bound(), y.bound(), outer, size, inner, backwards ? 1 : 0)
    }
  }

  /// y[r] ← the largest or smallest number of a row.
  public static func extreme(_ end: Extreme, _ x: Read, _ y: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_row_extreme_f32(Float(end.rawValue), x.bound(), y.bound(), rows, n)
    case .float64: ck_row_extreme_f64(Double(end.rawValue), x.bound(), y.bound(), rows, n)
    }
  }

  /// ty[r] ← the mean of tx over the places of a row where x is y[r].
  public static func pushExtreme(_ x: Read, _ y: Read, _ tx: Read, _ ty: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_row_extreme_push_f32(x.bound(), y.bound(), tx.bound(), ty.bound(), rows, n)
    case .float64: ck_row_extreme_push_f64(x.bound(), y.bound(), tx.bound(), ty.bound(), rows, n)
    }
  }

  /// dx ← dy[r] over the number of these places there, else 0.
  public static func pullExtreme(_ x: Read, _ y: Read, _ dy: Read, _ dx: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_row_extreme_pull_f32(x.bound(), y.bound(), dy.bound(), dx.bound(), rows, n)
    case .float64: ck_row_extreme_pull_f64(x.bound(), y.bound(), dy.bound(), dx.bound(), rows, n)
    }
  }

  /// y[r] ← log Σ exp x over a row.
  public static func logSumExp(_ x: Read, _ y: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_log_sum_exp_f32(x.bound(), y.bound(), rows, n)
    case .float64: ck_log_sum_exp_f64(x.bound(), y.bound(), rows, n)
    }
  }

  /// With p = exp(x − y[r]): ty[r] ← Σ p·tx
  public static func pushLogSumExp(_ x: Read, _ y: Read, _ tx: Read, _ ty: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_log_sum_exp_push_f32(x.bound(), y.bound(), tx.bound(), ty.bound(), rows, n)
    case .float64: ck_log_sum_exp_push_f64(x.bound(), y.bound(), tx.bound(), ty.bound(), rows, n)
    }
  }

  /// dx ← p·dy[r]
  public static func pullLogSumExp(_ x: Read, _ y: Read, _ dy: Read, _ dx: Write, rows: Int, _ n: Int) {
    switch Element.precision {
    case .float32: ck_log_sum_exp_pull_f32(x.bound(), y.bound(), dy.bound(), dx.bound(), rows, n)
    case .float64: ck_log_sum_exp_pull_f64(x.bound(), y.bound(), dy.bound(), dx.bound(), rows, n)
    }
  }

  /// tdx ← p·tdy[r] + p·(tx − ty[r])·dy[r]
  public static func pullLogSumExpTangent(
    _ x: Read, _ y: Read, tx: Read, ty: Read, _ dy: Read, _ tdy: Read, _ tdx: Write, rows: Int, _ n: Int
  ) {
    switch Element.precision {
    case .float32:
      ck_log_sum_exp_pull_tangent_f32(
        x.bound(), y.bound(), tx.bound(), ty.bound(), dy.bound(), tdy.bound(), tdx.bound(), rows, n)
    case .float64:
      ck_log_sum_exp_pull_tangent_f64(
        x.bound(), y.bound(), tx.bound(), ty.bound(), dy.bound(), tdy.bound(), tdx.bound(), rows, n)
    }
  }
}
