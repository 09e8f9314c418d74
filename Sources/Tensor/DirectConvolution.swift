import CKernels

/// Convolutions without an im2col matrix, for windows of any size and stride and any number of channels. C(x)
/// is the im2col matrix with one row an output position, and W is out × (kernel row, kernel column, channel):
///
/// - forward: y = C(x) Wᵀ + b, with the rows of C(x) read in place,
/// - input gradient: ∂x = Cᵀ(∂y W), gathered by each input position from the outputs that read it,
/// - weight gradient: ∂W = ∂yᵀ C(x).
///
/// Positions are taken by classes that the same kernel places reach. So products with padding, and with the
/// zeros between the outputs of a stride, are never made. Sums of several terms are made before the one
/// store. Everything here runs on one thread.
public struct DirectConvolution<Element: Scalar>: Sendable {
  public let window: Window
  /// Rows of W.
  public let outputChannels: Int
  private let kernels: ConvolutionKernels<Element>

  /// The most positions of a picture: the kernels keep a list of them.
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
    /// Its partner in the weight gradient.
    public var x: UnsafePointer<Element>?
    /// Its partner in the input gradient.
    public var w: UnsafePointer<Element>?

    public init(dy: UnsafePointer<Element>, x: UnsafePointer<Element>?, w: UnsafePointer<Element>?) {
      self.dy = dy
      self.x = x
      self.w = w
    }
  }

  /// dx ← Σ Cᵀ(∂y W) and gradient ← gradient + Σ ∂yᵀ C(x).
  /// - Parameters:
  ///   - dx: nil if nobody asks.
  ///   - gradient: of W's shape; nil if nobody asks.
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
  /// nil: `Double` goes by im2col, the reference that these passes are tested against.
  public static var convolutionKernels: ConvolutionKernels<Double>? { nil }
}
