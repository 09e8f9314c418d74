import Formats

/// ONNX: a file that is read has as many numbers in each tensor as its shape says. Written again with its own numbers,
/// the file is read as the same.
func checkONNX(_ bytes: [UInt8]) throws {
  let model: ONNXModel
  do {
    model = try ONNXModel(bytes)
  } catch {
    try require(!"\(error)".isEmpty, "an error without words")
    return
  }
  var writer = ONNXWriter(model)
  for tensor in model.initializers {
    guard let numbers = model.numbers(of: tensor) else { continue }
    try require(numbers.count == tensor.count, "a tensor of another size")
    try require(tensor.shape.allSatisfy { $0 >= 0 }, "a negative size")
    if tensor.type.isFloating { try writer.put(numbers, into: tensor) }
  }
  let again = try ONNXModel(try writer.finish())
  try require(again.nodes.map(\.type) == model.nodes.map(\.type), "other operations when written again")
  try require(
    again.initializers.map(\.shape) == model.initializers.map(\.shape), "other shapes when written again")
  for (old, new) in zip(model.initializers, again.initializers) {
    let numbers = (model.numbers(of: old) ?? [], again.numbers(of: new) ?? [])
    try require(
      numbers.0.count == numbers.1.count
        && zip(numbers.0, numbers.1).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN },
      "other numbers when written again")
  }
}
