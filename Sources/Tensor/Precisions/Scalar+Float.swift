import CKernels
import COpenBLAS

/// Whether this processor has a product of `Float` matrices other than that of BLAS.
@usableFromInline
enum ProductForm {
  @usableFromInline static let hasOwn = ck_has_products() == 1
}

extension Float: Scalar {
  public static var precision: Precision { .float32 }

  @inlinable
  public static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    // With AVX-512, and a shape that fills its tiles, the engine's own product is the faster one.
    if ProductForm.hasOwn, alpha == 1, beta == 0 || beta == 1, !(transposeA && transposeB), m >= 3, n >= 3,
      k >= 3
    {
      ck_product_f32(
        transposeA ? 1 : 0, transposeB ? 1 : 0, m, n, k, a, lda, b, ldb, beta == 1 ? 1 : 0, c, ldc)
      return
    }
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda), b, Int32(ldb), beta, c, Int32(ldc))
  }

  @inlinable
  public static func affineProduct(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>
  ) {
    if ProductForm.hasOwn, m >= 3, n >= 3, k >= 3 {
      ck_affine_product_f32(m, n, k, a, k, b, k, bias, c, n)
      return
    }
    broadcastRows(bias, c, m, n)
    gemm(false, true, m, n, k, 1, a, k, b, k, 1, c, n)
  }

  @inlinable
  public static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Double {
    ck_dot_f32(x, y, n)
  }

  @inlinable
  public static func sum(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
    ck_sum_f32(x, n)
  }

  @inlinable
  public static func axpy(_ a: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_axpy_f32(a, x, y, n)
  }

  @inlinable
  public static func xpby(_ x: UnsafePointer<Float>, _ b: Float, _ y: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_xpby_f32(x, b, y, n)
  }

  @inlinable
  public static func scale(_ a: Float, _ x: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_scale_f32(a, x, n)
  }

  @inlinable
  public static func add(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_add_f32(x, y, n)
  }

  @inlinable
  public static func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    ck_multiply_f32(a, b, y, n)
  }

  @inlinable
  public static func multiplyAdd(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    ck_multiply_add_f32(a, b, y, n)
  }

  @inlinable
  public static func broadcastRows(
    _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int
  ) {
    ck_broadcast_rows_f32(b, y, m, n)
  }

  @inlinable
  public static func sumRows(_ x: UnsafePointer<Float>, _ s: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int)
  {
    ck_sum_rows_f32(x, s, m, n)
  }

  @inlinable
  public static func centredDotRows(
    _ x: UnsafePointer<Float>, _ mu: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ s: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int
  ) {
    ck_centred_dot_rows_f32(x, mu, y, s, m, n)
  }

  @inlinable
  public static func gatherColumns(
    _ x: UnsafePointer<Float>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Float>,
    _ m: Int, _ n: Int
  ) {
    ck_gather_columns_f32(x, columns.baseAddress, columns.count, y, m, n)
  }

  @inlinable
  public static func scatterColumns(
    _ x: UnsafePointer<Float>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Float>,
    _ m: Int, _ n: Int
  ) {
    ck_scatter_columns_f32(x, columns.baseAddress, columns.count, y, m, n)
  }

  @inlinable
  public static func relu(_ x: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_relu_f32(x, n)
  }

  @inlinable
  public static func reluMask(_ y: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_relu_mask_f32(y, d, n)
  }

  @inlinable
  public static func tanh(_ x: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_tanh_f32(x, n)
  }

  @inlinable
  public static func tanhSlope(_ y: UnsafePointer<Float>, _ d: UnsafeMutablePointer<Float>, _ n: Int) {
    ck_tanh_slope_f32(y, d, n)
  }

  @inlinable
  public static func tanhSlopeTangent(
    _ y: UnsafePointer<Float>, _ ty: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ tdy: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    ck_tanh_slope_tangent_f32(y, ty, dy, tdy, n)
  }

  @inlinable
  public static func affineRows(
    _ x: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int
  ) {
    ck_affine_rows_f32(x, a, b, y, m, n)
  }

  @inlinable
  public static func affineRowsAdd(
    _ x: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int
  ) {
    ck_affine_rows_add_f32(x, a, b, y, m, n)
  }

  @inlinable
  public static func im2col(
    _ x: UnsafePointer<Float>, _ columns: UnsafeMutablePointer<Float>, _ window: Window, first: Int, rows: Int
  ) {
    withUnsafePointer(to: window.geometry) { ck_im2col_f32(x, columns, $0, first, rows) }
  }

  @inlinable
  public static func col2im(
    _ columns: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, _ window: Window, first: Int,
    rows: Int
  ) {
    withUnsafePointer(to: window.geometry) { ck_col2im_f32(columns, dx, $0, first, rows) }
  }

  @inlinable
  public static func sgd(
    _ theta: UnsafeMutablePointer<Float>, _ momentum: UnsafeMutablePointer<Float>,
    _ gradient: UnsafePointer<Float>, rate: Float, mu: Float, lambda: Float, nesterov: Bool, _ n: Int
  ) {
    ck_sgd_f32(theta, momentum, gradient, rate, mu, lambda, nesterov ? 1 : 0, n)
  }

  @inlinable
  public static func adam(
    _ theta: UnsafeMutablePointer<Float>, _ first: UnsafeMutablePointer<Float>,
    _ second: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, rate: Float, beta1: Float,
    beta2: Float, epsilon: Float, lambda: Float, c1: Float, c2: Float, _ n: Int
  ) {
    ck_adam_f32(theta, first, second, gradient, rate, beta1, beta2, epsilon, lambda, c1, c2, n)
  }
}
