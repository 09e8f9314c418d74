// Converts an ONNX file, and runs its network; `scripts/check-onnx` compares it with onnxruntime.
//
//   onnx-network FILE SIZES INPUTS OUTPUTS [SCALE NEW_FILE]
//
// SIZES are those of a sample, as 3,32,32. INPUTS and OUTPUTS are files of float32 in PyTorch's order. With SCALE all
// weights are multiplied by a number first, and the file with these weights is written to NEW_FILE.
// It prints the architecture's operations, the notes, and the sizes of the output.

import Formats
import Foundation
import JSON
import Jobs
import Network
import Tensor

struct Misuse: Error {}

/// The places of a sample's values in PyTorch's order: pictures lie with their channels last.
func places(_ sizes: [Int]) -> [Int] {
  guard sizes.count == 3 else { return Array(0..<sizes.reduce(1, *)) }
  let (channels, positions) = (sizes[0], sizes[1] * sizes[2])
  return (0..<channels).flatMap { channel in (0..<positions).map { $0 * channels + channel } }
}

func run(_ arguments: [String]) throws {
  guard arguments.count == 5 || arguments.count == 7 else { throw Misuse() }
  let sizes = arguments[2].split(separator: ",").compactMap { Int($0) }
  let model = try ONNXModel([UInt8](Data(contentsOf: URL(filePath: arguments[1]))))
  let onnx = try ONNXNetwork(model, sample: sizes)
  guard sizes.count == 1 || sizes.count == 3 else { throw Misuse() }
  let shape =
    sizes.count == 1
    ? Shape(features: sizes[0]) : Shape(height: sizes[1], width: sizes[2], channels: sizes[0])
  let architecture = try Architecture(graph: onnx.graph, input: shape)
  var state: NetworkState<Float> = try onnx.state(architecture.layout)
  let network = Network<Float>(architecture)
  if arguments.count == 7 {
    guard let scale = Float(arguments[5]) else { throw Misuse() }
    state.parameters = state.parameters.map { $0 * scale }
    try Data(try onnx.file(architecture.layout, state)).write(to: URL(filePath: arguments[6]))
  }
  let given = try Data(contentsOf: URL(filePath: arguments[3])).withUnsafeBytes {
    Array($0.bindMemory(to: Float.self))
  }
  let count = shape.count
  let order = places(sizes)
  var inputs = [Float](repeating: 0, count: given.count)
  for sample in 0..<given.count / count {
    for (index, place) in order.enumerated() {
      inputs[sample * count + place] = given[sample * count + index]
    }
  }
  let rows = given.count / count
  let width = architecture.output.count
  let samples = Samples(
    source: TensorSource(inputs: inputs, shape: shape), indices: Array(0..<rows),
    targets: .values(.zeros(rows * width), columns: width))
  let outputs = Buffer<Float>(count: rows * width)
  let target = Disjoint(outputs.pointer)
  let outputOrder = places(architecture.outputSizes)
  _ = try network.evaluate(state, on: samples, loss: .meanSquaredError, compute: Compute(pool: .single)) {
    place, row in
    for (index, from) in outputOrder.enumerated() { target.value[place * width + index] = row[from] }
  }
  try Data(bytes: outputs.pointer, count: 4 * rows * width).write(to: URL(filePath: arguments[4]))
  let operations = Dictionary(grouping: onnx.graph.nodes, by: \.operation.type).mapValues(\.count)
  print(
    operations.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
  for note in onnx.notes { print("note: \(note)") }
  print("output: \(architecture.outputSizes), parameters: \(architecture.layout.parameterCount)")
}

do {
  try run(CommandLine.arguments)
} catch is Misuse {
  print("use: onnx-network FILE SIZES INPUTS OUTPUTS [SCALE NEW_FILE]")
  exit(2)
} catch {
  print("refused: \(error)")
  exit(1)
}
