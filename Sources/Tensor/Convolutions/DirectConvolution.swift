import CKernels

/// Convolutions without an im2col matrix, for windows of any size and stride and any number of channels. Row
/// r of the im2col matrix C(x) is the window of output position r. W is out × (kernel row, column, channel):
///
/// - forward: y = C(x) Wᵀ + b, with the rows of C(x) read in place,
/// - input gradient: ∂x = Cᵀ(∂y W), gathered by each input position from the outputs that read it,
/// - weight gradient: ∂W = ∂yᵀ C(x).
///
/// Positions that use the same kernel places are computed together. So no product with padding, or with the
/// zeros between the outputs of a stride, is made. Everything here runs on one thread.
public struct DirectConvolution<Element: Scalar>: Sendable {
  public let window: Window
  /// Rows of W.
  public let outputChannels: Int
  private let kernels: ConvolutionKernels<Element>

  /// The most positions of a picture. The scratch has room for a list of the positions.
  private static var mostPositions: Int { 1 << 17 }

  /// - Returns: nil if the precision or the processor has no kernels for it, or the pictures are too large.
  public init?(window: Window, outputChannels: Int) {
    guard let kernels = Element.convolutionKernels,
      max(window.positions, window.input.positions) <= Self.mostPositions
    else { return nil }
    self.window = window
    self.outputChannels = outputChannels
    self.kernels = kernels
  }

  /// Elements of scratch that the passes over `count` samples use; it lies on a 64-byte boundary.
  public func scratchCount(_ count: Int) -> Int {
    withUnsafePointer(to: window.geometry) {
      kernels.scratch($0, count) / MemoryLayout<Element>.stride + 1
    }
  }

  /// y ← b + Σ C(x) Wᵀ over terms (x, W).
  public func forward(
    _ count: Int, _ terms: [(x: UnsafePointer<Element>, w: UnsafePointer<Element>)],
    bias: UnsafePointer<Element>?, y: UnsafeMutablePointer<Element>, scratch: UnsafeMutablePointer<Element>
  ) {
    withUnsafePointer(to: window.geometry) {
      kernels.forward($0, outputChannels, count, terms.map(\.x), terms.map(\.w), bias, y, scratch)
    }
  }

  /// One term of a backward pass.
  public struct BackwardTerm {
    public var dy: UnsafePointer<Element>
    /// The input that ∂y is multiplied by in the weight gradient.
    public var x: UnsafePointer<Element>?
    /// The weights that ∂y is multiplied by in the input gradient.
    public var w: UnsafePointer<Element>?

    public init(dy: UnsafePointer<Element>, x: UnsafePointer<Element>?, w: UnsafePointer<Element>?) {
      self.dy = dy
      self.x = x
      self.w = w
    }
  }

  /// dx ← Σ Cᵀ(∂y W) and gradient ← gradient + Σ ∂yᵀ C(x).
  /// - Parameters:
  ///   - dx: nil if the input gradient is not wanted.
  ///   - gradient: of W's shape; nil if the weight gradient is not wanted.
  public func backward(
    _ count: Int, _ terms: [BackwardTerm], dx: UnsafeMutablePointer<Element>?,
    gradient: UnsafeMutablePointer<Element>?, scratch: UnsafeMutablePointer<Element>
  ) {
    withUnsafePointer(to: window.geometry) { window in
      if let gradient {
        let terms = terms.filter { $0.x != nil }
        kernels.weightGradient(
          window, outputChannels, count, terms.map(\.dy), terms.map(\.x), gradient, scratch)
      }
      if let dx {
        let terms = terms.filter { $0.w != nil }
        kernels.inputGradient(window, outputChannels, count, terms.map(\.dy), terms.map(\.w), dx, scratch)
      }
    }
  }
}

/// The passes of `DirectConvolution` in one precision; CKernels.h says what each one computes.
public struct ConvolutionKernels<Element>: Sendable {
  typealias Pointers = [UnsafePointer<Element>?]

  let scratch: @Sendable (UnsafePointer<ck_window>, Int) -> Int
  let forward:
    @Sendable (
      UnsafePointer<ck_window>, Int, Int, Pointers, Pointers, UnsafePointer<Element>?,
      UnsafeMutablePointer<Element>, UnsafeMutablePointer<Element>
    ) -> Void
  let inputGradient:
    @Sendable (
      UnsafePointer<ck_window>, Int, Int, Pointers, Pointers, UnsafeMutablePointer<Element>,
      UnsafeMutablePointer<Element>
    ) -> Void
  let weightGradient:
    @Sendable (
      UnsafePointer<ck_window>, Int, Int, Pointers, Pointers, UnsafeMutablePointer<Element>,
      UnsafeMutablePointer<Element>
    ) -> Void
}

extension Float {
  public static var convolutionKernels: ConvolutionKernels<Float>? {
    guard ProductForm.hasOwn else { return nil }
    return ConvolutionKernels(
      scratch: { ck_convolution_scratch($0, $1) },
      forward: { ck_convolution_f32($0, $1, $2, $3.count, $3, $4, $5, $6, $7) },
      inputGradient: { ck_convolution_input_gradient_f32($0, $1, $2, $3.count, $3, $4, $5, $6) },
      weightGradient: { ck_convolution_weight_gradient_f32($0, $1, $2, $3.count, $3, $4, $5, $6) })
  }
}

extension Double {
  /// nil: `Double` uses im2col, the reference that these passes are tested against.
  public static var convolutionKernels: ConvolutionKernels<Double>? { nil }
}
