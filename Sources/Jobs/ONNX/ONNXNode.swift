import Formats

/// An operation of the file with its attributes as the converter reads them.
struct ONNXNode {
  let model: ONNXModel
  let node: ONNXModel.Node

  var type: String { node.type }
  var opset: Int { model.opset }

  func integer(_ name: String) -> Int? {
    if case .integer(let value) = node.attributes[name] { value } else { nil }
  }

  func float(_ name: String) -> Double? {
    switch node.attributes[name] {
    case .float(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  func text(_ name: String) -> String? {
    if case .text(let value) = node.attributes[name] { value } else { nil }
  }

  func integers(_ name: String) -> [Int]? {
    if case .integers(let values) = node.attributes[name] { values } else { nil }
  }

  func floats(_ name: String) -> [Double]? {
    if case .floats(let tensor) = node.attributes[name] { model.numbers(of: tensor) } else { nil }
  }

  func tensor(_ name: String) -> ONNXTensor? {
    switch node.attributes[name] {
    case .tensor(let tensor), .floats(let tensor): tensor
    default: nil
    }
  }

  /// The value of `Constant` or of `ConstantOfShape`.
  var constantValue: ONNXConstant? {
    if let tensor = tensor("value") { return model.constant(tensor) }
    if let value = float("value_float") { return ONNXConstant([], [value], .float) }
    if let value = integer("value_int") { return ONNXConstant([], [Double(value)], .whole) }
    if let values = floats("value_floats") { return ONNXConstant([values.count], values, .float) }
    if let values = integers("value_ints") { return ONNXConstant(whole: values) }
    return nil
  }
}

extension ONNXModel {
  /// A tensor with its numbers; nil if it is too large or of a type that is not read.
  func constant(_ tensor: ONNXTensor) -> ONNXConstant? {
    guard ONNXShape.count(tensor.shape) != nil, let numbers = numbers(of: tensor) else { return nil }
    let type: ONNXConstant.ElementType =
      tensor.type.isFloating ? .float : tensor.type == .bool ? .truth : .whole
    return ONNXConstant(tensor.shape, numbers, type)
  }
}

/// The shape that `Reshape`, `Flatten`, `Squeeze` and `Unsqueeze` give.
enum ONNXReshape {
  /// nil if the shape is not known, or does not hold the numbers.
  static func target(_ node: ONNXNode, _ shape: [Int], _ second: ONNXConstant?) -> [Int]? {
    let count = shape.reduce(1, *)
    switch node.type {
    case "Flatten":
      let given = node.integer("axis") ?? 1
      guard given >= -shape.count, given <= shape.count else { return nil }
      let axis = given < 0 ? given + shape.count : given
      return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
    case "Squeeze":
      guard let given = node.integers("axes") ?? (second == nil ? [] : second?.integers) else { return nil }
      let all = shape.indices.filter { shape[$0] == 1 }
      guard let axes = given.isEmpty ? all : ONNXShape.axes(given, shape.count),
        axes.allSatisfy({ shape[$0] == 1 })
      else { return nil }
      return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    case "Unsqueeze":
      guard let given = node.integers("axes") ?? second?.integers,
        let axes = ONNXShape.axes(given, shape.count + given.count)
      else { return nil }
      var result = shape
      for axis in axes.sorted() { result.insert(1, at: axis) }
      return result
    default:
      guard let wanted = node.integers("shape") ?? second?.integers, wanted.count <= 16 else { return nil }
      return reshaped(shape, wanted, keepsZeros: node.integer("allowzero") == 1, count)
    }
  }

  private static func reshaped(_ shape: [Int], _ wanted: [Int], keepsZeros: Bool, _ count: Int) -> [Int]? {
    var sizes = wanted
    for (axis, size) in wanted.enumerated() where size == 0 && !keepsZeros {
      guard axis < shape.count else { return nil }
      sizes[axis] = shape[axis]
    }
    if let open = sizes.firstIndex(of: -1) {
      sizes[open] = 1
      guard let rest = ONNXShape.count(sizes), rest > 0 ? count % rest == 0 : count == 0 else { return nil }
      sizes[open] = rest > 0 ? count / rest : 0
    }
    return ONNXShape.count(sizes) == count ? sizes : nil
  }
}

/// The pieces that `Slice` and `Split` cut.
enum ONNXSlice {
  struct Cut: Equatable {
    let axis: Int
    let start: Int
    let count: Int
    let step: Int
  }

  /// nil if the places are not known.
  static func cuts(_ node: ONNXNode, _ shape: [Int], _ inputs: [ONNXConstant?]) -> [Cut]? {
    func list(_ name: String, _ input: Int) -> [Int]?? {
      if let values = node.integers(name) { return .some(values) }
      guard input < inputs.count, let constant = inputs[input] else { return .none }
      return .some(constant.integers)
    }
    guard let starts = list("starts", 1) ?? nil, let ends = list("ends", 2) ?? nil, starts.count == ends.count
    else { return nil }
    let axes = (list("axes", 3) ?? nil) ?? Array(starts.indices)
    let steps = (list("steps", 4) ?? nil) ?? Array(repeating: 1, count: starts.count)
    guard axes.count == starts.count, steps.count == starts.count, let own = ONNXShape.axes(axes, shape.count)
    else { return nil }
    var cuts: [Cut] = []
    for (index, axis) in own.enumerated() {
      let (size, step) = (shape[axis], steps[index])
      guard step != 0, step > -(1 << 40), step < 1 << 40 else { return nil }
      func place(_ given: Int, _ least: Int, _ most: Int) -> Int {
        min(max(given < 0 ? given + size : given, least), most)
      }
      let start = step > 0 ? place(starts[index], 0, size) : place(starts[index], 0, size - 1)
      let end = step > 0 ? place(ends[index], 0, size) : place(ends[index], -1, size - 1)
      let length = step > 0 ? end - start : start - end
      cuts.append(
        Cut(axis: axis, start: start, count: max(0, (length + abs(step) - 1) / abs(step)), step: step))
    }
    return cuts
  }

  /// The sizes of the parts of an axis; nil if they do not fit.
  static func parts(_ node: ONNXNode, _ size: Int, _ second: ONNXConstant?) -> [Int]? {
    let count = node.node.outputs.count
    if let sizes = node.integers("split") ?? second?.integers {
      guard sizes.count == count, sizes.allSatisfy({ $0 >= 0 && $0 <= size }), sizes.reduce(0, +) == size
      else { return nil }
      return sizes
    }
    guard count > 0 else { return nil }
    let part = (size + count - 1) / count
    let sizes = (0..<count).map { min(part, size - $0 * part) }
    return sizes.allSatisfy { $0 > 0 } ? sizes : nil
  }
}
