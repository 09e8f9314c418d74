import Formats
import JSON
import Jobs
import Network
import Tensor
import Testing

/// Named architectures in requests, and uploads of weights for them.
struct NamedArchitectureRequestTests {
  private func written(_ json: JSONValue) throws -> JSONValue { try ArchitectureRequest(json: json).json }

  private func network(_ json: JSONValue, _ input: Shape) throws -> Architecture {
    guard case .named(let named) = try ArchitectureRequest.form.value(of: json).choice else {
      throw JobFailure(.missing, "the request names no architecture")
    }
    return try Architecture(named, input: input, outputs: 10)
  }

  @Test func namesOfBeforeAreWrittenAsBefore() throws {
    for name in ["cnn", "lenet", "vgg11", "vgg13", "vgg14", "mobilenet_v2", "swin_t", "vgg16_bn"] {
      #expect(try ArchitectureRequest.form.value(of: .string(name)).json == .string(name))
      #expect(try ArchitectureRequest.form.value(of: ["name": .string(name)]).json == .string(name))
    }
    #expect(
      try ArchitectureRequest.form.value(of: ["name": "vgg11", "form": "torchvision"]).json
        == ["name": "vgg11", "form": "torchvision"])
    #expect(try ArchitectureRequest.form.value(of: ["name": "vgg11", "form": "small"]).json == "vgg11")
  }

  @Test func optionsReachTheNetwork() throws {
    let picture = Shape(height: 32, width: 32, channels: 3)
    let plain = try network(["name": "vgg11", "form": "torchvision"], picture)
    #expect(plain.layout.parameterCount == 128_807_306)
    let vit = try network(
      ["name": "vit_b_16", "patch_size": 8, "width": 64, "depth": 3, "heads": 4, "feedforward": 32], picture)
    let shapes = Dictionary(uniqueKeysWithValues: vit.layout.tensors.map { ($0.name, $0.shape) })
    #expect(shapes["conv_proj.weight"] == [64, 3, 8, 8])
    #expect(shapes["encoder.pos_embedding"] == [1, 17, 64])
    #expect(shapes["encoder.layers.encoder_layer_2.mlp.0.weight"] == [32, 64])
    #expect(shapes["encoder.layers.encoder_layer_3.ln_1.weight"] == nil)
    let text = try network(["name": "transformer", "vocabulary": 30, "depth": 1], Shape(features: 7))
    let tensors = Dictionary(uniqueKeysWithValues: text.layout.tensors.map { ($0.name, $0.shape) })
    #expect(tensors["embedding.weight"] == [30, 128])
    #expect(tensors["positions"] == [7, 128])
    #expect(tensors["encoder.layers.0.linear1.weight"] == [512, 128])
    let standard = try ArchitectureRequest.form.value(of: ["name": "transformer", "vocabulary": 30]).json
    #expect(
      standard == [
        "name": "transformer", "vocabulary": 30, "width": 128, "depth": 2, "heads": 4, "dropout": 0.0,
        "causal": false,
      ])
  }

  @Test(arguments: [
    (#""transformer""#, "/vocabulary is required"), (#"{"name": "transformer"}"#, "/vocabulary is required"),
    (#"{"name": "vgg14", "form": "torchvision"}"#, "/form"),
    (#"{"name": "vgg11", "form": "large"}"#, "/form"),
    (#"{"name": "vit_b_16", "heads": 0}"#, "/heads must be"), (#"{"name": "swin_t", "depth": 2}"#, "/depth"),
  ])
  func faultsNameTheOption(_ text: String, _ words: String) throws {
    let rejection = #expect(throws: RequestRejection.self) {
      try ArchitectureRequest.form.value(of: JSONParser.parse(text))
    }
    #expect(
      rejection?.faults.map(\.description).first?.hasPrefix(words) == true, "\(rejection?.faults ?? [])")
  }

  // MARK: Buffers of a module

  /// A file for `swin_t`: all zeros but for its indices, which `change` may alter or leave out.
  private func faults(_ change: ([Int64]) -> [Int64]?) throws -> [String] {
    let layout = try network("swin_t", Shape(height: 32, width: 32, channels: 3)).layout
    var entries: [(SafetensorsHeader.Declaration, [Int64]?)] = []
    for tensor in layout.tensors {
      guard case .buffer(let values) = tensor.kind else {
        entries.append((.init(name: tensor.name, dtype: .float32, shape: tensor.shape), nil))
        continue
      }
      if let values = change(values) {
        entries.append((.init(name: tensor.name, dtype: .int64, shape: tensor.shape), values))
      }
    }
    let header = try SafetensorsHeader(entries.map(\.0))
    let values = Dictionary(uniqueKeysWithValues: entries.map { ($0.0.name, $0.1) })
    var reader = WeightsReader<Float>(layout: layout)
    do {
      try header.encoded.withUnsafeBytes { try reader.feed($0) }
      for tensor in header.tensors {
        if let indices = values[tensor.name] ?? nil {
          try indices.withUnsafeBytes { try reader.feed($0) }
        } else {
          try [UInt8](repeating: 0, count: tensor.byteCount).withUnsafeBytes { try reader.feed($0) }
        }
      }
      _ = try reader.finish()
      return []
    } catch let rejection as RequestRejection {
      return rejection.faults.map(\.description)
    }
  }

  /// torchvision's `relative_position_index` comes with its state dict. The network computes with the same
  /// numbers, so other ones would change the outputs.
  @Test func indicesMayBeAbsentAndMustNotDiffer() throws {
    #expect(try faults { $0 } == [])
    #expect(try faults { _ in nil } == [])
    let wrong = try faults { values in
      var values = values
      values[50] += 1
      return values
    }
    #expect(wrong.count == 12)
    #expect(
      wrong.first?.contains(
        ".relative_position_index has the value 85 at [50] instead of 84: the network has other options")
        == true,
      "\(wrong.first ?? "")")
  }
}
