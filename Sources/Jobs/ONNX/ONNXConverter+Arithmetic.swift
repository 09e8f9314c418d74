import Formats
import JSON

/// Arithmetic of several values, products of matrices, and reductions.
extension ONNXConverter {
  static var arithmeticWriters: [String: Write] {
    var writers: [String: Write] = [
      "Sum": { try $0.folded($1, "add") }, "Max": { try $0.folded($1, "maximum") },
      "Min": { try $0.folded($1, "minimum") }, "Mean": { try $0.mean($1) },
      "Xor": { try $0.binary($1, "not_equal") }, "Pow": { try $0.power($1) }, "Mod": { try $0.remainder($1) },
      "Where": { try $0.choice($1) }, "MatMul": { try $0.matmul($1) }, "Einsum": { try $0.einsum($1) },
      "Softmax": { try $0.softmax($1, "softmax") }, "LogSoftmax": { try $0.softmax($1, "log_softmax") },
      "CumSum": { try $0.cumulated($1) }, "LpNormalization": { try $0.lpNormalization($1) },
    ]
    for (type, op) in [
      "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Equal": "equal", "Less": "less",
      "LessOrEqual": "less_equal", "Greater": "greater", "GreaterOrEqual": "greater_equal",
      "And": "logical_and", "Or": "logical_or",
    ] { writers[type] = { try $0.binary($1, op) } }
    for (type, op) in [
      "ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin", "ReduceL2": "norm",
      "ReduceLogSumExp": "logsumexp", "ReduceL1": "l1", "ReduceSumSquare": "squares",
    ] { writers[type] = { try $0.reduction($1, op) } }
    return writers
  }

  private static let comparisons: Set<String> = [
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
  ]

  /// The number that an input is for values of a rank; nil if it is none.
  private func number(_ input: ONNXValue?, _ rank: Int) -> Double? {
    guard case .constant(let constant) = input, constant.shape.count <= rank, let number = constant.scalar
    else {
      return nil
    }
    return min(max(number, -1e30), 1e30)
  }

  private func binary(_ node: ONNXNode, _ op: String) throws {
    if op == "add", try addBias(node) { return }
    guard let a = input(node, 0), let b = input(node, 1) else { throw ONNXMissing("lacks an input") }
    set(node, try binary(node, op, a, b))
  }

  /// The result of an operation of two values, or of a value and a number.
  func binary(_ node: ONNXNode, _ op: String, _ a: ONNXValue, _ b: ONNXValue) throws -> ONNXGraphValue {
    guard let shapes = a.shape.flatMap({ left in b.shape.map { [left, $0] } }),
      let shape = ONNXShape.broadcast(shapes)
    else { throw ONNXMissing("of values whose sizes do not agree") }
    let type: ONNXConstant.ElementType = Self.comparisons.contains(op) ? .truth : .float
    func result(_ x: ONNXGraphValue, _ y: ONNXGraphValue?) -> ONNXConstant.ElementType {
      type == .truth ? .truth : x.type == .float || y?.type == .float ? .float : .whole
    }
    if let number = number(b, shape.count) {
      let x = try value(a)
      if x.rank == shape.count {
        return try divided(
          node, op,
          made(
            node, op, [x], shape: shape, dropped: x.dropped, type: result(x, nil), ["value": .number(number)]),
          by: b)
      }
    }
    if let number = number(a, shape.count),
      op == "add" || op == "multiply" || op == "subtract" || op == "divide"
    {
      let x = try value(b)
      if x.rank == shape.count {
        var options: JSONObject = ["value": .number(number)]
        if op == "subtract" || op == "divide" { options["reversed"] = true }
        return made(node, op, [x], shape: shape, dropped: x.dropped, type: result(x, nil), options)
      }
    }
    let (x, y) = (try value(a), try value(b))
    let (operands, axis) = try broadcast([x, y], shape)
    let made = made(node, op, operands, shape: shape, dropped: axis, type: result(x, y))
    return try divided(node, op, made, by: b)
  }

  /// Quotients of whole numbers are rounded towards zero. Shapes are positive, so this is downwards.
  private func divided(
    _ node: ONNXNode, _ op: String, _ quotient: ONNXGraphValue, by b: ONNXValue
  ) throws -> ONNXGraphValue {
    guard op == "divide", quotient.type == .whole else { return quotient }
    if case .constant(let constant) = b, constant.type == .float { return quotient }
    return made(node, "floor", [quotient], shape: quotient.shape, dropped: quotient.dropped, type: .whole)
  }

  /// Operands for a result of a shape, and the axis that the result leaves out.
  func broadcast(
    _ values: [ONNXGraphValue], _ shape: [Int]
  ) throws -> (operands: [ONNXGraphValue], dropped: Int?) {
    let axis = graph.sharedAxis(values, shape)
    return (try values.map { try graph.aligned($0, shape.count, axis) }, axis)
  }

  private func folded(_ node: ONNXNode, _ op: String) throws {
    guard let first = input(node, 0) else { throw ONNXMissing("lacks an input") }
    if node.node.inputs.count == 1 { return set(node, try value(first)) }
    var result = first
    for index in 1..<node.node.inputs.count {
      guard let next = input(node, index) else { throw ONNXMissing("lacks an input") }
      result = .node(try binary(node, op, result, next))
    }
    if case .node(let value) = result { set(node, value) }
  }

  private func mean(_ node: ONNXNode) throws {
    try folded(node, "add")
    guard case .node(let sum) = values[node.node.outputs[0]] else { return }
    add(
      node, "divide", [sum], shape: sum.shape, dropped: sum.dropped,
      ["value": .number(Double(node.node.inputs.count))])
  }

  private func power(_ node: ONNXNode) throws {
    guard let exponent = constant(node, 1)?.scalar else {
      guard let base = constant(node, 0)?.scalar, base > 0 else {
        throw ONNXMissing("with an exponent that is no number")
      }
      // bˣ = exp(x·ln b).
      let x = try value(node, 1)
      let scaled = made(
        node, "multiply", [x], shape: x.shape, dropped: x.dropped, ["value": .number(ONNXMath.log(base))])
      _ = add(node, "exp", [scaled], shape: x.shape, dropped: x.dropped)
      return
    }
    let x = try value(node, 0)
    if exponent == 1 { return set(node, x) }
    if exponent == 0.5 {
      _ = add(node, "sqrt", [x], shape: x.shape, dropped: x.dropped)
      return
    }
    add(node, "pow", [x], shape: x.shape, dropped: x.dropped, type: x.type, ["exponent": .number(exponent)])
  }

  /// a − b·⌊a/b⌋.
  private func remainder(_ node: ONNXNode) throws {
    guard let divisor = constant(node, 1)?.scalar, divisor > 0, node.integer("fmod") ?? 0 == 0 else {
      throw ONNXMissing("by a divisor that is no positive number")
    }
    let x = try value(node, 0)
    func step(_ op: String, _ inputs: [ONNXGraphValue], _ options: JSONObject = [:]) -> ONNXGraphValue {
      made(node, op, inputs, shape: x.shape, dropped: x.dropped, type: x.type, options)
    }
    let floor = step("floor", [step("divide", [x], ["value": .number(divisor)])])
    set(node, step("subtract", [x, step("multiply", [floor], ["value": .number(divisor)])]))
  }

  private func choice(_ node: ONNXNode) throws {
    guard let c = input(node, 0), let a = input(node, 1), let b = input(node, 2),
      let shapes = [c, a, b].map(\.shape) as? [[Int]], let shape = ONNXShape.broadcast(shapes)
    else { throw ONNXMissing("of values whose sizes do not agree") }
    // A choice that is the same everywhere.
    if let known = constant(c), known.count > 0, known.isAll(known.numbers[0]) {
      let chosen = known.numbers[0] != 0 ? a : b
      if chosen.shape == shape {
        values[node.node.outputs[0]] = chosen
        return
      }
    }
    let condition = try value(c)
    for (other, isReversed) in [(b, false), (a, true)] {
      guard let number = number(other, shape.count) else { continue }
      let (operands, axis) = try broadcast([condition, try value(isReversed ? b : a)], shape)
      var options: JSONObject = ["value": .number(number)]
      if isReversed { options["reversed"] = true }
      // The constant takes the shape of the other two.
      if ONNXShape.broadcast(operands.map(\.shape)) == shape {
        _ = add(node, "where", operands, shape: shape, dropped: axis, options)
        return
      }
    }
    let (operands, axis) = try broadcast([condition, try value(a), try value(b)], shape)
    add(node, "where", operands, shape: shape, dropped: axis)
  }

  // MARK: Products

  private func matmul(_ node: ONNXNode) throws {
    if case .weight(let weight) = input(node, 1), weight.shape.count == 2, case .node = input(node, 0),
      let transposed = weight.permuted([1, 0]), isFree(transposed)
    {
      return try linear(node, try value(node, 0), transposed, bias: nil)
    }
    var (a, b) = (try value(node, 0), try value(node, 1))
    let (isRow, isColumn) = (a.rank == 1, b.rank == 1)
    if isRow { a = reshapedWhole(node, try graph.whole(a), [1] + a.shape) }
    if isColumn { b = reshapedWhole(node, try graph.whole(b), b.shape + [1]) }
    guard a.rank >= 2, b.rank >= 2, a.shape[a.rank - 1] == b.shape[b.rank - 2],
      let front = ONNXShape.broadcast([Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))])
    else { throw ONNXMissing("of the sizes \(a.shape) and \(b.shape), which do not agree") }
    let shape = front + [a.shape[a.rank - 2], b.shape[b.rank - 1]]
    var result = try product(node, a, b, shape)
    if isRow || isColumn {
      var sizes = shape
      if isColumn { sizes.removeLast() }
      if isRow { sizes.remove(at: sizes.count - (isColumn ? 1 : 2)) }
      result = reshaped(node, result, sizes)
    }
    set(node, result)
  }

  private func product(
    _ node: ONNXNode, _ a: ONNXGraphValue, _ b: ONNXGraphValue, _ shape: [Int]
  ) throws -> ONNXGraphValue {
    var axis = graph.sharedAxis([a, b], shape)
    if let own = axis, own >= shape.count - 2 { axis = nil }
    let operands = try [a, b].map { try graph.aligned($0, shape.count, axis) }
    return made(node, "matmul", operands, shape: shape, dropped: axis)
  }

  /// The numbers of a value without a batch under another shape without a batch.
  func reshapedWhole(_ node: ONNXNode, _ x: ONNXGraphValue, _ shape: [Int]) -> ONNXGraphValue {
    if x.sizes == shape { return ONNXGraphValue(name: x.name, shape: shape, dropped: nil, type: x.type) }
    return made(node, "reshape", [x], shape: shape, dropped: nil, type: x.type, ["shape": JSONValue(shape)])
  }

  /// A sum over products of two operands, as a product of matrices between permutations.
  private func einsum(_ node: ONNXNode) throws {
    let equation = (node.text("equation") ?? "").filter { $0 != " " }
    let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
    let terms = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    let missing = ONNXMissing("with the equation \(equation)")
    guard sides.count == 2, sides[0].hasSuffix("-"), terms.count == 2, node.node.inputs.count == 2,
      !equation.contains("."), !sides[1].isEmpty
    else { throw missing }
    let result = Array(sides[1])
    let inputs = [try value(node, 0), try value(node, 1)]
    var sizes: [Character: Int] = [:]
    for (term, input) in zip(terms, inputs) {
      guard term.count == input.rank, Set(term).count == term.count else { throw missing }
      for (label, size) in zip(term, input.shape) { sizes[label] = size }
    }
    let shared = result.filter { terms[0].contains($0) && terms[1].contains($0) }
    let summed = terms[0].filter { terms[1].contains($0) && !result.contains($0) }
    let rows = result.filter { terms[0].contains($0) && !terms[1].contains($0) }
    let columns = result.filter { !terms[0].contains($0) && terms[1].contains($0) }
    guard shared.count + rows.count + columns.count == result.count,
      rows.count + shared.count + summed.count == terms[0].count,
      columns.count + shared.count + summed.count == terms[1].count
    else { throw missing }
    func count(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * (sizes[$1] ?? 1) } }
    var operands: [ONNXGraphValue] = []
    for (input, term, groups) in [
      (inputs[0], terms[0], [rows, summed]), (inputs[1], terms[1], [summed, columns]),
    ] {
      let order = (shared + groups[0] + groups[1]).compactMap { term.firstIndex(of: $0) }
      let whole = permuted(node, try graph.whole(input), order)
      operands.append(
        reshapedWhole(node, whole, shared.map { sizes[$0] ?? 1 } + [count(groups[0]), count(groups[1])]))
    }
    let product = made(
      node, "matmul", operands, shape: shared.map { sizes[$0] ?? 1 } + [count(rows), count(columns)],
      dropped: nil)
    let given = shared + rows + columns
    let whole = reshapedWhole(node, product, given.map { sizes[$0] ?? 1 })
    let ordered = permuted(node, whole, result.compactMap { given.firstIndex(of: $0) })
    set(node, try graph.without(ordered, ONNXGraphValue.batchAxis(ordered.shape)))
  }

  // MARK: Along axes

  private func softmax(_ node: ONNXNode, _ op: String) throws {
    let x = try value(node, 0)
    guard let axis = ONNXShape.axis(node.integer("axis") ?? (node.opset < 13 ? 1 : -1), x.rank) else {
      throw ONNXMissing("along no axis")
    }
    // Before version 13, all axes from this one on are one.
    if node.opset < 13, axis < x.rank - 1, x.shape[(axis + 1)...].contains(where: { $0 != 1 }) {
      let row = reshapedWhole(
        node, try graph.whole(x), [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
      let result = made(node, op, [row], shape: row.shape, dropped: nil, ["dim": -1])
      return set(node, reshaped(node, result, x.shape))
    }
    let own = try graph.keeping(x, [axis])
    add(node, op, [own], shape: x.shape, dropped: own.dropped, ["dim": JSONValue(own.axis(axis))])
  }

  private func cumulated(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let given = constant(node, 1)?.integers?.first, let axis = ONNXShape.axis(given, x.rank),
      node.integer("exclusive") ?? 0 == 0, node.integer("reverse") ?? 0 == 0
    else { throw ONNXMissing("exclusive, reversed, or along an axis that is computed") }
    let own = try graph.keeping(x, [axis])
    add(
      node, "cumsum", [own], shape: x.shape, dropped: own.dropped, type: x.type,
      ["dim": JSONValue(own.axis(axis))])
  }

  private func reduction(_ node: ONNXNode, _ op: String) throws {
    let source = try value(node, 0)
    let given = try node.integers("axes") ?? required(node, 1, "axes")?.integers ?? []
    if given.isEmpty, node.integer("noop_with_empty_axes") == 1 { return set(node, source) }
    guard let axes = ONNXShape.axes(given.isEmpty ? Array(0..<source.rank) : given, source.rank) else {
      throw ONNXMissing("over axes that are not there")
    }
    let isKept = node.integer("keepdims") ?? 1 != 0
    set(node, try reduced(node, source, op, axes, isKept: isKept))
  }

  func reduced(
    _ node: ONNXNode, _ source: ONNXGraphValue, _ op: String, _ axes: [Int], isKept: Bool
  ) throws -> ONNXGraphValue {
    if let dropped = source.dropped, axes.contains(dropped), fixedBatch != 1 {
      throw ONNXMissing("over the batch")
    }
    let x = try graph.keeping(source, axes)
    let shape = x.shape.indices.compactMap { axes.contains($0) ? isKept ? 1 : nil : x.shape[$0] }
    var dropped = x.dropped
    if !isKept, let old = dropped { dropped = old - axes.count { $0 < old } }
    var inner = x
    var name = op
    if op == "l1" {
      inner = made(node, "abs", [x], shape: x.shape, dropped: x.dropped)
      name = "sum"
    } else if op == "squares" {
      inner = made(node, "multiply", [x, x], shape: x.shape, dropped: x.dropped)
      name = "sum"
    }
    return made(
      node, name, [inner], shape: shape, dropped: dropped, type: op == "mean" ? .float : x.type,
      ["dim": JSONValue(axes.map { x.axis($0) }), "keepdim": .bool(isKept)])
  }

  private func lpNormalization(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let axis = ONNXShape.axis(node.integer("axis") ?? -1, x.rank) else {
      throw ONNXMissing("along no axis")
    }
    let norm = try reduced(node, x, node.integer("p") == 1 ? "l1" : "norm", [axis], isKept: true)
    set(node, try binary(node, "divide", .node(x), .node(norm)))
  }
}
