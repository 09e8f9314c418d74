/// The two precisions the engine computes in.
public enum Precision: String, Sendable, CaseIterable {
  case float32, float64

  /// Bytes an element takes.
  public var bytes: Int { self == .float32 ? 4 : 8 }

  /// The element of this precision, for code that takes any `Scalar`. The compiler cannot see through this
  /// property, so it compiles such code once and not once for each precision. Code with loops over elements
  /// has `@specialized` instead.
  @inline(never)
  public var scalar: any Scalar.Type {
    switch self {
    case .float32: Float.self
    case .float64: Double.self
    }
  }
}

/// An element of a tensor: `Float` or `Double`, with the kernels the engine runs on it.
///
/// The requirements are entry points into BLAS and `CKernels`; generic code stays outside the loops.
/// Matrices are row-major. Pointers must not overlap unless a requirement says so.
public protocol Scalar: BinaryFloatingPoint, Sendable, BitwiseCopyable {
  static var precision: Precision { get }

  /// C ← α·op(A)·op(B) + β·C with op(A) m×k, op(B) k×n, C m×n; leading dimensions are row strides.
  static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
  /// C ← A Bᵀ + bias in each row, for matrices without gaps: A m×k, B n×k.
  static func affineProduct(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    bias: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>)
  /// C ← C + A Bᵀ in `Double` for rows of A (m) and B (n), in an order fixed by the sizes alone.
  /// - Parameter symmetric: whether C is known to be symmetric. Then values below its diagonal are undefined.
  static func addInnerProducts(
    _ m: Int, _ n: Int, _ length: Int, symmetric: Bool, _ a: UnsafePointer<Self>, _ lda: Int,
    _ b: UnsafePointer<Self>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int)
  /// Σ xᵢyᵢ accumulated in `Double`, in an order fixed by n alone.
  static func dot(_ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ n: Int) -> Double
  /// Σ xᵢ accumulated in `Double`, in an order fixed by n alone.
  static func sum(_ x: UnsafePointer<Self>, _ n: Int) -> Double
  /// y ← y + a·x
  static func axpy(_ a: Self, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ n: Int)
  /// y ← x + b·y
  static func xpby(_ x: UnsafePointer<Self>, _ b: Self, _ y: UnsafeMutablePointer<Self>, _ n: Int)
  /// x ← a·x
  static func scale(_ a: Self, _ x: UnsafeMutablePointer<Self>, _ n: Int)
  /// y ← y + x
  static func add(_ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ n: Int)
  /// y ← a∘b
  static func multiply(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ n: Int)
  /// y ← y + a∘b
  static func multiplyAdd(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ n: Int)
  /// Every row of the m×n matrix y becomes b.
  static func broadcastRows(
    _ b: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int)
  /// s ← s + the sum of the rows of the m×n matrix x.
  static func sumRows(
    _ x: UnsafePointer<Self>, _ s: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int)
  /// s ← s + the sum of the rows of (x − mu)∘y; x and y m×n, mu a row.
  static func centredDotRows(
    _ x: UnsafePointer<Self>, _ mu: UnsafePointer<Self>, _ y: UnsafePointer<Self>,
    _ s: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int)
  /// y[r,c] ← x[r, columns[c]]; x m×n.
  static func gatherColumns(
    _ x: UnsafePointer<Self>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Self>,
    _ m: Int, _ n: Int)
  /// y[r, columns[c]] ← y[r, columns[c]] + x[r,c]; y m×n, every column at most once.
  static func scatterColumns(
    _ x: UnsafePointer<Self>, _ columns: UnsafeBufferPointer<Int32>, _ y: UnsafeMutablePointer<Self>,
    _ m: Int, _ n: Int)
  /// x ← max(x, 0); a NaN stays.
  static func relu(_ x: UnsafeMutablePointer<Self>, _ n: Int)
  /// d ← d where y > 0, else 0.
  static func reluMask(_ y: UnsafePointer<Self>, _ d: UnsafeMutablePointer<Self>, _ n: Int)
  /// x ← tanh x
  static func tanh(_ x: UnsafeMutablePointer<Self>, _ n: Int)
  /// d ← (1 − y²)·d
  static func tanhSlope(_ y: UnsafePointer<Self>, _ d: UnsafeMutablePointer<Self>, _ n: Int)
  /// tdy ← (1 − y²)·tdy − 2·y·ty·dy: φ = tanh, with y and ty = ẏ after φ, dy = ∂y, tdy = ∂ẏ.
  static func tanhSlopeTangent(
    _ y: UnsafePointer<Self>, _ ty: UnsafePointer<Self>, _ dy: UnsafePointer<Self>,
    _ tdy: UnsafeMutablePointer<Self>, _ n: Int)
  /// y[r,c] ← a[c]·x[r,c] + b[c]; y may be x.
  static func affineRows(
    _ x: UnsafePointer<Self>, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int)
  /// y[r,c] ← y[r,c] + a[c]·x[r,c] + b[c]
  static func affineRowsAdd(
    _ x: UnsafePointer<Self>, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ m: Int, _ n: Int)
  /// Rows first ..< first + rows of the im2col matrix. Each row is the window of one output position, along
  /// (kernel row, kernel column, channel); the positions of all samples follow each other.
  static func im2col(
    _ x: UnsafePointer<Self>, _ columns: UnsafeMutablePointer<Self>, _ window: Window, first: Int, rows: Int)
  /// dx ← dx + the transpose of `im2col` applied to those rows.
  static func col2im(
    _ columns: UnsafePointer<Self>, _ dx: UnsafeMutablePointer<Self>, _ window: Window, first: Int, rows: Int)
  /// The transforms of minimal filtering for tiles of 2×2 or 4×4 outputs.
  static func winogradKernels(tile: Int) -> WinogradKernels<Self>
  /// Normalization and softmax of rows.
  static var rowKernels: RowKernels<Self> { get }

  /// Rows of attention.
  static var attentionKernels: AttentionKernels<Self> { get }
  /// The passes of convolutions without an im2col matrix; nil if the precision or the processor has none.
  static var convolutionKernels: ConvolutionKernels<Self>? { get }
  /// One step of SGD with momentum μ and decay λ, as `torch.optim.SGD` writes it.
  static func sgd(
    _ theta: UnsafeMutablePointer<Self>, _ momentum: UnsafeMutablePointer<Self>,
    _ gradient: UnsafePointer<Self>, rate: Self, mu: Self, lambda: Self, nesterov: Bool, _ n: Int)
  /// One step of Adam with decay λ added to the gradient; c1 = 1 − β₁ᵗ, c2 = 1 − β₂ᵗ.
  static func adam(
    _ theta: UnsafeMutablePointer<Self>, _ first: UnsafeMutablePointer<Self>,
    _ second: UnsafeMutablePointer<Self>, _ gradient: UnsafePointer<Self>, rate: Self, beta1: Self,
    beta2: Self, epsilon: Self, lambda: Self, c1: Self, c2: Self, _ n: Int)
}
