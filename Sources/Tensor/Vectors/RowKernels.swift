import CKernels

/// Normalization and softmax of rows in one precision; CKernels.h says what each one computes.
public struct RowKernels<Element>: Sendable {
  public typealias Read = UnsafePointer<Element>
  public typealias Write = UnsafeMutablePointer<Element>

  /// x, γ, β, y, mean, inverse, rows, period, n, ε, centred
  public let norm: @Sendable (Read, Read?, Read?, Write, Write, Write, Int, Int, Int, Element, Bool) -> Void
  /// x, mean, inverse, γ, ∂y, ∂x, ∂γ, ∂β, rows, period, n, centred
  public let normBackward:
    @Sendable (Read, Read, Read, Read?, Read, Write?, Write?, Write?, Int, Int, Int, Bool) -> Void
  /// x, mean, inverse, γ, v_γ, v_β, ẋ, ẏ, rows, period, n, centred
  public let normTangent:
    @Sendable (Read, Read, Read, Read?, Read?, Read?, Read?, Write, Int, Int, Int, Bool) -> Void
  /// x, mean, inverse, γ, v_γ, ẋ, ∂y, ∂ẏ, ∂ẋ, product γ, product β, scratch, rows, period, n, centred
  public let normTangentBackward:
    @Sendable (
      Read, Read, Read, Read?, Read?, Read?, Read, Read, Write?, Write?, Write?, Write, Int, Int, Int, Bool
    ) -> Void
  /// x, y, rows, n, logarithm
  public let softmax: @Sendable (Read, Write, Int, Int, Bool) -> Void
  /// y, d, result, rows, n, logarithm, backward
  public let softmaxSlope: @Sendable (Read, Read, Write, Int, Int, Bool, Bool) -> Void
  /// y, ẏ, ∂y, ∂ẏ, ∂ẋ, rows, n, logarithm
  public let softmaxSlopeTangent: @Sendable (Read, Read, Read, Read, Write, Int, Int, Bool) -> Void
  /// a, b, y, rows, n, adds
  public let multiply: @Sendable (Read, Read, Write, Int, Int, Bool) -> Void
  /// x, y, sums, rows, n
  public let dot: @Sendable (Read, Read, Write, Int, Int) -> Void
}

extension Float {
  public static let rowKernels = RowKernels<Float>(
    norm: { ck_norm_f32($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 ? 1 : 0) },
    normBackward: { ck_norm_backward_f32($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 ? 1 : 0) },
    normTangent: { ck_norm_tangent_f32($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 ? 1 : 0) },
    normTangentBackward: {
      ck_norm_tangent_backward_f32(
        $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 ? 1 : 0)
    },
    softmax: { ck_softmax_f32($0, $1, $2, $3, $4 ? 1 : 0) },
    softmaxSlope: { ck_softmax_slope_f32($0, $1, $2, $3, $4, $5 ? 1 : 0, $6 ? 1 : 0) },
    softmaxSlopeTangent: { ck_softmax_slope_tangent_f32($0, $1, $2, $3, $4, $5, $6, $7 ? 1 : 0) },
    multiply: { ck_multiply_rows_f32($0, $1, $2, $3, $4, $5 ? 1 : 0) },
    dot: { ck_dot_rows_f32($0, $1, $2, $3, $4) })
}

extension Double {
  public static let rowKernels = RowKernels<Double>(
    norm: { ck_norm_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 ? 1 : 0) },
    normBackward: { ck_norm_backward_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 ? 1 : 0) },
    normTangent: { ck_norm_tangent_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 ? 1 : 0) },
    normTangentBackward: {
      ck_norm_tangent_backward_f64(
        $0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 ? 1 : 0)
    },
    softmax: { ck_softmax_f64($0, $1, $2, $3, $4 ? 1 : 0) },
    softmaxSlope: { ck_softmax_slope_f64($0, $1, $2, $3, $4, $5 ? 1 : 0, $6 ? 1 : 0) },
    softmaxSlopeTangent: { ck_softmax_slope_tangent_f64($0, $1, $2, $3, $4, $5, $6, $7 ? 1 : 0) },
    multiply: { ck_multiply_rows_f64($0, $1, $2, $3, $4, $5 ? 1 : 0) },
    dot: { ck_dot_rows_f64($0, $1, $2, $3, $4) })
}
