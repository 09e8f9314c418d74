import CKernels

/// The transforms of F(M×M, 3×3) in one precision; CKernels.h says what each one computes.
public struct WinogradKernels<Element>: Sendable {
  typealias Gather =
    @Sendable (
      UnsafePointer<Element>, UnsafeMutablePointer<Element>, UnsafePointer<ck_tiles>, Int, Int, Int
    ) -> Void
  typealias Output =
    @Sendable (
      UnsafePointer<Element>, UnsafePointer<Element>?, UnsafeMutablePointer<Element>, UnsafePointer<ck_tiles>,
      Int, Int, Int
    ) -> Void
  typealias Weights = @Sendable (UnsafePointer<Element>, UnsafeMutablePointer<Element>, Int, Int, Int) -> Void

  let input: Gather
  let output: Output
  let outputGradient: Gather
  let inputGradient: Gather
  let weights: Weights
  let weightGradient: Weights
}

extension Float {
  /// - Parameter tile: 2 or 4.
  public static func winogradKernels(tile: Int) -> WinogradKernels<Float> {
    tile == 2
      ? WinogradKernels(
        input: { ck_winograd2_input_f32($0, $1, $2, $3, $4, $5) },
        output: { ck_winograd2_output_f32($0, $1, $2, $3, $4, $5, $6) },
        outputGradient: { ck_winograd2_output_gradient_f32($0, $1, $2, $3, $4, $5) },
        inputGradient: { ck_winograd2_input_gradient_f32($0, $1, $2, $3, $4, $5) },
        weights: { ck_winograd2_weights_f32($0, $1, $2, $3, $4) },
        weightGradient: { ck_winograd2_weight_gradient_f32($0, $1, $2, $3, $4) })
      : WinogradKernels(
        input: { ck_winograd4_input_f32($0, $1, $2, $3, $4, $5) },
        output: { ck_winograd4_output_f32($0, $1, $2, $3, $4, $5, $6) },
        outputGradient: { ck_winograd4_output_gradient_f32($0, $1, $2, $3, $4, $5) },
        inputGradient: { ck_winograd4_input_gradient_f32($0, $1, $2, $3, $4, $5) },
        weights: { ck_winograd4_weights_f32($0, $1, $2, $3, $4) },
        weightGradient: { ck_winograd4_weight_gradient_f32($0, $1, $2, $3, $4) })
  }
}

extension Double {
  /// - Parameter tile: 2 or 4.
  public static func winogradKernels(tile: Int) -> WinogradKernels<Double> {
    tile == 2
      ? WinogradKernels(
        input: { ck_winograd2_input_f64($0, $1, $2, $3, $4, $5) },
        output: { ck_winograd2_output_f64($0, $1, $2, $3, $4, $5, $6) },
        outputGradient: { ck_winograd2_output_gradient_f64($0, $1, $2, $3, $4, $5) },
        inputGradient: { ck_winograd2_input_gradient_f64($0, $1, $2, $3, $4, $5) },
        weights: { ck_winograd2_weights_f64($0, $1, $2, $3, $4) },
        weightGradient: { ck_winograd2_weight_gradient_f64($0, $1, $2, $3, $4) })
      : WinogradKernels(
        input: { ck_winograd4_input_f64($0, $1, $2, $3, $4, $5) },
        output: { ck_winograd4_output_f64($0, $1, $2, $3, $4, $5, $6) },
        outputGradient: { ck_winograd4_output_gradient_f64($0, $1, $2, $3, $4, $5) },
        inputGradient: { ck_winograd4_input_gradient_f64($0, $1, $2, $3, $4, $5) },
        weights: { ck_winograd4_weights_f64($0, $1, $2, $3, $4) },
        weightGradient: { ck_winograd4_weight_gradient_f64($0, $1, $2, $3, $4) })
  }
}
