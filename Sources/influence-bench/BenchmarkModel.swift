import Foundation
import JSON
import Network
import Tensor

/// The network of a benchmark and the shape it is run at.
struct BenchmarkModel {
  let name: String
  let architecture: Architecture
  let precision: Precision
  let batch: Int

  init(_ options: BenchmarkOptions) throws {
    let input: Shape
    var outputs = 10
    if options.benchmark == .conv {
      input = options.input ?? Shape(height: 16, width: 16, channels: 128)
      let layers = NamedLayer.sequential([
        .conv2d(outChannels: options.channels, kernel: [3, 3], padding: 1, bias: false)
      ])
      name = "3x3 \(input.channels)x\(input.height)x\(input.width) to \(options.channels)"
      precision = options.precision ?? .float32
      batch = options.batch ?? 64
      architecture = try Architecture(layers: layers, input: input)
      return
    }
    if let file = options.graph {
      guard let given = options.input else { throw BenchmarkFault("--network needs --input") }
      name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
      precision = options.precision ?? .float32
      batch = options.batch ?? 64
      architecture = try Self.network(file, given)
      return
    }
    name = options.model
    let named: NamedArchitecture
    if options.model == "iris" || options.model == "iris-tanh" {
      input = Shape(features: 4)
      outputs = 3
      named = .mlp(hidden: [5], activation: options.model == "iris" ? .relu : .tanh)
      precision = options.precision ?? .float64
      batch = options.batch ?? 150
    } else {
      guard let model = Self.named(options.model) else {
        throw BenchmarkFault(
          "there is no model \(options.model); known are \(NamedArchitecture.names.joined(separator: ", ")), "
            + "iris, iris-tanh")
      }
      input = options.input ?? Self.usualInput(options.model)
      // Pictures of ImageNet's size come in its thousand classes.
      outputs = min(input.height, input.width) < 64 ? 10 : 1000
      named = model
      precision = options.precision ?? .float32
      batch = options.batch ?? 256
    }
    do {
      architecture = try Architecture(named, input: input, outputs: outputs)
    } catch {
      throw BenchmarkFault(
        "\(options.model) does not fit the input: \(error.faults.map(\.detail).joined(separator: "; "))")
    }
  }

  /// The named architecture; the transformer has four blocks of width 256 and 8,000 tokens.
  private static func named(_ model: String) -> NamedArchitecture? {
    let named = NamedArchitecture(name: model)
    guard case .textTransformer = named else { return named }
    var transformer = TextTransformer(vocabulary: 8000)
    transformer.width = 256
    transformer.depth = 4
    return .textTransformer(transformer)
  }

  /// The network of a file that holds a graph as a request has it.
  private static func network(_ file: String, _ input: Shape) throws -> Architecture {
    let body = try JSONParser.parse([UInt8](Data(contentsOf: URL(fileURLWithPath: file))))
    let faults = RequestFaults()
    let reader = FieldReader(body, at: .root, faults: faults)
    let nodes = reader.requiredValue("nodes").flatMap {
      GraphDescription.list.read($0, JSONPointer.root.appending("nodes"), faults)
    }
    let outputs = reader.requiredValue("outputs").flatMap {
      GraphDescription.outputs.read($0, JSONPointer.root.appending("outputs"), faults)
    }
    guard faults.isEmpty, let nodes, let output = outputs?.first else {
      throw BenchmarkFault("\(file): \(faults.list.map(\.description).joined(separator: "; "))")
    }
    do {
      return try Architecture(graph: GraphDescription(nodes: nodes, output: output), input: input)
    } catch {
      throw BenchmarkFault("\(file): \(error.faults.map(\.detail).joined(separator: "; "))")
    }
  }

  private static func usualInput(_ model: String) -> Shape {
    switch NamedArchitecture(name: model) {
    case .vgg(_, .small), .visionTransformer: Shape(height: 32, width: 32, channels: 3)
    case .vgg(_, .torchvision), .torchvision: Shape(height: 64, width: 64, channels: 3)
    case .resnet(.fifty, _): Shape(height: 224, width: 224, channels: 3)
    case .textTransformer: Shape(features: 128)
    default: Shape(height: 28, width: 28, channels: 1)
    }
  }
}
