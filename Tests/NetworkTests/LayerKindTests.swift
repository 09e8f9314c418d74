import JSON
import Network
import Tensor
import Testing

/// Options of layers at the ends of their ranges, and the names of layers inside others.
struct LayerKindTests {
  /// Large enough for every kernel that is tried.
  private static let picture = Shape(height: 1100, width: 1100, channels: 1)

  private func faults(
    _ layer: LayerDescription, over input: Shape = picture
  ) -> [ArchitectureFaults.Fault] {
    do throws(ArchitectureFaults) {
      _ = try Architecture(layers: NamedLayer.sequential([layer]), input: input)
      return []
    } catch {
      return error.faults
    }
  }

  private func expectFault(_ layer: LayerDescription, at option: String, _ words: String) {
    #expect(
      faults(layer) == [.init(path: ["layers", "0", option], detail: words)], "\(layer.type), \(option)")
  }

  @Test func convolutionsTakeTheirRangesAndNothingBeyond() {
    let ranges = Conv2d.windows
    for size in [ranges.kernelSizes.lowerBound, ranges.kernelSizes.upperBound] {
      #expect(faults(.conv2d(outChannels: 1, kernel: [size, size])).isEmpty)
    }
    for size in [ranges.kernelSizes.lowerBound - 1, ranges.kernelSizes.upperBound + 1] {
      expectFault(
        .conv2d(outChannels: 1, kernel: [1, size]), at: "kernel_size",
        "must be one number or two, each from 1 to 1024")
    }
    #expect(faults(.conv2d(outChannels: 1, kernel: [1, 1], stride: ranges.strides.upperBound)).isEmpty)
    expectFault(
      .conv2d(outChannels: 1, kernel: [1, 1], stride: 0), at: "stride", "must be from 1 to 1024, got 0")
    #expect(faults(.conv2d(outChannels: 1, kernel: [3, 3], padding: ranges.paddings.upperBound)).isEmpty)
    expectFault(
      .conv2d(outChannels: 1, kernel: [3, 3], padding: 1025), at: "padding",
      "must be from 0 to 1024, got 1025")
    expectFault(
      .conv2d(outChannels: 0, kernel: [1, 1]), at: "out_channels", "must be at least 1, got 0")
  }

  @Test func poolsTakeTheirRangesAndNothingBeyond() {
    let largest = WindowRanges.pools.kernelSizes.upperBound
    let make: [([Int], Int) -> LayerDescription] = [
      { .maxPool2d(kernel: $0, padding: $1) }, { .avgPool2d(kernel: $0, padding: $1) },
    ]
    for pool in make {
      #expect(faults(pool([largest, largest], largest / 2)).isEmpty)
      expectFault(
        pool([largest + 1, 1], 0), at: "kernel_size", "must be one number or two, each from 1 to 15")
      expectFault(pool([3, 3], 2), at: "padding", "must be from 0 to half the kernel, got 2")
    }
    #expect(faults(.maxPool2d(kernel: [2, 2], stride: WindowRanges.pools.strides.upperBound)).isEmpty)
    expectFault(.maxPool2d(kernel: [2, 2], stride: 0), at: "stride", "must be from 1 to 1024, got 0")
    let outputs = AdaptiveAvgPool2d.outputSizes.upperBound
    #expect(faults(.adaptiveAvgPool2d(outputHeight: outputs, outputWidth: 1)).isEmpty)
    expectFault(
      .adaptiveAvgPool2d(outputHeight: outputs + 1, outputWidth: 1), at: "output_size",
      "must be one number or two, each from 1 to 4096, got 4097×1")
  }

  @Test func dropoutTakesProperProbabilities() {
    #expect(faults(.dropout(p: 0)).isEmpty)
    expectFault(.dropout(p: 1), at: "p", "must be at least 0 and less than 1, got 1.0")
    expectFault(.dropout(p: .nan), at: "p", "must be at least 0 and less than 1, got nan")
  }

  @Test func layersOfDifferentKindsDiffer() {
    #expect(LayerDescription.relu == .relu && LayerDescription.relu != .tanh)
    #expect(LayerDescription.maxPool2d(kernel: [2, 2]) != .avgPool2d(kernel: [2, 2]))
    #expect(LayerDescription.linear(outFeatures: 2) != .linear(outFeatures: 3))
  }

  /// A name of a layer stands before the names of its tensors and those of layers inside, and is written back.
  @Test func layersOfListsMayHaveNames() throws {
    let text = #"""
      [{"type": "conv2d", "out_channels": 2, "kernel_size": 1, "name": "stem"}, {"type": "residual", "name": "block",
      "layers": [{"type": "conv2d", "out_channels": 2, "kernel_size": 1}, {"type": "conv2d", "out_channels": 2,
      "kernel_size": 1, "name": "inner"}]}, {"type": "relu"}]
      """#
    let layers = try LayerDescription.list.value(of: JSONParser.parse(text))
    let picture = Shape(height: 2, width: 2, channels: 1)
    let architecture = try Architecture(layers: NamedLayer.sequential(layers), input: picture)
    #expect(
      architecture.layout.tensors.map(\.name) == [
        "stem.weight", "stem.bias", "block.layers.0.weight", "block.layers.0.bias", "inner.weight",
        "inner.bias",
      ])
    #expect(try LayerDescription.list.value(of: LayerDescription.list.write(layers)) == layers)
    #expect(LayerDescription.list.write(layers).arrayValue?[0]["name"] == "stem")
  }

  @Test func layersInsideAreNamedByTheirPlaces() throws {
    let inner = NamedLayer.sequential([.conv2d(outChannels: 1, kernel: [1, 1])])
    let block = LayerDescription.residual(layers: inner, shortcut: inner)
    let nested = LayerDescription.residual(layers: NamedLayer.sequential([.relu, block]))
    let architecture = try Architecture(
      layers: NamedLayer.sequential([.relu, nested]), input: Shape(height: 2, width: 2, channels: 1))
    #expect(
      architecture.layout.tensors.map(\.name) == [
        "1.layers.1.layers.0.weight", "1.layers.1.layers.0.bias", "1.layers.1.shortcut.0.weight",
        "1.layers.1.shortcut.0.bias",
      ])
    #expect(
      architecture.rows.map(\.name) == ["0", "1.layers.0", "1.layers.1.layers.0", "1.layers.1.shortcut.0"])
  }
}
