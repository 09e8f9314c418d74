import CKernels

/// A window that slides over channels-last pictures with zero padding: a convolution's or a pool's.
public struct Window: Sendable {
  public let input: Shape
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let stride: Int
  public let padding: Int
  public let outputHeight: Int
  public let outputWidth: Int
  public let geometry: ck_window

  /// - Returns: nil if the window does not fit into the padded picture even once.
  public init?(input: Shape, kernelHeight: Int, kernelWidth: Int, stride: Int, padding: Int) {
    guard kernelHeight > 0, kernelWidth > 0, stride > 0, padding >= 0,
      input.height + 2 * padding >= kernelHeight, input.width + 2 * padding >= kernelWidth
    else { return nil }
    self.input = input
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
    outputHeight = (input.height + 2 * padding - kernelHeight) / stride + 1
    outputWidth = (input.width + 2 * padding - kernelWidth) / stride + 1
    geometry = ck_window(
      height: input.height, width: input.width, channels: input.channels, kernel_height: kernelHeight,
      kernel_width: kernelWidth, stride: stride, padding: padding, output_height: outputHeight,
      output_width: outputWidth)
  }

  /// The shape of a pool's output.
  public var output: Shape { Shape(height: outputHeight, width: outputWidth, channels: input.channels) }

  /// Output positions of one sample.
  public var positions: Int { outputHeight * outputWidth }

  /// Values in one window: a row of the im2col matrix.
  public var columns: Int { kernelHeight * kernelWidth * input.channels }

  /// Whether the im2col matrix is the input itself.
  public var isPointwise: Bool { kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == 0 }
}
