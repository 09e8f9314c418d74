import CKernels

/// Rows of attention in one precision; CKernels.h says what each one computes.
public struct AttentionKernels<Element>: Sendable {
  public typealias Read = UnsafePointer<Element>
  public typealias Write = UnsafeMutablePointer<Element>

  /// scores that become shares, rows, n, factor, number of the first row, causal
  public let shares: @Sendable (Write, Int, Int, Element, Int, Bool) -> Void
  /// P, d, rows, n, factor
  public let slope: @Sendable (Read, Write, Int, Int, Element) -> Void
  /// P, Ṗ, ∂P, ∂Ṗ, rows, n, factor
  public let slopeTangent: @Sendable (Read, Read, Write, Write, Int, Int, Element) -> Void
}

extension Float {
  public static let attentionKernels = AttentionKernels<Float>(
    shares: { ck_attention_shares_f32($0, $1, $2, $3, $4, $5 ? 1 : 0) },
    slope: { ck_attention_slope_f32($0, $1, $2, $3, $4) },
    slopeTangent: { ck_attention_slope_tangent_f32($0, $1, $2, $3, $4, $5, $6) })
}

extension Double {
  public static let attentionKernels = AttentionKernels<Double>(
    shares: { ck_attention_shares_f64($0, $1, $2, $3, $4, $5 ? 1 : 0) },
    slope: { ck_attention_slope_f64($0, $1, $2, $3, $4) },
    slopeTangent: { ck_attention_slope_tangent_f64($0, $1, $2, $3, $4, $5, $6) })
}
