import Network
import Tensor
import Testing

/// Options of windows beyond every sense: a fault, or a network that can be built. Never a trap.
struct WindowOptionTests {
  private static let numbers = [
    Int.min, -Int.max, -1, 0, 1, 2, 3, 4, 5, 15, 16, 255, 1024, 1025, 1 << 30, 1 << 31, Int.max - 1, Int.max,
  ]

  /// Draws options, most of them small.
  private struct Draw {
    var stream: RandomStream

    mutating func number() -> Int {
      let numbers = WindowOptionTests.numbers
      return stream.index(below: 4) > 0 ? stream.index(below: 4) : numbers[stream.index(below: numbers.count)]
    }

    mutating func numbers(_ axes: Int) -> [Int] { (0..<axes).map { _ in number() } }
    mutating func flag() -> Bool { stream.index(below: 2) == 0 }

    mutating func padding(_ axes: Int) -> WindowPadding {
      stream.index(below: 4) == 0 ? .same : .places(numbers(axes))
    }
  }

  private typealias Make = @Sendable (inout Draw) -> any LayerKind

  private static let kinds: [(String, Make)] = [
    (
      "conv1d",
      { draw in
        var layer = Conv1d.standard
        (layer.outChannels, layer.kernel, layer.stride) = (draw.number(), draw.numbers(1), draw.numbers(1))
        (layer.padding, layer.dilation, layer.groups) = (draw.padding(1), draw.numbers(1), draw.number())
        return layer
      }
    ),
    (
      "conv2d",
      { draw in
        var layer = Conv2d.standard
        (layer.outChannels, layer.kernel, layer.stride) = (draw.number(), draw.numbers(2), draw.numbers(2))
        (layer.padding, layer.dilation, layer.groups) = (draw.padding(2), draw.numbers(2), draw.number())
        return layer
      }
    ),
    (
      "conv_transpose2d",
      { draw in
        var layer = ConvTranspose2d.standard
        (layer.outChannels, layer.kernel, layer.stride) = (draw.number(), draw.numbers(2), draw.numbers(2))
        (layer.padding, layer.dilation, layer.groups) = (draw.numbers(2), draw.numbers(2), draw.number())
        layer.outputPadding = draw.numbers(2)
        return layer
      }
    ),
    (
      "max_pool1d",
      { draw in
        var layer = MaxPool1d.standard
        (layer.kernel, layer.stride, layer.padding) = (draw.numbers(1), draw.numbers(1), draw.numbers(1))
        (layer.dilation, layer.ceil) = (draw.numbers(1), draw.flag())
        return layer
      }
    ),
    (
      "max_pool2d",
      { draw in
        var layer = MaxPool2d.standard
        (layer.kernel, layer.stride, layer.padding) = (draw.numbers(2), draw.numbers(2), draw.numbers(2))
        (layer.dilation, layer.ceil) = (draw.numbers(2), draw.flag())
        return layer
      }
    ),
    (
      "avg_pool1d",
      { draw in
        var layer = AvgPool1d.standard
        (layer.kernel, layer.padding, layer.ceil) = (draw.numbers(1), draw.numbers(1), draw.flag())
        return layer
      }
    ),
    (
      "avg_pool2d",
      { draw in
        var layer = AvgPool2d.standard
        (layer.kernel, layer.stride, layer.padding) = (draw.numbers(2), draw.numbers(2), draw.numbers(2))
        layer.ceil = draw.flag()
        layer.divisor = AverageDivisor(countsPadding: draw.flag(), fixed: draw.flag() ? draw.number() : nil)
        return layer
      }
    ),
    (
      "adaptive_max_pool2d",
      { draw in
        var layer = AdaptiveMaxPool2d.standard
        layer.outputSize = draw.numbers(2)
        return layer
      }
    ),
    (
      "upsample",
      { draw in
        var layer = Upsample.standard
        if draw.flag() { layer.size = draw.numbers(2) }
        let scales = [1.5, .nan, .infinity, -1, 0, 1e-300]
        if draw.flag() { layer.scale = [scales[draw.stream.index(below: scales.count)]] }
        (layer.mode, layer.alignsCorners) = (draw.flag() ? .bilinear : .nearest, draw.flag())
        return layer
      }
    ),
  ]

  @Test(arguments: kinds.indices)
  func neverTraps(_ index: Int) throws {
    let (name, make) = Self.kinds[index]
    var draw = Draw(stream: RandomStream(seed: 1, purpose: name))
    var built = 0
    for _ in 0..<4000 {
      let layer = LayerDescription(make(&draw))
      let shape = name.hasSuffix("1d") ? [4, 5] : [4, 3, 2]
      do throws(ArchitectureFaults) {
        let architecture = try Architecture(
          graph: GraphDescription(
            nodes: [
              NodeDescription("x", .reshape(shape), [GraphDescription.input]),
              NodeDescription("y", layer, ["x"]),
            ], output: "y"), input: Shape(features: shape.reduce(1, *)))
        if architecture.output.count < 1 << 16 {
          _ = Network<Float>(architecture)
          built += 1
        }
      } catch {
        // A fault stands at an option of the layer, or at the network that is too large.
        #expect(error.faults.allSatisfy { $0.path.count == 3 || $0.path == ["outputs"] }, "\(error)")
      }
    }
    // Enough small options to be sensible.
    #expect(built > 10, "\(name)")
  }
}
