import Datasets
import Formats
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

@Suite("Checkpoint bytes")
struct WeightsTests {
  /// Writes a file with the given tensors, all ones.
  private func file(_ declarations: [SafetensorsHeader.Declaration]) throws -> [UInt8] {
    let header = try SafetensorsHeader(declarations)
    var bytes = Array(header.encoded)
    for tensor in header.tensors {
      for _ in 0..<tensor.elementCount {
        switch tensor.dtype {
        case .float32: withUnsafeBytes(of: Float(1)) { bytes += $0 }
        case .float64: withUnsafeBytes(of: Double(1)) { bytes += $0 }
        default: bytes += Array(repeating: 0, count: tensor.dtype.byteCount)
        }
      }
    }
    return bytes
  }

  private func declarations(_ layout: ParameterLayout, _ dtype: SafetensorsHeader.DType)
    -> [SafetensorsHeader.Declaration]
  {
    layout.tensors.map {
      .init(name: $0.name, dtype: $0.kind == .batchesTracked ? .int64 : dtype, shape: $0.shape)
    }
  }

  private func faults(_ layout: ParameterLayout, _ bytes: [UInt8], _ precision: Precision = .float32)
    -> [String]
  {
    do {
      let weights = Weights(layout: layout, precision: precision)
      switch precision {
      case .float32: _ = try weights.state(from: bytes, as: Float.self)
      case .float64: _ = try weights.state(from: bytes, as: Double.self)
      }
      return []
    } catch let rejection as RequestRejection {
      return rejection.faults.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  @Test(arguments: SmallNetwork.all)
  func whatIsWrittenIsReadAgain(_ network: SmallNetwork) throws {
    func check<Element: Scalar>(_: Element.Type) throws {
      var state = network.state(Element.self)
      for index in state.counters.indices { state.counters[index] = Int64(index + 7) << 33 }
      let weights = Weights(layout: network.architecture.layout, precision: Element.precision)
      let bytes = try weights.bytes(of: state)
      #expect(bytes.count == (try weights.byteCount()))
      #expect(try weights.state(from: bytes) == state)
      // Cut into pieces of any size.
      var reader = WeightsReader<Element>(layout: network.architecture.layout)
      for start in stride(from: 0, to: bytes.count, by: 7) {
        try bytes[start..<min(start + 7, bytes.count)].withUnsafeBytes { try reader.feed($0) }
      }
      #expect(try reader.finish() == state)
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test func thePixelsOfAKernelLieInPyTorchsOrder() throws {
    let network = SmallNetwork(
      "convolution", Shape(height: 3, width: 3, channels: 2), [.conv2d(outChannels: 1, kernel: [2, 2])])
    let layout = network.architecture.layout
    // O, I, H, W: channel 0 first.
    let written: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
    var bytes = Array(
      try SafetensorsHeader([
        .init(name: "0.bias", dtype: .float32, shape: [1]),
        .init(name: "0.weight", dtype: .float32, shape: [1, 2, 2, 2]),
      ]).encoded)
    for value in [0] + written { withUnsafeBytes(of: value) { bytes += $0 } }
    let state: NetworkState<Float> = try Weights(layout: layout, precision: .float32).state(from: bytes)
    let weights = layout.neuronLayers[0].weights
    // Channels-last inside: (row, column, channel).
    #expect(Array(state.parameters[weights..<weights + 8]) == [1, 5, 2, 6, 3, 7, 4, 8])
  }

  @Test func everyMismatchIsListed() throws {
    let layout = try #require(SmallNetwork.all.first { $0.name == "normalized" }).architecture.layout
    var wrong = declarations(layout, .float32)
    wrong.removeAll { $0.name == "0.weight" }
    wrong = wrong.map {
      switch $0.name {
      case "1.weight": .init(name: $0.name, dtype: .float32, shape: [4])
      case "3.bias": .init(name: $0.name, dtype: .float16, shape: [5])
      default: $0
      }
    }
    wrong.append(.init(name: "0.weigth", dtype: .float32, shape: [1]))
    let found = faults(layout, try file(wrong))
    #expect(
      Set(found)
        == [
          #"/0.weigth is not a tensor of this network, did you mean "0.weight"?"#,
          "/1.weight must have the shape [3], got [4]",
          "/3.bias must have the shape [3], got [5]",
          "/0.weight is missing; it must have the shape [3, 2, 3, 3]",
        ], "\(found)")
  }

  @Test func singlePrecisionIsWidened() throws {
    let layout = SmallNetwork.ridge.architecture.layout
    let single = try file(declarations(layout, .float32))
    let state: NetworkState<Double> = try Weights(layout: layout, precision: .float64).state(from: single)
    #expect(state.parameters.allSatisfy { $0 == 1 })
  }

  @Test func countsOfBatchesMayBeAbsentAndWeightsMustBeNumbers() throws {
    let layout = try #require(SmallNetwork.all.first { $0.name == "normalized" }).architecture.layout
    let without = declarations(layout, .float32).filter { !$0.name.hasSuffix("num_batches_tracked") }
    #expect(without.count < layout.tensors.count)
    #expect(faults(layout, try file(without)).isEmpty)
    var bytes = try file(without)
    withUnsafeBytes(of: Float.nan) { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: $0) }
    #expect(faults(layout, bytes).first?.contains("has the value nan") == true)
    #expect(faults(layout, Array(bytes.dropLast())).count == 1)
  }

  @Test func theNamesOfTheCommonCIFARModulesAreTaken() throws {
    let layout = try Architecture(
      try #require(NamedArchitecture(name: "resnet18")), input: Shape(height: 8, width: 8, channels: 1),
      outputs: 10
    ).layout
    let renamed = declarations(layout, .float32).map { tensor in
      var name = tensor.name
      if let range = name.range(of: "downsample") { name.replaceSubrange(range, with: "shortcut") }
      if name.hasPrefix("fc.") { name = "linear." + name.dropFirst(3) }
      return SafetensorsHeader.Declaration(name: name, dtype: tensor.dtype, shape: tensor.shape)
    }
    #expect(renamed.contains { $0.name == "layer2.0.shortcut.0.weight" })
    #expect(faults(layout, try file(renamed)).isEmpty)
    let twice = renamed + [.init(name: "fc.bias", dtype: .float32, shape: [10])]
    #expect(faults(layout, try file(twice)).contains { $0.contains("given twice") })
  }

  /// Names and shapes as the modules' own definitions give them, written down independently of the engine's.
  private struct Module {
    private(set) var tensors: [SafetensorsHeader.Declaration] = []

    mutating func add(_ name: String, _ shape: [Int]) {
      tensors.append(.init(name: name, dtype: .float32, shape: shape))
    }

    mutating func normalization(_ name: String, _ channels: Int) {
      for part in ["weight", "bias", "running_mean", "running_var"] { add("\(name).\(part)", [channels]) }
      tensors.append(.init(name: "\(name).num_batches_tracked", dtype: .int64, shape: []))
    }

    /// `resnet18` and `resnet50` of torchvision, and the CIFAR modules with `shortcut`, `linear` and a 3×3
    /// stem.
    static func resnet(_ blocks: [Int], bottleneck: Bool, stem: Int, shortcut: String, head: String) -> Module
    {
      var module = Module()
      module.add("conv1.weight", [64, 3, stem, stem])
      module.normalization("bn1", 64)
      var channels = 64
      for (stage, count) in blocks.enumerated() {
        let width = 64 << stage
        let outputs = bottleneck ? 4 * width : width
        for block in 0..<count {
          let name = "layer\(stage + 1).\(block)"
          let kernels =
            bottleneck
            ? [[width, channels, 1, 1], [width, width, 3, 3], [outputs, width, 1, 1]]
            : [[width, channels, 3, 3], [width, width, 3, 3]]
          for (index, kernel) in kernels.enumerated() {
            module.add("\(name).conv\(index + 1).weight", kernel)
            module.normalization("\(name).bn\(index + 1)", kernel[0])
          }
          if channels != outputs || (stage > 0 && block == 0) {
            module.add("\(name).\(shortcut).0.weight", [outputs, channels, 1, 1])
            module.normalization("\(name).\(shortcut).1", outputs)
          }
          channels = outputs
        }
      }
      module.add("\(head).weight", [10, channels])
      module.add("\(head).bias", [10])
      return module
    }

    /// VGG with batch normalization for 32×32 pictures: `features.N` and one linear `classifier`.
    static func vgg(_ plan: [Int]) -> Module {
      var module = Module()
      var (place, channels) = (0, 3)
      for width in plan {
        guard width > 0 else {
          place += 1
          continue
        }
        module.add("features.\(place).weight", [width, channels, 3, 3])
        module.add("features.\(place).bias", [width])
        module.normalization("features.\(place + 1)", width)
        place += 3
        channels = width
      }
      module.add("classifier.weight", [10, 512])
      module.add("classifier.bias", [10])
      return module
    }
  }

  /// The faults of the header of a file with these tensors.
  private func headerFaults(
    _ model: String, _ side: Int, _ tensors: [SafetensorsHeader.Declaration]
  ) throws -> [String] {
    let input = Shape(height: side, width: side, channels: 3)
    let layout = try Architecture(
      try #require(NamedArchitecture(name: model)), input: input, outputs: 10
    ).layout
    var reader = WeightsReader<Float>(layout: layout)
    do {
      // The header is checked when the first bytes of a tensor arrive.
      let bytes = Array(try SafetensorsHeader(tensors).encoded) + [0, 0, 0, 0]
      try bytes.withUnsafeBytes { try reader.feed($0) }
      return []
    } catch let rejection as RequestRejection {
      return rejection.faults.map(\.description)
    }
  }

  @Test func weightsOfPyTorchsModulesFit() throws {
    for (model, blocks, bottleneck) in [
      ("resnet18", [2, 2, 2, 2], false), ("resnet50", [3, 4, 6, 3], true),
    ] {
      let torchvision = Module.resnet(
        blocks, bottleneck: bottleneck, stem: 7, shortcut: "downsample", head: "fc")
      #expect(try headerFaults(model, 224, torchvision.tensors) == [])
      let cifar = Module.resnet(blocks, bottleneck: bottleneck, stem: 3, shortcut: "shortcut", head: "linear")
      #expect(try headerFaults(model, 32, cifar.tensors) == [])
      #expect(
        try headerFaults(model, 32, torchvision.tensors) == [
          "/conv1.weight must have the shape [64, 3, 3, 3], got [64, 3, 7, 7]"
        ])
    }
    let eleven = Module.vgg([64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0])
    #expect(try headerFaults("vgg11", 32, eleven.tensors) == [])
    let thirteen = Module.vgg([64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0])
    #expect(try headerFaults("vgg13", 32, thirteen.tensors) == [])
  }

  /// torchvision's own VGG ends in three linear layers for 224×224 pictures, so the file is refused tensor by
  /// tensor.
  @Test func theClassifierOfTorchvisionsVGGIsNamed() throws {
    var module = Module.vgg([64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0]).tensors
    module.removeAll { $0.name.hasPrefix("classifier") }
    for (index, shape) in [(0, [4096, 25_088]), (3, [4096, 4096]), (6, [1000, 4096])] {
      module.append(.init(name: "classifier.\(index).weight", dtype: .float32, shape: shape))
      module.append(.init(name: "classifier.\(index).bias", dtype: .float32, shape: [shape[0]]))
    }
    let faults = try headerFaults("vgg11", 32, module)
    #expect(faults.count == 8)
    #expect(faults.contains { $0.hasPrefix("/classifier.0.weight is not a tensor of this network") })
    #expect(faults.contains("/classifier.weight is missing; it must have the shape [10, 512]"))
  }
}
