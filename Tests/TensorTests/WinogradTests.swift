import Tensor
import Testing

/// Winograd's filtering against the im2col products, on every small shape: in `Double` to show that the
/// transforms are exact, in `Float` against `Double` to bound their rounding.
struct WinogradTests {
  private func values<T: Scalar>(_: T.Type, _ n: Int, _ purpose: String) -> [T] {
    var stream = RandomStream(seed: 1, purpose: purpose)
    return (0..<n).map { _ in T(Float(stream.normal())) }
  }

  private func error<T: Scalar>(_ a: [T], _ b: [Double]) -> Double {
    let difference = zip(a, b).map { Double($0) - $1 }
    return difference.norm / max(b.norm, 1e-300)
  }

  /// Errors of the forward pass with two terms and a bias, of the input gradient and of the weight gradient.
  private func errors<T: Scalar>(
    _: T.Type, _ input: Shape, outputs: Int, padding: Int, tile: Int, count: Int
  ) -> [Double]? {
    guard
      let window = Window(input: input, kernelHeight: 3, kernelWidth: 3, stride: 1, padding: padding),
      let winograd = Winograd<T>(window: window, outputChannels: outputs, tile: tile)
    else { return nil }
    let plain = Im2colConvolution(window: window, outputs: outputs)
    let x = ["x", "tangent x"].map { values(T.self, count * input.count, $0) }
    let dy = ["dy", "tangent dy"].map { values(T.self, count * window.positions * outputs, $0) }
    let w = ["w", "v"].map { values(T.self, outputs * window.columns, $0) }
    let bias = values(T.self, outputs, "bias")
    let u = w.map { w in
      // Rows in two parts, as threads take them; each writes its own.
      var u = [T](repeating: .nan, count: winograd.weightCount)
      winograd.transformWeights(w, rows: 0..<outputs / 2, into: &u)
      winograd.transformWeights(w, rows: outputs / 2..<outputs, into: &u)
      return u
    }
    var scratch = [T](repeating: .nan, count: winograd.scratchCount(count))
    func double(_ values: [T]) -> [Double] { values.map { Double($0) } }
    func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }

    var y = [T](repeating: .nan, count: dy[0].count)
    u[0].withUnsafeBufferPointer { u0 in
      u[1].withUnsafeBufferPointer { u1 in
        x[0].withUnsafeBufferPointer { x0 in
          x[1].withUnsafeBufferPointer { x1 in
            winograd.forward(
              count, [(x0.baseAddress!, u0.baseAddress!), (x1.baseAddress!, u1.baseAddress!)], bias: bias,
              y: &y,
              scratch: &scratch)
          }
        }
      }
    }
    var expected = sum(
      plain.forward(count, double(x[0]), double(w[0])), plain.forward(count, double(x[1]), double(w[1])))
    for index in expected.indices { expected[index] += Double(bias[index % outputs]) }
    var errors = [error(y, expected)]

    var dx = [T](repeating: .nan, count: x[0].count)
    var dw = w[0]
    u[0].withUnsafeBufferPointer { u0 in
      u[1].withUnsafeBufferPointer { u1 in
        x[0].withUnsafeBufferPointer { x0 in
          x[1].withUnsafeBufferPointer { x1 in
            dy[0].withUnsafeBufferPointer { dy0 in
              dy[1].withUnsafeBufferPointer { dy1 in
                let first = Winograd<T>.Gradient(dy0.baseAddress!, channels: outputs)
                let second = Winograd<T>.Gradient(dy1.baseAddress!, channels: outputs)
                winograd.backward(
                  count, inputTerms: [(first, u0.baseAddress!), (second, u1.baseAddress!)],
                  weightTerms: [(first, x0.baseAddress!), (second, x1.baseAddress!)], dx: &dx, gradient: &dw,
                  scratch: &scratch)
              }
            }
          }
        }
      }
    }
    errors.append(
      error(
        dx,
        sum(
          plain.inputGradient(count, double(dy[0]), double(w[0])),
          plain.inputGradient(count, double(dy[1]), double(w[1])))))
    let products = sum(
      plain.weightGradient(count, double(dy[0]), double(x[0])),
      plain.weightGradient(count, double(dy[1]), double(x[1])))
    errors.append(error(dw, sum(products, double(w[0]))))
    return errors
  }

  @Test(arguments: [2, 4])
  func everySmallShapeAgreesWithIm2col(tile: Int) {
    var shapes = 0
    for channels in [1, 3, 16, 17] {
      for height in 1...9 {
        for width in 1...9 {
          for padding in 0...2 {
            let input = Shape(height: height, width: width, channels: channels)
            let outputs = [1: 17, 3: 16, 16: 3, 17: 1][channels] ?? 1
            guard
              let exact = errors(
                Double.self, input, outputs: outputs, padding: padding, tile: tile, count: 2),
              let rounded = errors(
                Float.self, input, outputs: outputs, padding: padding, tile: tile, count: 2)
            else { continue }
            shapes += 1
            // Entries of the transforms reach 3.4³: some tens of units in the last place.
            #expect(exact.allSatisfy { $0 < 1e-14 }, "\(input) padding \(padding): \(exact)")
            #expect(rounded.allSatisfy { $0 < 4e-6 }, "\(input) padding \(padding): \(rounded)")
          }
        }
      }
    }
    #expect(shapes > 800)
  }

  /// Several blocks of tiles, the sums over them, and output channels in several parts.
  @Test(arguments: [
    (Shape(height: 14, width: 14, channels: 32), 48, 20), (Shape(height: 2, width: 2, channels: 520), 300, 9),
    (Shape(height: 4, width: 4, channels: 300), 200, 33), (Shape(height: 8, width: 8, channels: 17), 33, 70),
  ])
  func manyBlocksAgreeWithIm2col(input: Shape, outputs: Int, count: Int) {
    for tile in [2, 4] {
      let errors = errors(Float.self, input, outputs: outputs, padding: 1, tile: tile, count: count)
      #expect(
        errors?.allSatisfy { $0 < 4e-6 } == true, "\(input), tile \(tile): \(String(describing: errors))")
    }
  }

  @Test func theFormIsChosenByTheShapeAlone() throws {
    func best(_ size: Int, _ channels: Int, kernel: Int = 3, stride: Int = 1) throws -> Int? {
      let window = try #require(
        Window(
          input: Shape(height: size, width: size, channels: channels), kernelHeight: kernel,
          kernelWidth: kernel,
          stride: stride, padding: 1))
      return Winograd<Float>.best(window, outputChannels: 64)?.tile
    }
    #expect(try best(32, 64) == 4)
    #expect(try best(7, 64) == 4)
    #expect(try best(2, 64) == 2)
    #expect(try best(1, 64) == nil)
    #expect(try best(32, 3) == nil)
    #expect(try best(32, 64, stride: 2) == nil)
    #expect(try best(32, 64, kernel: 5) == nil)
  }
}
