import Formats
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// Weights as users of PyTorch have them: other types, names with prefixes, tied tensors, transposed tensors.
/// Also values that no network has.
@Suite struct WeightsConversionTests {
  /// A tensor to be written: its type, shape and bytes.
  private struct Written {
    var dtype: SafetensorsHeader.DType
    var shape: [Int]
    var bytes: [UInt8]
  }

  private static func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  private func file(_ tensors: [String: Written], metadata: [String: String] = [:]) throws -> [UInt8] {
    let header = try SafetensorsHeader(
      tensors.map { .init(name: $0.key, dtype: $0.value.dtype, shape: $0.value.shape) }, metadata: metadata)
    return header.encoded + header.tensors.flatMap { tensors[$0.name]?.bytes ?? [] }
  }

  private static let values: [Float] = [1, -0.5, 0.099975586, 2]

  /// Tensors of a layout that all hold `values` in turn, written in a type.
  private func tensors(_ layout: ParameterLayout, _ dtype: SafetensorsHeader.DType) -> [String: Written] {
    Dictionary(
      uniqueKeysWithValues: layout.tensors.map { tensor in
        if tensor.kind == .batchesTracked {
          return (tensor.name, Written(dtype: .int64, shape: [], bytes: Self.bytes([Int64(7)])))
        }
        let values = (0..<tensor.count).map { tensor.kind == .runningVariance ? 2 : Self.values[$0 % 4] }
        let bytes: [UInt8] =
          switch dtype {
          case .float16: Self.bytes(values.map { Float16($0).bitPattern })
          case .bfloat16: Self.bytes(values.map { UInt16($0.bitPattern >> 16) })
          case .float64: Self.bytes(values.map { Double($0) })
          default: Self.bytes(values)
          }
        return (tensor.name, Written(dtype: dtype, shape: tensor.shape, bytes: bytes))
      })
  }

  private var layout: ParameterLayout {
    get throws { try #require(SmallNetwork.all.first { $0.name == "normalized" }).architecture.layout }
  }

  /// The state that a file gives, or its faults.
  private func read<Element: Scalar>(
    _ bytes: [UInt8], _ layout: ParameterLayout, _: Element.Type = Float.self
  ) throws -> (state: NetworkState<Element>?, notes: [String], warnings: [String], faults: [String]) {
    var reader = WeightsReader<Element>(layout: layout)
    do {
      try bytes.withUnsafeBytes { try reader.feed($0) }
      let state = try reader.finish()
      return (state, reader.notes, reader.warnings, [])
    } catch let rejection as RequestRejection {
      return (nil, [], [], rejection.faults.map(\.description))
    }
  }

  // MARK: Types

  @Test func halfPrecisionIsWidenedWithANote() throws {
    let layout = try layout
    let expected = try #require(try read(file(tensors(layout, .float32)), layout).state)
    let half = try read(file(tensors(layout, .float16)), layout)
    #expect(half.state == expected)
    let count = layout.tensors.count { $0.kind != .batchesTracked }
    #expect(half.notes == ["\(count) tensors of type F16 were converted to float32; every value is the same"])
    #expect(half.warnings.isEmpty)
    let brain = try read(file(tensors(layout, .bfloat16)), layout)
    // Three of the four values are exact in eight bits.
    #expect(brain.state?.parameters[0] == expected.parameters[0])
    #expect(brain.notes.first?.contains("BF16") == true)
    // Into a float64 model everything is exact.
    for type in [SafetensorsHeader.DType.float16, .float32] {
      let wide = try read(file(tensors(layout, type)), layout, Double.self)
      #expect(wide.state?.parameters == expected.parameters.map { Double($0) })
      #expect(wide.notes.count == 1 && wide.notes[0].contains("float64; every value is the same"))
    }
    #expect(try read(file(tensors(layout, .float32)), layout).notes.isEmpty)
  }

  @Test func doublePrecisionIsRoundedAndSaysSo() throws {
    let layout = try layout
    var wide = tensors(layout, .float64)
    wide["7.bias"]?.bytes = Self.bytes([1e-60, 0.1, 0.0])
    let rounded = try read(file(wide), layout)
    let count = layout.tensors.count { $0.kind != .batchesTracked }
    #expect(
      rounded.notes
        == [
          "\(count) tensors of type F64 were rounded to float32, the model's precision; 1 value too small for it became 0"
        ])
    let bias = try #require(layout.tensors.first { $0.name == "7.bias" })
    #expect(rounded.state.map { bias.exported(from: $0.parameters) } == [0, Float(0.1), 0])
    wide["7.bias"]?.bytes = Self.bytes([0, 1e39, 0.1])
    #expect(
      try read(file(wide), layout).faults == [
        "/7.bias has the value 1e+39 at [1], beyond the largest float32, 3.4028235e+38"
      ])
    #expect(try read(file(wide), layout, Double.self).state != nil)
  }

  @Test func othersThanFloatingPointAreRefusedTogether() throws {
    let layout = try layout
    var quantized = tensors(layout, .float32)
    for (name, tensor) in quantized where name.hasSuffix("weight") {
      quantized[name] = Written(
        dtype: .int8, shape: tensor.shape, bytes: [UInt8](repeating: 1, count: tensor.bytes.count / 4))
    }
    let faults = try read(file(quantized), layout).faults
    #expect(faults.count == 1)
    #expect(faults[0].contains("5 tensors of type I8") && faults[0].contains(".float()"))
  }

  @Test func countersAreWholeNumbersOfAnyType() throws {
    let layout = try layout
    let name = "1.num_batches_tracked"
    let counter = try #require(layout.tensors.first { $0.name == name })
    for (type, bytes): (SafetensorsHeader.DType, [UInt8]) in [
      (.int64, Self.bytes([Int64(5)])), (.int32, Self.bytes([Int32(5)])), (.uint8, [5]),
      (.float16, Self.bytes([Float16(5).bitPattern])), (.float64, Self.bytes([5.0])),
    ] {
      var given = tensors(layout, .float32)
      given[name] = Written(dtype: type, shape: [], bytes: bytes)
      #expect(try read(file(given), layout).state?.counters[counter.offset] == 5, "\(type)")
    }
    for (type, bytes): (SafetensorsHeader.DType, [UInt8]) in [
      (.int64, Self.bytes([Int64(-5)])), (.float32, Self.bytes([Float(0.5)])),
      (.float32, Self.bytes([Float.nan])),
      (.uint64, Self.bytes([UInt64.max])), (.float64, Self.bytes([1e300])),
    ] {
      var given = tensors(layout, .float32)
      given[name] = Written(dtype: type, shape: [], bytes: bytes)
      let faults = try read(file(given), layout).faults
      #expect(faults.count == 1 && faults[0].hasPrefix("/\(name) counts minibatches"), "\(faults)")
    }
  }

  // MARK: Values

  @Test func valuesThatNoNetworkHasAreNamed() throws {
    let layout = try layout
    func faults(_ name: String, _ values: [Float]) throws -> [String] {
      var given = tensors(layout, .float32)
      given[name]?.bytes = Self.bytes(values)
      return try read(file(given), layout).faults
    }
    #expect(
      try faults("7.bias", [0, .nan, .infinity]) == [
        "/7.bias has the value nan at [1]; every weight must be a finite number"
      ])
    var kernel = [Float](repeating: 0, count: 54)
    kernel[53] = -.infinity
    #expect(
      try faults("0.weight", kernel) == [
        "/0.weight has the value -inf at [2, 1, 2, 2]; every weight must be a finite number"
      ])
    #expect(
      try faults("1.running_mean", [0, 0, .nan]).first?.hasPrefix("/1.running_mean has the value nan at [2]")
        == true)
    #expect(try faults("1.running_var", [1, 1, .infinity]).count == 1)
    let negative = try faults("1.running_var", [1, -0.25, -1])
    #expect(negative.count == 1)
    #expect(negative[0].hasPrefix("/1.running_var has the negative variance -0.25 at [1]"))
    // A negative mean or scale is none.
    #expect(try faults("1.running_mean", [-1, -1, -1]).isEmpty)
    #expect(try faults("1.weight", [-1, 0, -1]).isEmpty)
  }

  @Test func aVarianceOfZeroIsTakenWithAWarning() throws {
    let layout = try layout
    var given = tensors(layout, .float32)
    given["1.running_var"]?.bytes = Self.bytes([Float(1), 0, 0])
    let came = try read(file(given), layout)
    #expect(came.state != nil)
    #expect(came.warnings.count == 1)
    #expect(came.warnings[0].hasPrefix("2 running variances are 0, first '1.running_var' at [1]"))
  }

  @Test func aDivergedTrainingIsOneSentence() throws {
    let layout = try layout
    let given = tensors(layout, .float32).mapValues { tensor in
      var tensor = tensor
      if tensor.dtype == .float32 {
        tensor.bytes = Self.bytes([Float](repeating: .nan, count: tensor.bytes.count / 4))
      }
      return tensor
    }
    let faults = try read(file(given), layout).faults
    #expect(faults.count == 1)
    #expect(faults[0].contains("diverged"))
  }

  // MARK: Names

  @Test(arguments: [
    "module.", "model.", "_orig_mod.", "_orig_mod.module.", "module.model.", "model._orig_mod.",
  ])
  func prefixesOfWrappersAreLeftOut(prefix: String) throws {
    let layout = try layout
    let plain = tensors(layout, .float32)
    let named = Dictionary(uniqueKeysWithValues: plain.map { (prefix + $0.key, $0.value) })
    let came = try read(file(named), layout)
    #expect(came.state == (try read(file(plain), layout).state))
    #expect(came.notes == ["every name began with '\(prefix)', which was left out"])
  }

  /// `VGG` of PyTorch's examples wraps `features` alone: `features.module.0.weight`.
  @Test func wrappersWithinNamesAreLeftOut() throws {
    let input = Shape(height: 32, width: 32, channels: 3)
    let layout = try Architecture(
      try #require(NamedArchitecture(name: "vgg11")), input: input, outputs: 10
    ).layout
    var reader = WeightsReader<Float>(layout: layout)
    let declared = layout.tensors.map {
      SafetensorsHeader.Declaration(
        name: $0.name.replacing("features.", with: "features.module."),
        dtype: $0.kind == .batchesTracked ? .int64 : .float32, shape: $0.shape)
    }
    try (SafetensorsHeader(declared).encoded + [0]).withUnsafeBytes { try reader.feed($0) }
    #expect(reader.notes.count == 1 && reader.notes[0].contains("features.module."))
  }

  @Test func aPrefixOfOneTensorIsNoPrefix() throws {
    let layout = try layout
    var given = tensors(layout, .float32)
    given["module.0.weight"] = given.removeValue(forKey: "0.weight")
    let came = try read(file(given), layout)
    // The wrapper's name is left out wherever it is.
    #expect(came.state != nil && came.notes.count == 1)
    given["n_averaged"] = Written(dtype: .int64, shape: [], bytes: Self.bytes([Int64(1)]))
    #expect(try read(file(given), layout).faults == ["/n_averaged is not a tensor of this network"])
  }

  @Test func anUnknownPrefixIsOneSentence() throws {
    let layout = try layout
    let named = Dictionary(
      uniqueKeysWithValues: tensors(layout, .float32).map { ("net.body." + $0.key, $0.value) })
    let faults = try read(file(named), layout).faults
    #expect(faults.count == 1)
    #expect(faults[0].contains("begins with 'net.body.'") && faults[0].contains("removeprefix('net.body.')"))
  }

  @Test func otherNamesAreOneSentenceWithTheNetworksOwn() throws {
    let layout = try layout
    let places = ["0": "conv1", "1": "bn1", "3": "conv2", "4": "bn2", "7": "fc"]
    let named = Dictionary(
      uniqueKeysWithValues: tensors(layout, .float32).map { name, tensor in
        let parts = name.split(separator: ".", maxSplits: 1)
        return ("\(places[String(parts[0])] ?? "x").\(parts[1])", tensor)
      })
    let faults = try read(file(named), layout).faults
    #expect(faults.count == 1, "\(faults)")
    #expect(faults[0].contains("only the names differ"))
    #expect(faults[0].contains("0.weight [3, 2, 3, 3]"))
  }

  @Test func tiedWeightsAreNamed() throws {
    let layout = try #require(SmallNetwork.all.first { $0.name == "tanh perceptron" }).architecture.layout
    var given = tensors(layout, .float32)
    given["4.bias"] = nil
    let noted = try read(file(given, metadata: ["format": "pt", "4.bias": "0.bias"]), layout).faults
    #expect(noted.count == 1)
    #expect(
      noted[0].hasPrefix("/4.bias is missing") && noted[0].contains("'0.bias'") && noted[0].contains("tied"))
    let silent = try read(file(given), layout).faults
    #expect(silent.count == 1)
    #expect(
      silent[0].hasPrefix("/4.bias is missing; it must have the shape [3]") && silent[0].contains("tied"))
  }

  // MARK: Shapes

  @Test func transposedTensorsAreOneSentence() throws {
    let layout = try #require(SmallNetwork.all.first { $0.name == "tanh perceptron" }).architecture.layout
    var given = tensors(layout, .float32)
    for (name, tensor) in given { given[name]?.shape = tensor.shape.reversed() }
    let faults = try read(file(given), layout).faults
    #expect(faults.count == 1)
    #expect(faults[0].contains("3 tensors that are transposed") && faults[0].contains(".T.contiguous()"))
    var one = tensors(layout, .float32)
    one["0.weight"]?.shape = [5, 6]
    #expect(try read(file(one), layout).faults.first?.contains("it is transposed") == true)
  }

  @Test func kernelsOfKerasAreOneSentence() throws {
    let layout = try #require(SmallNetwork.all.first { $0.name == "convolutions" }).architecture.layout
    var given = tensors(layout, .float32)
    for (name, tensor) in given where tensor.shape.count == 4 {
      let shape = tensor.shape
      given[name]?.shape = [shape[2], shape[3], shape[1], shape[0]]
    }
    let faults = try read(file(given), layout).faults
    #expect(faults.count == 1)
    #expect(faults[0].contains("permute(3, 2, 0, 1)"))
  }
}
