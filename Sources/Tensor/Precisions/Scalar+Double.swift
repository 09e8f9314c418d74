import CKernels
import COpenBLAS

extension Double: Scalar {
  public static var precision: Precision { .float64 }

  @inlinable
  public static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
    _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, _ beta: Double,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }

  @inlinable
  public static func affineProduct(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    bias: UnsafePointer<Double>, _ c: UnsafeMutablePointer<Double>
  ) {
    broadcastRows(bias, c, m, n)
    gemm(false, true, m, n, k, 1, a, k, b, k, 1, c, n)
  }

  @inlinable
  public static func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ n: Int) -> Double {
    ck_dot_f64(x, y, n)
  }

  @inlinable
  public static func sum(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    ck_sum_f64(x, n)
  }

  @inlinable
  public static func axpy(
    _ a: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    ck_axpy_f64(a, x, y, n)
  }

  @inlinable
  public static func xpby(
    _ x: UnsafePointer<Double>, _ b: Double, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    ck_xpby_f64(x, b, y, n)
  }

  @inlinable
  public static func scale(_ a: Double, _ x: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_scale_f64(a, x, n)
  }

  @inlinable
  public static func add(_ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_add_f64(x, y, n)
  }

  @inlinable
  public static func multiply(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    ck_multiply_f64(a, b, y, n)
  }

  @inlinable
  public static func multiplyAdd(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    ck_multiply_add_f64(a, b, y, n)
  }

  @inlinable
  public static func broadcastRows(
    _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int
  ) {
    ck_broadcast_rows_f64(b, y, m, n)
  }

  @inlinable
  public static func sumRows(
    _ x: UnsafePointer<Double>, _ s: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int
  ) {
    ck_sum_rows_f64(x, s, m, n)
  }

  @inlinable
  public static func centredDotRows(
    _ x: UnsafePointer<Double>, _ mu: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
    _ s: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int
  ) {
    ck_centred_dot_rows_f64(x, mu, y, s, m, n)
  }

  @inlinable
  public static func gatherColumns(
    _ x: UnsafePointer<Double>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Double>,
    _ m: Int, _ n: Int
  ) {
    ck_gather_columns_f64(x, columns.baseAddress, columns.count, y, m, n)
  }

  @inlinable
  public static func scatterColumns(
    _ x: UnsafePointer<Double>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Double>,
    _ m: Int, _ n: Int
  ) {
    ck_scatter_columns_f64(x, columns.baseAddress, columns.count, y, m, n)
  }

  @inlinable
  public static func relu(_ x: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_relu_f64(x, n)
  }

  @inlinable
  public static func reluMask(_ y: UnsafePointer<Double>, _ d: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_relu_mask_f64(y, d, n)
  }

  @inlinable
  public static func tanh(_ x: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_tanh_f64(x, n)
  }

  @inlinable
  public static func tanhSlope(_ y: UnsafePointer<Double>, _ d: UnsafeMutablePointer<Double>, _ n: Int) {
    ck_tanh_slope_f64(y, d, n)
  }

  @inlinable
  public static func tanhSlopeTangent(
    _ y: UnsafePointer<Double>, _ ty: UnsafePointer<Double>, _ dy: UnsafePointer<Double>,
    _ tdy: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    ck_tanh_slope_tangent_f64(y, ty, dy, tdy, n)
  }

  @inlinable
  public static func affineRows(
    _ x: UnsafePointer<Double>, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int
  ) {
    ck_affine_rows_f64(x, a, b, y, m, n)
  }

  @inlinable
  public static func affineRowsAdd(
    _ x: UnsafePointer<Double>, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int
  ) {
    ck_affine_rows_add_f64(x, a, b, y, m, n)
  }

  @inlinable
  public static func im2col(
    _ x: UnsafePointer<Double>, _ columns: UnsafeMutablePointer<Double>, _ window: Window, first: Int,
    rows: Int
  ) {
    withUnsafePointer(to: window.geometry) { ck_im2col_f64(x, columns, $0, first, rows) }
  }

  @inlinable
  public static func col2im(
    _ columns: UnsafePointer<Double>, _ dx: UnsafeMutablePointer<Double>, _ window: Window, first: Int,
    rows: Int
  ) {
    withUnsafePointer(to: window.geometry) { ck_col2im_f64(columns, dx, $0, first, rows) }
  }

  @inlinable
  public static func sgd(
    _ theta: UnsafeMutablePointer<Double>, _ momentum: UnsafeMutablePointer<Double>,
    _ gradient: UnsafePointer<Double>, rate: Double, mu: Double, lambda: Double, nesterov: Bool, _ n: Int
  ) {
    ck_sgd_f64(theta, momentum, gradient, rate, mu, lambda, nesterov ? 1 : 0, n)
  }

  @inlinable
  public static func adam(
    _ theta: UnsafeMutablePointer<Double>, _ first: UnsafeMutablePointer<Double>,
    _ second: UnsafeMutablePointer<Double>, _ gradient: UnsafePointer<Double>, rate: Double, beta1: Double,
    beta2: Double, epsilon: Double, lambda: Double, c1: Double, c2: Double, _ n: Int
  ) {
    ck_adam_f64(theta, first, second, gradient, rate, beta1, beta2, epsilon, lambda, c1, c2, n)
  }
}
