/// The products of matrices of a layer whose rows are positions, such as the tokens of a text.
///
/// Many such layers are products of large matrices. On processors with matrix tiles, `Float` multiplies them there
/// if both widths are large. The widths of the layer alone decide. So a network gives the same bits for any number
/// of samples, and layers without positions keep the bits of ``Scalar/gemm(_:_:_:_:_:_:_:_:_:_:_:_:_:)``.
public struct Products<Element: Scalar>: Sendable {
  /// Both widths must be this large for tiles to pay, as measured.
  @usableFromInline static var leastWidth: Int { 96 }

  @usableFromInline let tiled: Bool

  @inlinable
  public init(positions: Int, inputs: Int, outputs: Int) {
    tiled = Element.hasTiles && positions > 1 && min(inputs, outputs) >= Self.leastWidth
  }

  /// C ← op(A)·op(B), or C ← C + op(A)·op(B) if `accumulate`, with op(A) m×k, op(B) k×n, C m×n.
  /// - Parameter second: A and B of another product that is added, with the same sizes.
  @inlinable
  public func multiply(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Element>,
    _ lda: Int,
    _ b: UnsafePointer<Element>, _ ldb: Int,
    and second: (UnsafePointer<Element>, UnsafePointer<Element>)? = nil,
    accumulate: Bool = false, _ c: UnsafeMutablePointer<Element>, _ ldc: Int
  ) {
    let base = accumulate ? UnsafePointer(c) : nil
    if tiled,
      Element.tiledProduct(
        transposeA, transposeB, m, n, k, a, lda, b, ldb, and: second, base: base, pitch: ldc, c, ldc)
    {
      return
    }
    Element.gemm(transposeA, transposeB, m, n, k, 1, a, lda, b, ldb, accumulate ? 1 : 0, c, ldc)
    guard let second else { return }
    Element.gemm(transposeA, transposeB, m, n, k, 1, second.0, lda, second.1, ldb, 1, c, ldc)
  }

  /// C ← A Bᵀ + bias in each row, for matrices without gaps: A m×k, B n×k.
  /// - Parameter second: A and B of another product that is added.
  @inlinable
  public func affine(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Element>, _ b: UnsafePointer<Element>,
    and second: (UnsafePointer<Element>, UnsafePointer<Element>)? = nil, bias: UnsafePointer<Element>,
    _ c: UnsafeMutablePointer<Element>
  ) {
    if tiled,
      Element.tiledProduct(false, true, m, n, k, a, k, b, k, and: second, base: bias, pitch: 0, c, n)
    {
      return
    }
    Element.affineProduct(m, n, k, a, b, bias: bias, c)
    guard let second else { return }
    Element.gemm(false, true, m, n, k, 1, second.0, k, second.1, k, 1, c, n)
  }
}
