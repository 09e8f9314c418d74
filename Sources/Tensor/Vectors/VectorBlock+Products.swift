import CKernels

/// Products of blocks: the vector work of block methods as products of matrices. All of it runs on one thread
/// and in an order that the sizes alone determine.
extension VectorBlock {
  /// The matrix of ⟨vᵢ, wⱼ⟩, row-major, accumulated in `Double`.
  public func products(with other: VectorBlock) -> [Double] { products(with: other, symmetric: false) }

  /// The symmetric matrix of ⟨vᵢ, vⱼ⟩.
  public func gramMatrix() -> [Double] { products(with: self, symmetric: true) }

  /// The matrix of ⟨vᵢ, wⱼ⟩ if it is known to be symmetric: only the upper triangle is computed.
  public func symmetricProducts(with other: VectorBlock) -> [Double] {
    precondition(count == other.count, "A symmetric matrix is square.")
    return products(with: other, symmetric: true)
  }

  private func products(with other: VectorBlock, symmetric: Bool) -> [Double] {
    precondition(length == other.length, "Products need vectors of one length.")
    var result = [Double](repeating: 0, count: count * other.count)
    if result.isEmpty || length == 0 { return result }
    withPointer { a in
      other.withPointer { b in
        result.withUnsafeMutableBufferPointer { c in
          guard let c = c.baseAddress else { return }
          Element.addInnerProducts(
            count, other.count, length, symmetric: symmetric, a, stride, b, other.stride, c, other.count)
        }
      }
    }
    if symmetric {
      for i in 0..<count {
        for j in 0..<i { result[i * count + j] = result[j * count + i] }
      }
    }
    return result
  }

  /// vᵢ ← vᵢ + Σⱼ cᵢⱼ wⱼ, in the elements' precision.
  /// - Parameter coefficients: count × other.count, row-major.
  public mutating func add(_ coefficients: [Double], times other: VectorBlock) {
    setToCombinations(coefficients, of: other, keeping: true)
  }

  /// vᵢ ← Σⱼ cᵢⱼ wⱼ, in the elements' precision.
  /// - Parameter coefficients: count × other.count, row-major.
  public mutating func setToCombinations(_ coefficients: [Double], of other: VectorBlock) {
    setToCombinations(coefficients, of: other, keeping: false)
  }

  private mutating func setToCombinations(_ coefficients: [Double], of other: VectorBlock, keeping: Bool) {
    precondition(length == other.length, "Sums need vectors of one length.")
    precondition(coefficients.count == count * other.count, "A sum needs a coefficient for every pair.")
    if count == 0 || length == 0 { return }
    let factors = coefficients.map { Element($0) }
    let (rows, inner, length) = (count, other.count, length)
    let (stride, otherStride) = (stride, other.stride)
    withMutablePointer { target in
      if inner == 0 {
        if !keeping { target.clear(rows * stride) }
        return
      }
      other.withPointer { source in
        Element.gemm(
          false, false, rows, length, inner, 1, factors, inner, source, otherStride, keeping ? 1 : 0, target,
          stride)
      }
    }
  }

  /// The block of Σⱼ cᵢⱼ vⱼ, summed in `Double` and rounded once. Eigenvectors need this: they are sums of
  /// large terms that cancel.
  /// - Parameter coefficients: rows × count, row-major.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func combinations(_ coefficients: [Double], rows: Int) -> VectorBlock {
    precondition(coefficients.count == rows * count, "A sum needs a coefficient for every pair.")
    var result = VectorBlock(count: rows, length: length)
    if coefficients.isEmpty { return result }
    let width = 512
    let source = Buffer<Double>(count: count * width)
    let target = Buffer<Double>(count: rows * width)
    let (count, length, stride) = (count, length, stride)
    withPointer { vectors in
      result.withMutablePointer { sums in
        for first in Swift.stride(from: 0, to: length, by: width) {
          let columns = min(width, length - first)
          for row in 0..<count {
            for column in 0..<columns {
              source.pointer[row * width + column] = Double(vectors[row * stride + first + column])
            }
          }
          Double.gemm(
            false, false, rows, columns, count, 1, coefficients, count, source.pointer, width, 0,
            target.pointer, width)
          for row in 0..<rows {
            for column in 0..<columns {
              sums[row * stride + first + column] = Element(target.pointer[row * width + column])
            }
          }
        }
      }
    }
    return result
  }
}

extension Float {
  /// If BLAS makes the product, this many columns at a time are converted to `Double`.
  private static var panelWidth: Int { 512 }

  public static func addInnerProducts(
    _ m: Int, _ n: Int, _ length: Int, symmetric: Bool, _ a: UnsafePointer<Float>, _ lda: Int,
    _ b: UnsafePointer<Float>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    if ProductForm.hasOwn {
      return ck_gram_f32(m, n, length, symmetric ? 1 : 0, a, lda, b, ldb, c, ldc)
    }
    let width = panelWidth
    let left = Buffer<Double>(count: m * width)
    let right = Buffer<Double>(count: n * width)
    func widen(_ x: UnsafePointer<Float>, _ ldx: Int, _ rows: Int, _ columns: Int, _ panel: Buffer<Double>) {
      for row in 0..<rows {
        for column in 0..<columns { panel.pointer[row * width + column] = Double(x[row * ldx + column]) }
      }
    }
    for first in Swift.stride(from: 0, to: length, by: width) {
      let columns = min(width, length - first)
      widen(a + first, lda, m, columns, left)
      widen(b + first, ldb, n, columns, right)
      Double.gemm(false, true, m, n, columns, 1, left.pointer, width, right.pointer, width, 1, c, ldc)
    }
  }
}

extension Double {
  public static func addInnerProducts(
    _ m: Int, _ n: Int, _ length: Int, symmetric: Bool, _ a: UnsafePointer<Double>, _ lda: Int,
    _ b: UnsafePointer<Double>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    Double.gemm(false, true, m, n, length, 1, a, lda, b, ldb, 1, c, ldc)
  }
}
