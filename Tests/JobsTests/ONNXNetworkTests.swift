import Formats
import Foundation
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// Networks of ONNX files against the formulas of ONNX's operators, computed here in plain loops.
struct ONNXNetworkTests {
  private typealias B = ONNXBytes

  /// Numbers that have no pattern.
  private static func numbers(_ count: Int, _ seed: Double) -> [Float] {
    (0..<count).map { index in
      let x = (Double(index) + 1) * 12.9898 + seed * 78.233
      return Float((x * 0.618_034).truncatingRemainder(dividingBy: 1) - 0.5)
    }
  }

  /// The outputs of a converted file for one sample in PyTorch's order.
  private func run(_ file: [UInt8], _ sample: [Int], _ input: [Float]) throws -> [Double] {
    let onnx = try ONNXNetwork(try ONNXModel(file), sample: sample)
    let shape =
      sample.count == 3
      ? Shape(height: sample[1], width: sample[2], channels: sample[0]) : Shape(features: sample[0])
    let architecture = try Architecture(graph: onnx.graph, input: shape)
    let state: NetworkState<Double> = try onnx.state(architecture.layout)
    let count = shape.count
    var stored = [Double](repeating: 0, count: count)
    for (index, value) in input.enumerated() {
      let place = index % shape.positions * shape.channels + index / shape.positions
      stored[sample.count == 3 ? place : index] = Double(value)
    }
    let columns = architecture.output.count
    let samples = Samples(
      source: TensorSource(inputs: stored, shape: shape), indices: [0],
      targets: .values(.zeros(columns), columns: columns))
    let outputs = Buffer<Double>(count: columns)
    let target = Disjoint(outputs.pointer)
    _ = try Network<Double>(architecture).evaluate(
      state, on: samples, loss: .meanSquaredError, compute: Compute(pool: .single)
    ) { _, row in
      for (index, value) in row.enumerated() { target.value[index] = value }
    }
    let values = Array(UnsafeBufferPointer(start: outputs.pointer, count: columns))
    return architecture.outputSizes.count == 3 ? architecture.output.channelsFirst(values) : values
  }

  private func expect(_ found: [Double], _ expected: [Double], _ what: String = "") {
    #expect(found.count == expected.count, "\(what)")
    for (found, expected) in zip(found, expected) {
      // Weights are exact in `Double`, and sums are short.
      #expect(abs(found - expected) < 1e-12 * max(1, abs(expected)), "\(what): \(found) against \(expected)")
    }
  }

  /// A file whose input is `x` and whose output is `y`.
  private func picture(_ nodes: [[UInt8]], _ initializers: [[UInt8]], _ sample: [Int]) -> [UInt8] {
    B.model(
      nodes, initializers, inputs: [B.value("x", [nil] + sample)], outputs: [B.value("y", [nil])])
  }

  private func picture(_ nodes: [[UInt8]], _ sample: [Int]) -> [UInt8] { picture(nodes, [], sample) }

  // MARK: Linear layers

  private static let twoLayers = B.model(
    [
      B.node("Gemm", ["x", "first.weight", "first.bias"], ["a"], [B.attribute("transB", 1)], name: "one"),
      B.node("Relu", ["a"], ["r"]),
      B.node("MatMul", ["r", "W"], ["m"]), B.node("Add", ["shift", "m"], ["s"]),
      B.node("Softmax", ["s"], ["y"], [B.attribute("axis", 1)], name: "probabilities"),
    ],
    [
      B.tensor("first.weight", [4, 3], numbers(12, 1)), B.tensor("first.bias", [4], numbers(4, 2)),
      B.tensor("W", [4, 2], numbers(8, 3)), B.tensor("shift", [2], numbers(2, 4)),
    ], inputs: [B.value("x", [nil, 3])], outputs: [B.value("y", [nil, 2])])

  private func scores(_ x: [Double], _ scale: Double = 1) -> [Double] {
    func doubles(_ count: Int, _ seed: Double) -> [Double] {
      Self.numbers(count, seed).map { Double($0) * scale }
    }
    let (w, b, v, c) = (doubles(12, 1), doubles(4, 2), doubles(8, 3), doubles(2, 4))
    var hidden = [Double](repeating: 0, count: 4)
    for row in 0..<4 {
      var sum: Double = b[row]
      for column in 0..<3 { sum += w[row * 3 + column] * x[column] }
      hidden[row] = max(0, sum)
    }
    var scores: [Double] = c
    for column in 0..<2 {
      for row in 0..<4 { scores[column] += v[row * 2 + column] * hidden[row] }
    }
    return scores
  }

  @Test func linearLayersEndInScores() throws {
    let x = Self.numbers(3, 9)
    expect(try run(Self.twoLayers, [3], x), scores(x.map(Double.init)))
    let onnx = try ONNXNetwork(try ONNXModel(Self.twoLayers), sample: [3])
    #expect(onnx.graph.nodes.map(\.operation.type) == ["linear", "relu", "linear"])
    // A layer whose tensors are named alike is named after them. The added vector is the bias.
    #expect(onnx.graph.nodes[0].name == "first" && onnx.graph.nodes[0].tensors.isEmpty)
    #expect(onnx.graph.nodes[2].tensors == ["weight": "W", "bias": "shift"])
    #expect(onnx.weights.map(\.name) == ["first.weight", "first.bias", "W", "shift"])
    #expect(onnx.weights[2].shape == [2, 4] && onnx.weights[2].source.permutation == [1, 0])
    #expect(onnx.notes.contains { $0.contains("Softmax 'probabilities'") })
    // What a request writes is read as the same graph.
    let request = try ArchitectureRequestJSON.graph(onnx.architecture)
    #expect(request == onnx.graph)
  }

  private enum ArchitectureRequestJSON {
    static func graph(_ value: JSONValue) throws -> GraphDescription {
      let nodes = try GraphDescription.list.value(of: value["nodes"] ?? .null)
      return GraphDescription(nodes: nodes, output: value["outputs"]?[0]?.stringValue ?? "")
    }
  }

  @Test func fileWithOtherWeightsIsReadBack() throws {
    let onnx = try ONNXNetwork(try ONNXModel(Self.twoLayers), sample: [3])
    let changed = try onnx.file { weight in onnx.values(of: weight).map { 0.5 * $0 } }
    #expect(changed.count == Self.twoLayers.count)
    let x = Self.numbers(3, 9)
    expect(try run(changed, [3], x), scores(x.map(Double.init), 0.5))
    #expect(try onnx.file { _ in nil } == Self.twoLayers)
  }

  @Test func coefficientsInAttributesAreWeights() throws {
    let (w, b) = (Self.numbers(6, 1), Self.numbers(2, 2))
    let file = B.model(
      [
        B.node(
          "LinearClassifier", ["x"], ["label", "scores"],
          [
            B.attribute("coefficients", floats: w), B.attribute("intercepts", floats: b),
            B.attribute("post_transform", "SOFTMAX"),
          ], name: "classifier", domain: "ai.onnx.ml"),
        B.node("Normalizer", ["scores"], ["y"], domain: "ai.onnx.ml"),
      ], inputs: [B.value("x", [nil, 3])],
      outputs: [B.value("label", [nil], type: 7), B.value("y", [nil, 2])], domains: [("ai.onnx.ml", 1)])
    let x: [Float] = [1, 2, -1]
    expect(
      try run(file, [3], x),
      (0..<2).map { row in
        Double(b[row]) + (0..<3).reduce(0.0) { $0 + Double(w[row * 3 + $1]) * Double(x[$1]) }
      })
    let onnx = try ONNXNetwork(try ONNXModel(file), sample: [3])
    let changed = try onnx.file { weight in onnx.values(of: weight).map { _ in 0.25 } }
    expect(try run(changed, [3], x), [0.75, 0.75])
  }

  // MARK: Shapes

  /// What exporters write for `x.view(x.size(0), -1)` and for `x[:, ::2]`.
  @Test func shapesAreComputedForOneSample() throws {
    let file = picture(
      [
        B.node("Shape", ["x"], ["shape"]), B.node("Gather", ["shape", "zero"], ["batch"]),
        B.node("Unsqueeze", ["batch", "axis"], ["front"]),
        B.node("Concat", ["front", "rest"], ["sizes"], [B.attribute("axis", 0)]),
        B.node("Reshape", ["x", "sizes"], ["flat"]),
        B.node("Slice", ["flat", "starts", "ends", "axes", "steps"], ["y"]),
      ],
      [
        B.tensor("zero", whole: [0], []), B.tensor("axis", whole: [0]), B.tensor("rest", whole: [-1]),
        B.tensor("starts", whole: [-1]), B.tensor("ends", whole: [Int.min]), B.tensor("axes", whole: [1]),
        B.tensor("steps", whole: [-2]),
      ], [2, 2, 2])
    let x = Self.numbers(8, 5)
    expect(try run(file, [2, 2, 2], x), [7, 5, 3, 1].map { Double(x[$0]) })
  }

  /// A mask that is written place by place, as exporters write `mask[1:] = 3`.
  @Test func numbersAreScatteredIntoConstants() throws {
    let file = picture(
      [
        B.node("ScatterND", ["zeros", "places", "three"], ["mask"]),
        B.node("Cast", ["mask"], ["m"], [B.attribute("to", 1)]),
        B.node("Mul", ["x", "m"], ["y"]),
      ],
      [
        B.tensor("zeros", whole: [1, 1, 1]), B.tensor("places", whole: [2, -2], [2, 1]),
        B.tensor("three", whole: [3, 4]),
      ], [3])
    expect(try run(file, [3], [1, 2, 3]), [1, 8, 9])
  }

  @Test func picturesMayHaveTheirChannelsLast() throws {
    let file = B.model(
      [B.node("Flatten", ["x"], ["y"])], inputs: [B.value("x", [nil, 2, 2, 3])],
      outputs: [B.value("y", [nil, 12])])
    let x = Self.numbers(12, 5)
    let order = (0..<4).flatMap { position in (0..<3).map { $0 * 4 + position } }
    expect(try run(file, [3, 2, 2], x), order.map { Double(x[$0]) })
  }

  @Test func nearestPlacesFollowTheFormulasOfResize() throws {
    for (coordinates, rounding, places) in [
      ("asymmetric", "floor", [0, 0, 1, 1, 2]), ("half_pixel", "round_prefer_floor", [0, 0, 1, 2, 2]),
      ("asymmetric", "ceil", [0, 1, 2, 2, 2]), ("align_corners", "round_prefer_ceil", [0, 1, 1, 2, 2]),
    ] {
      let file = B.model(
        [
          B.node(
            "Resize", ["x", "", "", "sizes"], ["y"],
            [
              B.attribute("coordinate_transformation_mode", coordinates),
              B.attribute("nearest_mode", rounding),
              B.attribute("mode", "nearest"),
            ])
        ], [B.tensor("sizes", whole: [1, 1, 1, 5])], inputs: [B.value("x", [nil, 1, 1, 3])],
        outputs: [B.value("y", [nil, 1, 1, 5])])
      let x = Self.numbers(3, 1)
      expect(try run(file, [1, 1, 3], x), places.map { Double(x[$0]) }, "\(coordinates), \(rounding)")
    }
  }

  // MARK: Windows

  /// Means over windows that reach over the right and lower edge alone, as TensorFlow's SAME has them.
  @Test(arguments: [0, 1]) func meansOverUnevenPadding(countsPadding: Int) throws {
    let file = picture(
      [
        B.node(
          "AveragePool", ["x"], ["y"],
          [
            B.attribute("kernel_shape", [3, 2]), B.attribute("strides", [2, 2]),
            B.attribute("auto_pad", "SAME_UPPER"),
            B.attribute("count_include_pad", countsPadding),
          ])
      ], [1, 4, 5])
    let x = Self.numbers(20, 3)
    var expected: [Double] = []
    for row in 0..<2 {
      for column in 0..<3 {
        let rows = (0..<3).map { row * 2 + $0 }.filter { $0 < 4 }
        let columns = (0..<2).map { column * 2 + $0 }.filter { $0 < 5 }
        let sum = rows.reduce(0.0) { sum, r in columns.reduce(sum) { $0 + Double(x[r * 5 + $1]) } }
        expected.append(sum / Double(countsPadding == 1 ? 6 : rows.count * columns.count))
      }
    }
    expect(try run(file, [1, 4, 5], x), expected)
  }

  @Test func maximaOverUnevenPaddingIgnoreIt() throws {
    let file = picture(
      [
        B.node(
          "MaxPool", ["x"], ["y"], [B.attribute("kernel_shape", [2, 2]), B.attribute("pads", [0, 1, 1, 0])])
      ],
      [1, 2, 2])
    expect(try run(file, [1, 2, 2], [-4, -3, -2, -1]), [-2, -1, -2, -1])
  }

  @Test func convolutionsWithUnevenPaddingAndGroups() throws {
    let (w, x) = (Self.numbers(2 * 2 * 2, 1), Self.numbers(2 * 3 * 3, 2))
    let file = picture(
      [
        B.node(
          "Conv", ["x", "w"], ["y"], [B.attribute("pads", [1, 0, 0, 0]), B.attribute("group", 2)])
      ], [B.tensor("w", [2, 1, 2, 2], w)], [2, 3, 3])
    var expected: [Double] = []
    for channel in 0..<2 {
      for row in 0..<3 {
        for column in 0..<2 {
          var sum = 0.0
          for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] where row + i - 1 >= 0 {
            sum +=
              Double(w[channel * 4 + i * 2 + j]) * Double(x[channel * 9 + (row + i - 1) * 3 + column + j])
          }
          expected.append(sum)
        }
      }
    }
    expect(try run(file, [2, 3, 3], x), expected)
  }

  // MARK: Recurrent networks

  /// ONNX's equations with the gates i, o, f, c, in both directions; the last states side by side.
  @Test func gatesOfLSTMAreReordered() throws {
    let (steps, features, units) = (3, 2, 2)
    let rows = 4 * units
    let (w, r, b) = (
      Self.numbers(2 * rows * features, 1), Self.numbers(2 * rows * units, 2), Self.numbers(4 * rows, 3)
    )
    let file = B.model(
      [
        B.node("Reshape", ["x", "sizes"], ["sequence"]),
        B.node("Transpose", ["sequence"], ["steps"], [B.attribute("perm", [1, 0, 2])]),
        B.node(
          "LSTM", ["steps", "W", "R", "B"], ["", "last"],
          [B.attribute("hidden_size", units), B.attribute("direction", "bidirectional")]),
        B.node("Transpose", ["last"], ["batch"], [B.attribute("perm", [1, 0, 2])]),
        B.node("Flatten", ["batch"], ["y"]),
      ],
      [
        B.tensor("sizes", whole: [-1, steps, features]), B.tensor("W", [2, rows, features], w),
        B.tensor("R", [2, rows, units], r), B.tensor("B", [2, 2 * rows], b),
      ], inputs: [B.value("x", [nil, steps * features])], outputs: [B.value("y", [nil, 2 * units])])
    let x = Self.numbers(steps * features, 4).map(Double.init)
    func sigmoid(_ value: Double) -> Double { 1 / (1 + Foundation.exp(-value)) }
    var expected: [Double] = []
    for direction in 0..<2 {
      var (h, c) = ([0.0, 0.0], [0.0, 0.0])
      for step in direction == 0 ? Array(0..<steps) : (0..<steps).reversed() {
        let gates = (0..<rows).map { row in
          var sum = Double(b[direction * 2 * rows + row]) + Double(b[(direction * 2 + 1) * rows + row])
          for i in 0..<features {
            sum += Double(w[(direction * rows + row) * features + i]) * x[step * features + i]
          }
          for i in 0..<units { sum += Double(r[(direction * rows + row) * units + i]) * h[i] }
          return sum
        }
        for unit in 0..<units {
          let (i, o, f, g) = (
            gates[unit], gates[units + unit], gates[2 * units + unit], gates[3 * units + unit]
          )
          c[unit] = sigmoid(f) * c[unit] + sigmoid(i) * Foundation.tanh(g)
          h[unit] = sigmoid(o) * Foundation.tanh(c[unit])
        }
      }
      expected += h
    }
    expect(try run(file, [steps * features], x.map { Float($0) }), expected)
    let onnx = try ONNXNetwork(try ONNXModel(file), sample: [steps * features])
    #expect(try onnx.file { onnx.values(of: $0) } == file)
  }

  // MARK: Refusals

  @Test func everythingThatCannotBeConvertedIsNamed() throws {
    let file = picture(
      [
        B.node("Hardmax", ["x"], ["a"], name: "hard"), B.node("Det", ["a"], ["b"], name: "determinant"),
        B.node("Gelu", ["x"], ["c"], name: "of Microsoft", domain: "com.microsoft"),
        B.node("ReduceSum", ["x"], ["d"], name: "all"),
        B.node("Concat", ["b", "c", "d"], ["e"], name: "behind"),
        B.node("Relu", ["nothing"], ["f"], name: "reads nothing"), B.node("Sum", ["e", "f"], ["y"]),
        // Nothing reads this operation.
        B.node("TfIdfVectorizer", ["x"], ["z"], name: "unread"),
      ], [1, 2, 2])
    let error = #expect(throws: ONNXConversionError.self) {
      try ONNXNetwork(try ONNXModel(file), sample: [1, 2, 2])
    }
    #expect(error?.refusals.map(\.place) == ["hard", "determinant", "of Microsoft", "all", "reads nothing"])
  }

  @Test func cyclesAreRefused() throws {
    let file = picture([B.node("Relu", ["y"], ["a"]), B.node("Identity", ["a"], ["y"])], [1, 2, 2])
    #expect(throws: ONNXConversionError.self) { try ONNXNetwork(try ONNXModel(file), sample: [1, 2, 2]) }
    let own = picture([B.node("Softmax", ["y"], ["y"])], [1, 2, 2])
    #expect(throws: ONNXConversionError.self) { try ONNXNetwork(try ONNXModel(own), sample: [1, 2, 2]) }
  }

  /// Constants that would be larger than any memory.
  @Test func bombsAreRefused() throws {
    for sizes in [[1 << 20, 1 << 20], [1 << 40], [1 << 62, 4]] {
      let file = picture(
        [
          B.node("ConstantOfShape", ["sizes"], ["big"]), B.node("Expand", ["x", "sizes"], ["wide"]),
          B.node("Add", ["wide", "big"], ["y"]),
        ], [B.tensor("sizes", whole: sizes)], [2])
      #expect(throws: (any Error).self) {
        let onnx = try ONNXNetwork(try ONNXModel(file), sample: [2])
        _ = try Architecture(graph: onnx.graph, input: Shape(features: 2))
      }
    }
    let range = picture(
      [B.node("Range", ["a", "b", "c"], ["big"]), B.node("Add", ["x", "big"], ["y"])],
      [B.tensor("a", whole: [0], []), B.tensor("b", whole: [1 << 50], []), B.tensor("c", whole: [1], [])], [2]
    )
    #expect(throws: ONNXConversionError.self) { try ONNXNetwork(try ONNXModel(range), sample: [2]) }
  }

  /// Files with bytes changed are refused, or become networks; nothing fails in another way.
  @Test func changedFilesAreRefusedOrConverted() throws {
    let window = picture(
      [
        B.node(
          "Conv", ["x", "w"], ["c"], [B.attribute("pads", [1, 0, 0, 1]), B.attribute("strides", [2, 1])]),
        B.node("Pad", ["c", "pads"], ["p"]), B.node("Shape", ["p"], ["s"]),
        B.node("Slice", ["s", "from", "to"], ["front"]),
        B.node("Concat", ["front", "rest"], ["t"], [B.attribute("axis", 0)]),
        B.node("Reshape", ["p", "t"], ["f"]),
        B.node("Gather", ["f", "from"], ["y"], [B.attribute("axis", 1)]),
      ],
      [
        B.tensor("w", [2, 1, 2, 2], Self.numbers(8, 1)), B.tensor("pads", whole: [0, 0, 1, 0, 0, 0, 0, 1]),
        B.tensor("from", whole: [0]), B.tensor("to", whole: [1]), B.tensor("rest", whole: [-1]),
      ], [1, 3, 3])
    for (file, sample) in [(Self.twoLayers, [3]), (window, [1, 3, 3])] {
      #expect(throws: Never.self) { try ONNXNetwork(try ONNXModel(file), sample: sample) }
      var converted = 0
      for place in file.indices {
        for change: UInt8 in [0x01, 0x02, 0x08, 0x10, 0x40, 0x80, 0xff] {
          var bytes = file
          bytes[place] ^= change
          guard let model = try? ONNXModel(bytes), let onnx = try? ONNXNetwork(model, sample: sample) else {
            continue
          }
          converted += 1
          for weight in onnx.weights { #expect(onnx.values(of: weight).count == weight.shape.reduce(1, *)) }
        }
      }
      #expect(converted > 0)
    }
  }
}
