import Network
import Tensor
import Testing

struct ArchitectureTests {
  private func architecture(_ name: String, _ input: Shape, outputs: Int = 10) throws -> Architecture {
    let named = try #require(NamedArchitecture(name: name))
    return try Architecture(named, input: input, outputs: outputs)
  }

  /// Published or counted by PyTorch's modules.
  @Test(arguments: [
    ("cnn", Shape(height: 28, width: 28, channels: 1), 398_090),
    ("lenet", Shape(height: 32, width: 32, channels: 3), 62_006),
    ("lenet", Shape(height: 28, width: 28, channels: 1), 61_706),
    ("small_cnn", Shape(height: 28, width: 28, channels: 1), 2_578),
    ("vgg11", Shape(height: 32, width: 32, channels: 3), 9_231_114),
    ("vgg13", Shape(height: 32, width: 32, channels: 3), 9_416_010),
    ("vgg14", Shape(height: 32, width: 32, channels: 3), 11_776_842),
    ("resnet18", Shape(height: 28, width: 28, channels: 1), 11_172_810),
    ("resnet18", Shape(height: 32, width: 32, channels: 3), 11_173_962),
    ("resnet50", Shape(height: 28, width: 28, channels: 1), 23_519_690),
    ("resnet50", Shape(height: 32, width: 32, channels: 3), 23_520_842),
    ("mlp", Shape(height: 28, width: 28, channels: 1), 109_386),
    ("logistic", Shape(height: 28, width: 28, channels: 1), 7_850),
  ])
  func parameterCounts(_ name: String, _ input: Shape, _ count: Int) throws {
    #expect(try architecture(name, input).layout.parameterCount == count)
  }

  @Test func imageNetForms() throws {
    let input = Shape(height: 224, width: 224, channels: 3)
    #expect(try architecture("resnet18", input, outputs: 1000).layout.parameterCount == 11_689_512)
    #expect(try architecture("resnet50", input, outputs: 1000).layout.parameterCount == 25_557_032)
    // The multiply-adds that torchvision's table gives for its models.
    #expect(try architecture("resnet18", input, outputs: 1000).multiplyAddsPerSample == 1_814_073_344)
    #expect(try architecture("resnet50", input, outputs: 1000).multiplyAddsPerSample == 4_089_184_256)
  }

  /// A layer within its own limit, many of them beyond that of all: no shard of such a network fits into
  /// memory.
  @Test func networksThatHandOnTooMuchAreRefused() {
    let wide = LayerDescription.conv2d(outChannels: 520_000, kernel: [1, 1])
    let layers = [
      wide, .adaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), .flatten, .linear(outFeatures: 2),
    ]
    #expect(throws: ArchitectureFaults.self) {
      try Architecture(
        layers: NamedLayer.sequential(layers), input: Shape(height: 20, width: 20, channels: 1), outputs: 2)
    }
  }

  @Test func tensorNamesAreThoseOfPyTorch() throws {
    let cnn = try architecture("cnn", Shape(height: 28, width: 28, channels: 1))
    #expect(cnn.layout.tensors.last?.name == "9.bias")
    #expect(cnn.layout.tensors.first?.shape == [32, 1, 3, 3])
    let resnet = try architecture("resnet18", Shape(height: 32, width: 32, channels: 3))
    let names = resnet.layout.tensors.map(\.name)
    #expect(
      names.prefix(6) == [
        "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
        "bn1.num_batches_tracked",
      ])
    #expect(names.contains("layer2.0.downsample.0.weight"))
    #expect(names.contains("layer4.1.bn2.num_batches_tracked"))
    #expect(names.suffix(2) == ["fc.weight", "fc.bias"])
    let vgg = try architecture("vgg11", Shape(height: 32, width: 32, channels: 3))
    #expect(vgg.layout.tensors.map(\.name).contains("features.25.weight"))
    #expect(vgg.layout.tensors.last?.name == "classifier.bias")
    let mlp = try architecture("mlp", Shape(features: 20))
    #expect(mlp.layout.tensors.map(\.name).first == "0.weight")
    let pictures = try architecture("mlp", Shape(height: 8, width: 8, channels: 1))
    #expect(pictures.layout.tensors.map(\.name).first == "1.weight")
  }

  @Test func exportAndPlaceAreInverse() throws {
    let layout = try architecture("cnn", Shape(height: 28, width: 28, channels: 3)).layout
    let state = NetworkState<Float>(initial: layout, seed: 4)
    var copy = [Float](repeating: .nan, count: layout.parameterCount)
    for tensor in layout.tensors { tensor.place(tensor.exported(from: state.parameters), into: &copy) }
    #expect(copy == state.parameters)
    // O, I, H, W outside; O, H, W, I inside.
    let first = layout.tensors[0]
    let outside = first.exported(from: state.parameters)
    let (o, i, h, w) = (5, 2, 1, 0)
    #expect(outside[((o * 3 + i) * 3 + h) * 3 + w] == state.parameters[((o * 3 + h) * 3 + w) * 3 + i])
  }

  @Test func everyFaultIsNamed() {
    let layers: [LayerDescription] = [
      .conv2d(outChannels: 4, kernel: [3, 3], inChannels: 2), .relu, .linear(outFeatures: 3),
    ]
    #expect {
      try Architecture(
        layers: NamedLayer.sequential(layers), input: Shape(height: 4, width: 4, channels: 1), outputs: 3)
    } throws: { error in
      (error as? ArchitectureFaults)?.faults == [
        .init(
          path: ["layers", "0", "in_channels"], detail: "must be 1, the channels of the layer before, got 2")
      ]
    }
    #expect {
      try Architecture(
        layers: NamedLayer.sequential([.linear(outFeatures: 3)]),
        input: Shape(height: 4, width: 4, channels: 1))
    } throws: { error in
      (error as? ArchitectureFaults)?.faults.first?.detail.contains("flatten") == true
    }
    #expect {
      try Architecture(
        layers: NamedLayer.sequential([
          .residual(layers: NamedLayer.sequential([.conv2d(outChannels: 2, kernel: [3, 3])]))
        ]), input: Shape(height: 4, width: 4, channels: 1))
    } throws: { error in
      (error as? ArchitectureFaults)?.faults.first?.detail.contains("add a shortcut") == true
    }
    #expect(throws: ArchitectureFaults.self) {
      try Architecture(
        layers: NamedLayer.sequential([.linear(outFeatures: 1 << 40)]), input: Shape(features: 1 << 20))
    }
    #expect(throws: ArchitectureFaults.self) {
      try Architecture(layers: [], input: Shape(features: 3))
    }
  }
}
