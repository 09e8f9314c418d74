import Formats
import TestSupport
import Testing

/// The reader and writer of ONNX files: what is read, what is refused, and that no bytes break it.
struct ONNXTests {
  private typealias B = ONNXBytes

  /// y = x Wᵀ + b in every form that tensors have.
  private static let small = B.model(
    [
      B.node(
        "Gemm", ["x", "W", "b"], ["y"], [B.attribute("transB", 1), B.attribute("alpha", Float(1))], name: "fc"
      )
    ],
    [
      B.tensor("W", [2, 3], [1, 2, 3, 4, 5, 6]),
      B.number(1, 2) + B.number(2, 1) + B.text(8, "b") + B.bytes(4, B.float(0.5) + B.float(-1)),
    ], inputs: [B.value("x", [nil, 3]), B.value("W", [2, 3])], outputs: [B.value("y", [nil, 2])])

  private func tensor(_ bytes: [UInt8]) throws -> (ONNXModel, ONNXTensor) {
    let model = try ONNXModel(B.model([], [bytes], inputs: [], outputs: []))
    return (model, try #require(model.initializers.first))
  }

  private func numbers(_ bytes: [UInt8]) throws -> [Double]? {
    let (model, tensor) = try tensor(bytes)
    return model.numbers(of: tensor)
  }

  @Test func readsNodesInputsOutputsAndInitializers() throws {
    let model = try ONNXModel(Self.small)
    #expect(model.opset == 17 && model.producer == "test")
    #expect(model.nodes.map(\.type) == ["Gemm"] && model.nodes[0].place == "fc")
    #expect(model.nodes[0].inputs == ["x", "W", "b"] && model.nodes[0].outputs == ["y"])
    guard case .integer(1) = model.nodes[0].attributes["transB"] else {
      Issue.record("transB is another value")
      return
    }
    // An initializer that is listed as an input, as old files do, is none.
    #expect(model.inputs.map(\.name) == ["x"])
    #expect(model.inputs[0].sizes == [.symbol("batch"), .known(3)])
    #expect(model.outputs.map(\.name) == ["y"])
    #expect(model.initializers.map(\.shape) == [[2, 3], [2]])
    #expect(model.numbers(of: model.initializers[0]) == [1, 2, 3, 4, 5, 6])
    #expect(model.numbers(of: model.initializers[1]) == [0.5, -1])
  }

  @Test func readsEveryTypeOfNumbers() throws {
    let minusOne = B.varint(.max)
    #expect(try numbers(B.tensor("t", 11, [1], raw: [0, 0, 0, 0, 0, 0, 0xf8, 0x3f])) == [1.5])
    #expect(try numbers(B.tensor("t", 10, [2], raw: [0, 0x3c, 0, 0xc0])) == [1, -2])
    #expect(try numbers(B.tensor("t", 16, [1], raw: [0x80, 0x3f])) == [1])
    #expect(try numbers(B.tensor("t", 3, [2], raw: [0xff, 7])) == [-1, 7])
    #expect(try numbers(B.tensor("t", 2, [1], raw: [0xff])) == [255])
    #expect(try numbers(B.tensor("t", 5, [1], raw: [0xfe, 0xff])) == [-2])
    #expect(try numbers(B.tensor("t", 6, [1], raw: [0xfe, 0xff, 0xff, 0xff])) == [-2])
    #expect(try numbers(B.tensor("t", 9, [2], raw: [0, 1])) == [0, 1])
    #expect(try numbers(B.tensor("t", whole: [-1, 1 << 40])) == [-1, 0x1p40])
    // Lists that are not packed, and 16-bit floats as varints.
    #expect(try numbers(B.number(1, 2) + B.number(2, 7) + B.number(7, -3) + B.number(7, 4)) == [-3, 4])
    #expect(
      try numbers(B.number(1, 2) + B.number(2, 10) + B.bytes(5, B.varint(0x3c00) + B.varint(0xc000))) == [
        1, -2,
      ])
    #expect(try numbers(B.number(1, 1) + B.number(2, 6) + B.bytes(5, minusOne)) == [-1])
    #expect(
      try numbers(B.number(1, 1) + B.number(2, 11) + B.bytes(10, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])) == [1])
    #expect(try numbers(B.tensor("t", 1, [0, 3], raw: [])) == [])
    #expect(try numbers(B.tensor("t", 8, [0], raw: [])) == nil)
  }

  @Test func halfFloatsRoundToTheNearest() {
    for bits in UInt16.min...UInt16.max {
      let value = Float(binary16: bits)
      if value.isNaN { continue }
      #expect(value.binary16 == bits)
      // Halfway to the next number goes to the even one.
      let next = Float(binary16: bits &+ 1)
      guard next.isFinite, bits & 0x7fff < 0x7bff else { continue }
      let middle = (value + next) / 2
      #expect(middle.binary16 == (bits & 1 == 0 ? bits : bits + 1))
    }
    #expect(Float(65_519).binary16 == 0x7bff && Float(65_520).binary16 == 0x7c00)
    #expect(Float(1.00390625).bfloat16 == 0x3f80 && Float(1.01171875).bfloat16 == 0x3f82)
    #expect(Float(bfloat16: Float.nan.bfloat16).isNaN && Float(binary16: Float.nan.binary16).isNaN)
  }

  @Test func writesTheSameFileWithOtherValues() throws {
    let half = B.number(1, 2) + B.number(2, 10) + B.bytes(5, B.varint(1) + B.varint(2)) + B.text(8, "h")
    let file = B.model(
      [B.node("Add", ["x", "h"], ["y"])],
      [B.tensor("W", [2], [1, 2]), half, B.tensor("d", 11, [1], raw: [0, 0, 0, 0, 0, 0, 0, 0])],
      inputs: [B.value("x", [nil, 2])], outputs: [B.value("y", [nil, 2])], tail: B.text(6, "documentation"))
    let model = try ONNXModel(file)
    var writer = ONNXWriter(model)
    #expect(try writer.finish() == file)
    try writer.put([3, 4], into: model.initializers[0])
    try writer.put([0.1], into: model.initializers[2])
    let same = try writer.finish()
    #expect(same.count == file.count)
    #expect(zip(same, file).count { $0 != $1 } <= 4 + 8)
    try writer.put([1, -2], into: model.initializers[1])
    let again = try ONNXModel(try writer.finish())
    #expect(again.initializers.map { again.numbers(of: $0) } == [[3, 4], [1, -2], [0.1]])
    #expect(again.initializers.map(\.name) == ["W", "h", "d"] && again.inputs.count == 1)
    #expect(try writer.finish().suffix(15) == file.suffix(15))
    #expect(throws: ONNXError.values(tensor: "W", found: 1, expected: 2)) {
      try writer.put([1], into: model.initializers[0])
    }
  }

  @Test func whatIsNeverReadIsNamedAtOnce() throws {
    let external = B.number(1, 4) + B.number(2, 1) + B.text(8, "big") + B.bytes(13, []) + B.number(14, 1)
    let subgraph = B.text(1, "then_branch") + B.bytes(6, B.text(2, "inner"))
    let sparse = B.text(1, "value") + B.bytes(22, [])
    let function = B.bytes(25, B.text(1, "Mine") + B.text(10, "own"))
    let file = B.model(
      [
        B.node("If", ["c"], ["y"], [subgraph], name: "branch"), B.node("Constant", [], ["s"], [sparse]),
        B.node("Mine", ["y"], ["z"], domain: "own"),
      ], [external], inputs: [], outputs: [], tail: function)
    let error = #expect(throws: ONNXError.self) { try ONNXModel(file) }
    guard case .refused(let refusals) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(Set(refusals.map(\.place)) == ["branch", "s", "z", "big"])
  }

  @Test func liesAboutSizesAreRefused() throws {
    func fault(_ tensor: [UInt8]) -> ONNXError? {
      #expect(throws: ONNXError.self) { try ONNXModel(B.model([], [tensor], inputs: [], outputs: [])) }
    }
    func isDimensions(_ error: ONNXError?) -> Bool {
      if case .dimensions = error { true } else { false }
    }
    #expect(isDimensions(fault(B.tensor("t", 1, [1 << 31, 1 << 31], raw: []))))
    #expect(isDimensions(fault(B.tensor("t", 1, [-1], raw: []))))
    #expect(isDimensions(fault(B.tensor("t", 1, [0, Int.max, Int.max], raw: []))))
    guard
      case .count(tensor: "t", _, found: 4, expected: 8) = fault(B.tensor("t", 1, [2], raw: [0, 0, 0, 0]))
    else {
      Issue.record("a tensor of too few bytes was taken")
      return
    }
    guard case .tooMany = fault(B.tensor("t", 1, Array(repeating: 1, count: 17), raw: [0, 0, 0, 0])) else {
      Issue.record("a tensor of 17 axes was taken")
      return
    }
    #expect(throws: ONNXError.truncated(offset: 1, needed: 1 << 40, found: 2)) {
      try ONNXModel([0x3a] + B.varint(1 << 40).prefix(6) + [1, 2])
    }
    #expect(throws: ONNXError.varint(offset: 1)) {
      try ONNXModel([8] + Array(repeating: 0xff, count: 10) + [1])
    }
    #expect(throws: ONNXError.wireType(offset: 0, found: 3)) { try ONNXModel([0x0b]) }
    #expect(throws: ONNXError.missing("graph")) { try ONNXModel(B.number(1, 8)) }
    #expect(throws: ONNXError.foreign(.safetensors)) {
      try ONNXModel([8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    }
    // Millions of empty nodes in few bytes.
    let bomb = B.model(Array(repeating: [], count: 70_000), inputs: [], outputs: [])
    guard case .tooMany = #expect(throws: ONNXError.self, performing: { try ONNXModel(bomb) }) else {
      Issue.record("too many nodes were taken")
      return
    }
  }

  @Test func everyCutFileIsRefusedOrRead() {
    for count in 0..<Self.small.count {
      // A file that is cut between two fields may be in order.
      if let model = try? ONNXModel(Array(Self.small[..<count])) {
        #expect(model.initializers.allSatisfy { model.numbers(of: $0) != nil })
      }
    }
  }

  @Test func everyFlippedByteIsRefusedOrRead() throws {
    for place in Self.small.indices {
      for bit in 0..<8 {
        var bytes = Self.small
        bytes[place] ^= 1 << bit
        guard let model = try? ONNXModel(bytes) else { continue }
        for tensor in model.initializers {
          guard let numbers = model.numbers(of: tensor) else { continue }
          #expect(numbers.count == tensor.count)
          guard tensor.type.isFloating else { continue }
          var writer = ONNXWriter(model)
          try writer.put(numbers, into: tensor)
          let again = try ONNXModel(try writer.finish())
          #expect(again.initializers.count == model.initializers.count)
        }
      }
    }
  }
}
