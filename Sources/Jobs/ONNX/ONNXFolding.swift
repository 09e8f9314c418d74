import Formats

/// Computes operations of constants: above all the arithmetic of shapes that exporters write.
///
/// Every function returns nil if it does not compute the operation.
enum ONNXFolding {
  typealias Constant = ONNXConstant

  /// The first output of an operation of constants; several for `Split`.
  static func fold(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> [ONNXConstant]? {
    if node.type == "Split" { return split(node, inputs) }
    guard let one = single(node, inputs), one.count == ONNXShape.count(one.shape) else { return nil }
    return [one]
  }

  private static func single(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    let first = inputs.first ?? nil
    switch node.type {
    case "Identity", "Dropout": return first
    case "Cast": return first.flatMap { cast($0, to: node.integer("to") ?? 1) }
    case "CastLike": return first.map { cast($0, as: inputs.count > 1 ? inputs[1]?.type ?? .float : .float) }
    case "Shape":
      guard let first else { return nil }
      return shape(first.shape, node)
    case "Size": return first.map { Constant([], [Double($0.count)], .whole) }
    case "ConstantOfShape":
      guard let shape = first?.integers, let count = ONNXShape.count(shape) else { return nil }
      let value = node.constantValue
      return Constant(
        shape, Array(repeating: value?.numbers.first ?? 0, count: count), value?.type ?? .float)
    case "Range": return range(inputs)
    case "Where": return choice(inputs)
    case "Gather": return gather(node, inputs)
    case "GatherND": return gatherND(node, inputs)
    case "ScatterND": return scattered(node, inputs)
    case "Concat": return concat(node, inputs)
    case "Slice": return slice(node, inputs)
    case "Transpose":
      guard let first else { return nil }
      let axes = node.integers("perm") ?? Array(first.shape.indices.reversed())
      guard axes.count == first.shape.count, ONNXShape.axes(axes, axes.count) == axes else { return nil }
      let strides = ONNXShape.strides(first.shape)
      return chosen(first, axes.map { first.shape[$0] }, axes.map { strides[$0] })
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
      guard let first,
        let shape = ONNXReshape.target(node, first.shape, inputs.count > 1 ? inputs[1] : nil)
      else { return nil }
      return Constant(shape, first.numbers, first.type)
    case "Expand":
      guard let first, let wanted = (inputs.count > 1 ? inputs[1] : nil)?.integers,
        let shape = ONNXShape.broadcast([first.shape, wanted]), ONNXShape.count(shape) != nil
      else { return nil }
      return Constant(
        shape, ONNXShape.places(of: first.shape, in: shape).map { first.numbers[$0] }, first.type)
    case "Tile": return tile(inputs)
    case "Trilu": return trilu(node, inputs)
    case "EyeLike":
      guard let first, first.shape.count == 2 else { return nil }
      let k = node.integer("k") ?? 0
      return Constant(
        first.shape, first.numbers.indices.map { $0 % first.shape[1] - $0 / first.shape[1] == k ? 1 : 0 },
        .float)
    case "NonZero": return first.map(nonZero)
    case "CumSum": return cumulated(node, inputs)
    case "MatMul": return product(inputs)
    case "ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean": return reduced(node, inputs)
    case "Clip":
      guard let first else { return nil }
      let least = node.float("min") ?? (inputs.count > 1 ? inputs[1]?.scalar : nil) ?? -.infinity
      let most = node.float("max") ?? (inputs.count > 2 ? inputs[2]?.scalar : nil) ?? .infinity
      return Constant(first.shape, first.numbers.map { Swift.min(Swift.max($0, least), most) }, first.type)
    default: return elementwise(node, inputs)
    }
  }

  // MARK: Elements

  private static func elementwise(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard let first = inputs.first ?? nil else { return nil }
    if inputs.count == 1 {
      guard let function = functions[node.type] else { return nil }
      let type: Constant.ElementType = ["Not", "IsNaN", "IsInf"].contains(node.type) ? .truth : first.type
      return Constant(first.shape, first.numbers.map(function), type)
    }
    var result = first
    for next in inputs.dropFirst() {
      guard let next, let one = binary(node, result, next) else { return nil }
      result = one
    }
    return result
  }

  private static let functions: [String: @Sendable (Double) -> Double] = [
    "Neg": { -$0 }, "Abs": { Swift.abs($0) }, "Floor": { $0.rounded(.down) }, "Ceil": { $0.rounded(.up) },
    "Round": { $0.rounded(.toNearestOrEven) }, "Sqrt": { $0.squareRoot() }, "Reciprocal": { 1 / $0 },
    "Not": { $0 == 0 ? 1 : 0 }, "IsNaN": { $0.isNaN ? 1 : 0 }, "IsInf": { $0.isInfinite ? 1 : 0 },
    "Sign": { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, "Exp": { ONNXMath.exp($0) }, "Log": { ONNXMath.log($0) },
    "Sin": { ONNXMath.sin($0) }, "Cos": { ONNXMath.cos($0) }, "Relu": { Swift.max($0, 0) },
    "Tanh": { ONNXMath.tanh($0) }, "Sigmoid": { 1 / (1 + ONNXMath.exp(-$0)) },
  ]

  private static func binary(_ node: ONNXNode, _ a: ONNXConstant, _ b: ONNXConstant) -> ONNXConstant? {
    let isWhole = a.type != .float && b.type != .float
    let function: (Double, Double) -> Double
    var type = a.type
    switch node.type {
    case "Add": function = { $0 + $1 }
    case "Sub": function = { $0 - $1 }
    case "Mul": function = { $0 * $1 }
    // Whole numbers are divided towards zero.
    case "Div": function = isWhole ? { $1 == 0 ? 0 : ($0 / $1).rounded(.towardZero) } : { $0 / $1 }
    case "Mod":
      let isC = node.integer("fmod") == 1
      function = {
        $1 == 0 ? 0 : $0 - $1 * ($0 / $1).rounded(isC ? .towardZero : .down)
      }
    case "Pow": function = { ONNXMath.pow($0, $1) }
    case "Max": function = { Swift.max($0, $1) }
    case "Min": function = { Swift.min($0, $1) }
    case "Equal": (function, type) = ({ $0 == $1 ? 1 : 0 }, .truth)
    case "Less": (function, type) = ({ $0 < $1 ? 1 : 0 }, .truth)
    case "LessOrEqual": (function, type) = ({ $0 <= $1 ? 1 : 0 }, .truth)
    case "Greater": (function, type) = ({ $0 > $1 ? 1 : 0 }, .truth)
    case "GreaterOrEqual": (function, type) = ({ $0 >= $1 ? 1 : 0 }, .truth)
    case "And": (function, type) = ({ $0 != 0 && $1 != 0 ? 1 : 0 }, .truth)
    case "Or": (function, type) = ({ $0 != 0 || $1 != 0 ? 1 : 0 }, .truth)
    case "Xor": (function, type) = ({ ($0 != 0) != ($1 != 0) ? 1 : 0 }, .truth)
    default: return nil
    }
    guard let shape = ONNXShape.broadcast([a.shape, b.shape]), ONNXShape.count(shape) != nil else {
      return nil
    }
    let (left, right) = (ONNXShape.places(of: a.shape, in: shape), ONNXShape.places(of: b.shape, in: shape))
    return Constant(shape, zip(left, right).map { function(a.numbers[$0], b.numbers[$1]) }, type)
  }

  private static func cast(_ a: ONNXConstant, to code: Int) -> ONNXConstant? {
    switch code {
    case 1, 10, 11, 16: cast(a, as: .float)
    case 2, 3, 4, 5, 6, 7, 12, 13: cast(a, as: .whole)
    case 9: cast(a, as: .truth)
    default: nil
    }
  }

  private static func cast(_ a: ONNXConstant, as type: Constant.ElementType) -> ONNXConstant {
    let numbers: [Double] =
      switch type {
      case .float: a.numbers
      case .whole: a.numbers.map { $0.isFinite ? $0.rounded(.towardZero) : 0 }
      case .truth: a.numbers.map { $0 == 0 ? 0 : 1 }
      }
    return Constant(a.shape, numbers, type)
  }

  private static func choice(_ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 3, let c = inputs[0], let a = inputs[1], let b = inputs[2],
      let shape = ONNXShape.broadcast([c.shape, a.shape, b.shape]), ONNXShape.count(shape) != nil
    else { return nil }
    let places = [c, a, b].map { ONNXShape.places(of: $0.shape, in: shape) }
    return Constant(
      shape,
      places[0].indices.map {
        c.numbers[places[0][$0]] != 0 ? a.numbers[places[1][$0]] : b.numbers[places[2][$0]]
      }, a.type)
  }

  // MARK: Places

  /// The tensor of other places of a tensor.
  private static func chosen(
    _ a: ONNXConstant, _ shape: [Int], _ steps: [Int], from start: Int = 0
  ) -> ONNXConstant? {
    guard ONNXShape.count(shape) != nil else { return nil }
    return Constant(shape, ONNXShape.places(shape, steps, from: start).map { a.numbers[$0] }, a.type)
  }

  static func shape(_ shape: [Int], _ node: ONNXNode) -> ONNXConstant {
    func place(_ given: Int) -> Int { min(max(given < 0 ? given + shape.count : given, 0), shape.count) }
    let start = place(node.integer("start") ?? 0)
    let end = place(node.integer("end") ?? shape.count)
    return Constant(whole: Array(shape[start..<max(start, end)]))
  }

  private static func range(_ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 3, let start = inputs[0]?.scalar, let limit = inputs[1]?.scalar,
      let step = inputs[2]?.scalar, step != 0
    else { return nil }
    let count = max(0, ((limit - start) / step).rounded(.up))
    guard count <= Double(ONNXShape.mostElements) else { return nil }
    return Constant(
      [Int(count)], (0..<Int(count)).map { start + Double($0) * step }, inputs[0]?.type ?? .whole)
  }

  private static func gather(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 2, let a = inputs[0], let places = inputs[1], let indices = places.integers,
      let axis = ONNXShape.axis(node.integer("axis") ?? 0, a.shape.count)
    else { return nil }
    let size = a.shape[axis]
    let outer = Array(a.shape[..<axis])
    let inner = a.shape[(axis + 1)...].reduce(1, *)
    let shape = outer + places.shape + a.shape[(axis + 1)...]
    guard ONNXShape.count(shape) != nil, indices.allSatisfy({ $0 >= -size && $0 < size }) else { return nil }
    var numbers: [Double] = []
    for row in 0..<outer.reduce(1, *) {
      for index in indices {
        let start = (row * size + (index < 0 ? index + size : index)) * inner
        numbers += a.numbers[start..<start + inner]
      }
    }
    return Constant(shape, numbers, a.type)
  }

  private static func gatherND(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 2, let a = inputs[0], let places = inputs[1], let indices = places.integers,
      let depth = places.shape.last, depth <= a.shape.count, depth > 0, node.integer("batch_dims") ?? 0 == 0
    else { return nil }
    let strides = ONNXShape.strides(a.shape)
    let inner = a.shape[depth...].reduce(1, *)
    let shape = places.shape.dropLast() + a.shape[depth...]
    guard ONNXShape.count(Array(shape)) != nil else { return nil }
    var numbers: [Double] = []
    for row in stride(from: 0, to: indices.count, by: depth) {
      var start = 0
      for axis in 0..<depth {
        let index = indices[row + axis]
        guard index >= -a.shape[axis], index < a.shape[axis] else { return nil }
        start += (index < 0 ? index + a.shape[axis] : index) * strides[axis]
      }
      numbers += a.numbers[start..<start + inner]
    }
    return Constant(Array(shape), numbers, a.type)
  }

  /// A tensor with other numbers at given places, without a reduction.
  private static func scattered(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 3, var a = inputs[0], let places = inputs[1], let updates = inputs[2],
      let indices = places.integers, let depth = places.shape.last, depth > 0, depth <= a.shape.count,
      node.text("reduction") ?? "none" == "none"
    else { return nil }
    let strides = ONNXShape.strides(a.shape)
    let inner = a.shape[depth...].reduce(1, *)
    guard updates.count == indices.count / depth * inner else { return nil }
    for row in 0..<indices.count / depth {
      var start = 0
      for axis in 0..<depth {
        let index = indices[row * depth + axis]
        guard index >= -a.shape[axis], index < a.shape[axis] else { return nil }
        start += (index < 0 ? index + a.shape[axis] : index) * strides[axis]
      }
      a.numbers.replaceSubrange(
        start..<start + inner, with: updates.numbers[row * inner..<(row + 1) * inner])
    }
    return a
  }

  private static func concat(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    let parts = inputs.compactMap { $0 }
    guard let first = parts.first, parts.count == inputs.count,
      let axis = ONNXShape.axis(node.integer("axis") ?? 0, first.shape.count)
    else { return nil }
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      var other = part.shape
      guard other.count == shape.count else { return nil }
      other[axis] = shape[axis]
      guard other == shape else { return nil }
      shape[axis] += part.shape[axis]
    }
    guard ONNXShape.count(shape) != nil else { return nil }
    var numbers: [Double] = []
    for row in 0..<shape[..<axis].reduce(1, *) {
      for part in parts {
        let length = part.shape[axis...].reduce(1, *)
        numbers += part.numbers[row * length..<(row + 1) * length]
      }
    }
    return Constant(shape, numbers, first.type)
  }

  private static func slice(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard let a = inputs.first ?? nil, let cuts = ONNXSlice.cuts(node, a.shape, inputs) else { return nil }
    var (shape, steps, start) = (a.shape, ONNXShape.strides(a.shape), 0)
    for cut in cuts {
      start += cut.start * steps[cut.axis]
      shape[cut.axis] = cut.count
      steps[cut.axis] *= cut.step
    }
    if shape.contains(0) { return Constant(shape, [], a.type) }
    return chosen(a, shape, steps, from: start)
  }

  private static func split(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> [ONNXConstant]? {
    guard let a = inputs.first ?? nil, let axis = ONNXShape.axis(node.integer("axis") ?? 0, a.shape.count),
      let sizes = ONNXSlice.parts(node, a.shape[axis], inputs.count > 1 ? inputs[1] : nil)
    else { return nil }
    let strides = ONNXShape.strides(a.shape)
    var start = 0
    var parts: [ONNXConstant] = []
    for size in sizes {
      var shape = a.shape
      shape[axis] = size
      guard let part = chosen(a, shape, strides, from: start * strides[axis]) else { return nil }
      parts.append(part)
      start += size
    }
    return parts
  }

  private static func tile(_ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 2, let a = inputs[0], let counts = inputs[1]?.integers,
      counts.count == a.shape.count,
      counts.allSatisfy({ (0...ONNXShape.mostElements).contains($0) })
    else { return nil }
    let shape = zip(a.shape, counts).map { $0 * $1 }
    guard ONNXShape.count(shape) != nil else { return nil }
    let strides = ONNXShape.strides(a.shape)
    var places = [0]
    for axis in shape.indices {
      places = places.flatMap { place in
        (0..<shape[axis]).map { place + $0 % a.shape[axis] * strides[axis] }
      }
    }
    return Constant(shape, places.map { a.numbers[$0] }, a.type)
  }

  private static func trilu(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard let a = inputs.first ?? nil, a.shape.count >= 2 else { return nil }
    let k = (inputs.count > 1 ? inputs[1]?.integers?.first : nil) ?? 0
    let isUpper = node.integer("upper") ?? 1 != 0
    let (rows, columns) = (a.shape[a.shape.count - 2], a.shape[a.shape.count - 1])
    guard rows > 0, columns > 0, abs(k) < 1 << 40 else { return a }
    return Constant(
      a.shape,
      a.numbers.enumerated().map { index, number in
        let offset = index % columns - index / columns % rows
        return (isUpper ? offset >= k : offset <= k) ? number : 0
      }, a.type)
  }

  private static func nonZero(_ a: ONNXConstant) -> ONNXConstant {
    let found = a.numbers.indices.filter { a.numbers[$0] != 0 }
    let strides = ONNXShape.strides(a.shape)
    let rows = a.shape.indices.flatMap { axis in found.map { Double($0 / strides[axis] % a.shape[axis]) } }
    return Constant([a.shape.count, found.count], rows, .whole)
  }

  private static func cumulated(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 2, var a = inputs[0], let given = inputs[1]?.integers?.first,
      let axis = ONNXShape.axis(given, a.shape.count), node.integer("exclusive") ?? 0 == 0,
      node.integer("reverse") ?? 0 == 0
    else { return nil }
    let step = ONNXShape.strides(a.shape)[axis]
    for place in a.numbers.indices where place / step % a.shape[axis] > 0 {
      a.numbers[place] += a.numbers[place - step]
    }
    return a
  }

  private static func product(_ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard inputs.count == 2, let a = inputs[0], let b = inputs[1], a.shape.count >= 2, b.shape.count >= 2,
      let k = a.shape.last, b.shape[b.shape.count - 2] == k,
      let front = ONNXShape.broadcast([a.shape.dropLast(2), b.shape.dropLast(2)].map(Array.init))
    else { return nil }
    let (m, n) = (a.shape[a.shape.count - 2], b.shape[b.shape.count - 1])
    let shape = front + [m, n]
    guard let count = ONNXShape.count(shape), count <= 1 << 22,
      count.multipliedReportingOverflow(by: max(k, 1)).partialValue <= 1 << 26
    else { return nil }
    var numbers: [Double] = []
    let left = ONNXShape.places(of: Array(a.shape.dropLast(2)), in: front)
    let right = ONNXShape.places(of: Array(b.shape.dropLast(2)), in: front)
    for (i, j) in zip(left, right) {
      for row in 0..<m {
        for column in 0..<n {
          numbers.append(
            (0..<k).reduce(0) {
              $0 + a.numbers[(i * m + row) * k + $1] * b.numbers[(j * k + $1) * n + column]
            })
        }
      }
    }
    return Constant(shape, numbers, a.type)
  }

  private static func reduced(_ node: ONNXNode, _ inputs: [ONNXConstant?]) -> ONNXConstant? {
    guard let a = inputs.first ?? nil else { return nil }
    let given = node.integers("axes") ?? (inputs.count > 1 ? inputs[1]?.integers : nil) ?? []
    if given.isEmpty, node.integer("noop_with_empty_axes") == 1 { return a }
    guard let axes = ONNXShape.axes(given.isEmpty ? Array(a.shape.indices) : given, a.shape.count) else {
      return nil
    }
    let kept = a.shape.indices.map { axes.contains($0) ? 1 : a.shape[$0] }
    let places = ONNXShape.places(of: kept, in: a.shape)
    var numbers = [Double?](repeating: nil, count: kept.reduce(1, *))
    for (place, number) in zip(places, a.numbers) {
      guard let old = numbers[place] else {
        numbers[place] = number
        continue
      }
      switch node.type {
      case "ReduceProd": numbers[place] = old * number
      case "ReduceMax": numbers[place] = Swift.max(old, number)
      case "ReduceMin": numbers[place] = Swift.min(old, number)
      default: numbers[place] = old + number
      }
    }
    var result = numbers.map { $0 ?? (node.type == "ReduceProd" ? 1 : 0) }
    if node.type == "ReduceMean" {
      let size = Double(max(1, a.count / max(1, result.count)))
      result = result.map { $0 / size }
    }
    let isKept = node.integer("keepdims") ?? 1 != 0
    return Constant(
      isKept ? kept : a.shape.indices.filter { !axes.contains($0) }.map { a.shape[$0] }, result, a.type)
  }
}
