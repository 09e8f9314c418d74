import Tensor
import Testing

/// Convolutions without an im2col matrix in `Float`, against im2col in `Double` on every small shape.
struct DirectConvolutionTests {
  /// The rounding of sums of up to some thousand products: a few units in the last place of a partial sum
  /// near 10.
  private static let tolerance = 5e-6

  private func values(_ n: Int, _ purpose: String) -> [Float] {
    var stream = RandomStream(seed: 2, purpose: purpose)
    return (0..<n).map { _ in Float(stream.normal()) }
  }

  private func double(_ values: [Float]) -> [Double] { values.map { Double($0) } }

  private func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }

  private func error(_ a: [Float], _ b: [Double]) -> Double {
    let difference = zip(a, b).map { Double($0) - $1 }
    // A NaN must not pass for a small error.
    guard difference.isFinite else { return .infinity }
    // Terms are near 1; a sum of few results that cancel is no measure.
    return difference.norm / max(b.norm, Double(b.count).squareRoot())
  }

  /// Errors of the three passes with one term, then with two, on memory that is not cleared.
  private func errors(
    _ direct: DirectConvolution<Float>, count: Int, hasBias: Bool
  ) -> [Double] {
    let window = direct.window
    let outputs = direct.outputChannels
    let plain = Im2colConvolution(window: window, outputs: outputs)
    let x = ["x", "tangent x"].map { values(count * window.input.count, $0) }
    let dy = ["dy", "tangent dy"].map { values(count * window.positions * outputs, $0) }
    let w = ["w", "v"].map { values(outputs * window.columns, $0) }
    let bias = values(outputs, "bias")
    let scratch = Buffer<Float>(count: direct.scratchCount(count))
    scratch.pointer.update(repeating: .nan, count: scratch.count)
    var errors: [Double] = []
    for terms in 1...2 {
      var y = [Float](repeating: .nan, count: dy[0].count)
      var dx = [Float](repeating: .nan, count: x[0].count)
      var gradient = w[0]
      x[0].withUnsafeBufferPointer { x0 in
        x[1].withUnsafeBufferPointer { x1 in
          w[0].withUnsafeBufferPointer { w0 in
            w[1].withUnsafeBufferPointer { w1 in
              dy[0].withUnsafeBufferPointer { dy0 in
                dy[1].withUnsafeBufferPointer { dy1 in
                  bias.withUnsafeBufferPointer { bias in
                    direct.forward(
                      count,
                      Array(
                        [(x0.baseAddress!, w0.baseAddress!), (x1.baseAddress!, w1.baseAddress!)][..<terms]),
                      bias: hasBias ? bias.baseAddress : nil, y: &y, scratch: scratch.pointer)
                  }
                  direct.backward(
                    count,
                    Array(
                      [
                        .init(dy: dy0.baseAddress!, x: x0.baseAddress, w: w0.baseAddress),
                        .init(dy: dy1.baseAddress!, x: x1.baseAddress, w: w1.baseAddress),
                      ][..<terms]), dx: &dx, gradient: &gradient, scratch: scratch.pointer)
                }
              }
            }
          }
        }
      }
      var expected = [Double](repeating: 0, count: y.count)
      if hasBias { for index in expected.indices { expected[index] = Double(bias[index % outputs]) } }
      var expectedX = [Double](repeating: 0, count: dx.count)
      var expectedGradient = double(w[0])
      for term in 0..<terms {
        expected = sum(expected, plain.forward(count, double(x[term]), double(w[term])))
        expectedX = sum(expectedX, plain.inputGradient(count, double(dy[term]), double(w[term])))
        expectedGradient = sum(
          expectedGradient, plain.weightGradient(count, double(dy[term]), double(x[term])))
      }
      errors += [error(y, expected), error(dx, expectedX), error(gradient, expectedGradient)]
    }
    return errors
  }

  private func check(
    _ input: Shape, outputs: Int, kernel: (Int, Int), stride: Int, padding: Int, count: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> Bool {
    guard
      let window = Window(
        input: input, kernelHeight: kernel.0, kernelWidth: kernel.1, stride: stride, padding: padding),
      let direct = DirectConvolution<Float>(window: window, outputChannels: outputs)
    else { return false }
    let errors = errors(direct, count: count, hasBias: (count + padding) % 2 == 0)
    #expect(
      errors.allSatisfy { $0 < Self.tolerance },
      "\(input) by \(kernel), stride \(stride), padding \(padding), \(outputs) outputs, \(count): \(errors)",
      sourceLocation: sourceLocation)
    return true
  }

  /// Whether this processor has kernels at all.
  static let hasKernels = Float.convolutionKernels != nil

  @Test(.enabled(if: hasKernels), arguments: [(1, 1), (1, 3), (3, 3), (5, 5), (7, 7), (4, 2)])
  func everySmallShapeAgreesWithIm2col(kernel: (Int, Int)) {
    let channels = [(1, 33), (3, 16), (5, 1), (16, 3), (33, 5), (17, 40)]
    var shapes = 0
    for stride in 1...3 {
      for padding in [0, 1, 3] {
        for (height, width) in [(1, 1), (2, 5), (4, 4), (7, 6), (8, 3), (9, 9)] {
          let (inputs, outputs) = channels[shapes % channels.count]
          let input = Shape(height: height, width: width, channels: inputs)
          let count = [1, 2, 5][shapes % 3]
          if check(input, outputs: outputs, kernel: kernel, stride: stride, padding: padding, count: count) {
            shapes += 1
          }
        }
      }
    }
    #expect(shapes > 20)
  }

  /// Every pair of channels around the widths of vectors and tiles, with windows inside, cut off and in
  /// padding alone.
  @Test(.enabled(if: hasKernels), arguments: [1, 3, 5, 16, 33])
  func everyPairOfChannelsAgreesWithIm2col(inputs: Int) {
    for outputs in [1, 3, 5, 13, 16, 31, 33, 64] {
      let input = Shape(height: 6, width: 5, channels: inputs)
      #expect(check(input, outputs: outputs, kernel: (3, 3), stride: 2, padding: 1, count: 3))
      #expect(check(input, outputs: outputs, kernel: (3, 3), stride: 1, padding: 1, count: 1))
      #expect(check(input, outputs: outputs, kernel: (2, 2), stride: 3, padding: 4, count: 2))
    }
  }

  /// The shapes of networks: inner indices in several parts, positions in several chunks, many samples.
  @Test(
    .enabled(if: hasKernels),
    arguments: [
      (Shape(height: 28, width: 28, channels: 1), 32, 3, 2, 1, 9),
      (Shape(height: 14, width: 14, channels: 32), 64, 3, 2, 1, 11),
      (Shape(height: 7, width: 7, channels: 64), 128, 3, 2, 1, 13),
      (Shape(height: 4, width: 4, channels: 128), 256, 3, 2, 1, 31),
      (Shape(height: 7, width: 7, channels: 130), 70, 1, 2, 0, 6),
      (Shape(height: 32, width: 32, channels: 3), 64, 7, 2, 3, 4),
      (Shape(height: 2, width: 2, channels: 520), 40, 3, 1, 1, 9),
      (Shape(height: 12, width: 12, channels: 2), 20, 12, 1, 11, 2),
    ])
  func networksAgreeWithIm2col(
    input: Shape, outputs: Int, kernel: Int, stride: Int, padding: Int, count: Int
  ) {
    #expect(
      check(input, outputs: outputs, kernel: (kernel, kernel), stride: stride, padding: padding, count: count)
    )
  }

  /// One partner of a backward term may be missing.
  @Test(.enabled(if: hasKernels)) func termsWithoutPartnersAreLeftOut() throws {
    let input = Shape(height: 5, width: 4, channels: 17)
    let window = try #require(
      Window(input: input, kernelHeight: 3, kernelWidth: 3, stride: 2, padding: 1))
    let direct = try #require(DirectConvolution<Float>(window: window, outputChannels: 9))
    let plain = Im2colConvolution(window: window, outputs: 9)
    let x = values(2 * input.count, "x")
    let w = values(9 * window.columns, "w")
    let dy = ["dy", "tangent dy"].map { values(2 * window.positions * 9, $0) }
    let scratch = Buffer<Float>(count: direct.scratchCount(2))
    var dx = [Float](repeating: .nan, count: x.count)
    var gradient = [Float](repeating: 0, count: w.count)
    x.withUnsafeBufferPointer { x in
      w.withUnsafeBufferPointer { w in
        dy[0].withUnsafeBufferPointer { dy0 in
          dy[1].withUnsafeBufferPointer { dy1 in
            direct.backward(
              2,
              [
                .init(dy: dy0.baseAddress!, x: x.baseAddress, w: nil),
                .init(dy: dy1.baseAddress!, x: nil, w: w.baseAddress),
              ], dx: &dx, gradient: &gradient, scratch: scratch.pointer)
          }
        }
      }
    }
    #expect(error(dx, plain.inputGradient(2, double(dy[1]), double(w))) < Self.tolerance)
    #expect(error(gradient, plain.weightGradient(2, double(dy[0]), double(x))) < Self.tolerance)
  }
}
