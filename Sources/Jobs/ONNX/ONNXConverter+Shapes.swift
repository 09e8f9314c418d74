import Formats
import JSON

/// Views, permutations, slices, and values side by side.
extension ONNXConverter {
  static var shapeWriters: [String: Write] {
    [
      "Identity": { try $0.same($1) }, "Dropout": { try $0.dropout($1) }, "Cast": { try $0.cast($1) },
      "CastLike": { try $0.same($1) }, "Reshape": { try $0.reshape($1) }, "Flatten": { try $0.reshape($1) },
      "Squeeze": { try $0.squeeze($1) }, "Unsqueeze": { try $0.unsqueeze($1) },
      "Transpose": { try $0.transpose($1) }, "Expand": { try $0.expand($1) }, "Tile": { try $0.tile($1) },
      "Slice": { try $0.slice($1) }, "Split": { try $0.split($1) }, "Concat": { try $0.concat($1) },
      "Gather": { try $0.gather($1) }, "GatherElements": { try $0.gatherElements($1) },
      "GatherND": { try $0.gatherND($1) },
      "Trilu": { try $0.trilu($1) }, "DepthToSpace": { try $0.depthToSpace($1) },
      "SpaceToDepth": { try $0.spaceToDepth($1) },
    ]
  }

  private func same(_ node: ONNXNode) throws { set(node, try value(node, 0)) }

  private func dropout(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard node.node.outputs.count < 2 || node.node.outputs[1].isEmpty || readers[node.node.outputs[1]] == nil
    else {
      throw ONNXMissing("whose mask is read")
    }
    set(node, x)
  }

  private func cast(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    var result = x
    switch node.integer("to") ?? 1 {
    case 1, 10, 11, 16: result.type = .float
    case 9:
      if x.type != .truth {
        _ = add(node, "not_equal", [x], shape: x.shape, dropped: x.dropped, type: .truth, ["value": 0.0])
        return
      }
    case 2...7, 12, 13:
      if x.type == .float {
        // Towards zero.
        let whole = made(node, "abs", [x], shape: x.shape, dropped: x.dropped)
        let floor = made(node, "floor", [whole], shape: x.shape, dropped: x.dropped)
        let sign = made(node, "sign", [x], shape: x.shape, dropped: x.dropped)
        _ = add(node, "multiply", [floor, sign], shape: x.shape, dropped: x.dropped, type: .whole)
        return
      }
      result.type = .whole
    default: throw ONNXMissing("to a type that is not read")
    }
    set(node, result)
  }

  // MARK: Sizes

  private func reshape(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    let second = try required(node, 1, "sizes")
    guard let shape = target(node, x.shape, second) else {
      let words = (second?.integers ?? node.integers("shape") ?? []).map(String.init).joined(separator: ", ")
      throw ONNXMissing("cannot bring the sizes \(x.shape) under [\(words)] for a batch of one sample")
    }
    set(node, reshaped(node, x, shape))
  }

  /// The sizes for a batch of one, where the file may have the sizes of its own batch.
  private func target(_ node: ONNXNode, _ shape: [Int], _ second: ONNXConstant?) -> [Int]? {
    if let found = ONNXReshape.target(node, shape, second) { return found }
    guard node.type == "Reshape", let batch = fixedBatch, batch > 1, let second,
      let first = second.numbers.first, first.truncatingRemainder(dividingBy: Double(batch)) == 0, first > 0
    else { return nil }
    var one = second
    one.numbers[0] = first / Double(batch)
    return ONNXReshape.target(node, shape, one)
  }

  /// The numbers of a value under another shape.
  func reshaped(_ node: ONNXNode, _ x: ONNXGraphValue, _ shape: [Int]) -> ONNXGraphValue {
    let dropped = ONNXGraphValue.batchAxis(shape)
    let wanted = ONNXGraphValue.sizes(shape, dropped)
    let sizes = wanted.isEmpty ? [1] : wanted
    var result = ONNXGraphValue(name: x.name, shape: shape, dropped: dropped, type: x.type)
    if sizes == x.sizes { return result }
    if sizes.filter({ $0 != 1 }) == x.sizes.filter({ $0 != 1 }) {
      result.name = graph.relabelled(x.name, x.sizes, sizes)
      return result
    }
    if sizes.count == 1 {
      result.name = graph.node("flatten", title(node), [x.name])
    } else {
      result.name = graph.node("reshape", title(node), [x.name], ["shape": JSONValue(sizes)])
    }
    return result
  }

  private func squeeze(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let shape = ONNXReshape.target(node, x.shape, try required(node, 1, "axes")) else {
      throw ONNXMissing("of axes that have several places: \(x.shape)")
    }
    let given = node.integers("axes") ?? constant(node, 1)?.integers ?? []
    let gone =
      given.isEmpty ? x.shape.indices.filter { x.shape[$0] == 1 } : ONNXShape.axes(given, x.rank) ?? []
    var dropped: Int?
    if let old = x.dropped, !gone.contains(old) { dropped = old - gone.count { $0 < old } }
    set(node, relabelled(x, shape, dropped))
  }

  private func unsqueeze(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let shape = ONNXReshape.target(node, x.shape, try required(node, 1, "axes")),
      let given = node.integers("axes") ?? constant(node, 1)?.integers,
      let new = ONNXShape.axes(given, shape.count)
    else { throw ONNXMissing("with axes that do not fit the sizes \(x.shape)") }
    let old = shape.indices.filter { !new.contains($0) }
    // Without a batch, the new first axis is one.
    let dropped = x.dropped.map { old[$0] } ?? new.min()
    set(node, relabelled(x, shape, dropped))
  }

  private func relabelled(_ x: ONNXGraphValue, _ shape: [Int], _ dropped: Int?) -> ONNXGraphValue {
    var result = ONNXGraphValue(name: x.name, shape: shape, dropped: dropped, type: x.type)
    let sizes = result.sizes.isEmpty ? [1] : result.sizes
    result.name = graph.relabelled(x.name, x.sizes.isEmpty ? [1] : x.sizes, sizes)
    return result
  }

  private func transpose(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    let given = node.integers("perm") ?? Array((0..<x.rank).reversed())
    guard given.count == x.rank, ONNXShape.axes(given, x.rank) == given else {
      throw ONNXMissing("with the axes \(given) of the sizes \(x.shape)")
    }
    set(node, permuted(node, x, given))
  }

  func permuted(_ node: ONNXNode, _ x: ONNXGraphValue, _ axes: [Int]) -> ONNXGraphValue {
    let shape = axes.map { x.shape[$0] }
    let dropped = x.dropped.flatMap { axes.firstIndex(of: $0) }
    let order = axes.filter { $0 != x.dropped }.map { x.axis($0) }
    if order == order.sorted() {
      return ONNXGraphValue(name: x.name, shape: shape, dropped: dropped, type: x.type)
    }
    return made(
      node, "permute", [x], shape: shape, dropped: dropped, type: x.type, ["dims": JSONValue([0] + order)])
  }

  private func expand(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard var wanted = try required(node, 1, "sizes")?.integers else { throw ONNXMissing("lacks its sizes") }
    if let batch = fixedBatch, batch > 1, wanted.first == batch, wanted.count >= x.rank { wanted[0] = 1 }
    guard let shape = ONNXShape.broadcast([x.shape, wanted]) else {
      throw ONNXMissing("cannot bring the sizes \(x.shape) to \(wanted)")
    }
    set(node, try expanded(node, x, shape))
  }

  private func expanded(_ node: ONNXNode, _ x: ONNXGraphValue, _ shape: [Int]) throws -> ONNXGraphValue {
    var axis = graph.sharedAxis([x], shape)
    if axis == nil, x.dropped == nil, shape.count > x.rank { axis = ONNXGraphValue.batchAxis(shape) }
    let own = try graph.aligned(x, shape.count, axis)
    let sizes = ONNXGraphValue.sizes(shape, axis)
    if sizes == own.sizes {
      return ONNXGraphValue(name: own.name, shape: shape, dropped: axis, type: x.type)
    }
    return made(node, "expand", [own], shape: shape, dropped: axis, type: x.type, ["sizes": JSONValue(sizes)])
  }

  private func tile(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let counts = try required(node, 1, "repetitions")?.integers, counts.count == x.rank,
      counts.allSatisfy({ (1...1024).contains($0) })
    else { throw ONNXMissing("with repetitions that do not fit") }
    let single = x.shape.indices.map { x.shape[$0] == 1 ? counts[$0] : x.shape[$0] }
    var result = single == x.shape ? x : try expanded(node, x, single)
    for axis in x.shape.indices where x.shape[axis] != 1 && counts[axis] > 1 {
      let part = try graph.keeping(result, [axis])
      var shape = part.shape
      shape[axis] *= counts[axis]
      result = made(
        node, "concat", Array(repeating: part, count: counts[axis]), shape: shape, dropped: part.dropped,
        type: x.type, ["dim": JSONValue(part.axis(axis))])
    }
    set(node, result)
  }

  // MARK: Pieces

  private func slice(_ node: ONNXNode) throws {
    var x = try value(node, 0)
    for (index, what) in [(1, "places"), (2, "places"), (3, "axes"), (4, "steps")] {
      _ = try required(node, index, what)
    }
    let known = node.node.inputs.indices.map { $0 == 0 ? nil : constant(node, $0) }
    guard let cuts = ONNXSlice.cuts(node, x.shape, known) else {
      throw ONNXMissing("with places that do not fit")
    }
    for cut in cuts {
      let size = x.shape[cut.axis]
      if cut.start == 0, cut.count == size, cut.step == 1 { continue }
      guard cut.count > 0 else { throw ONNXMissing("leaves no values") }
      x = try graph.keeping(x, [cut.axis])
      var shape = x.shape
      shape[cut.axis] = cut.count
      let dim: JSONValue = JSONValue(x.axis(cut.axis))
      if cut.step > 0 {
        x = made(
          node, "slice", [x], shape: shape, dropped: x.dropped, type: x.type,
          [
            "dim": dim, "start": JSONValue(cut.start),
            "end": JSONValue(min(size, cut.start + (cut.count - 1) * cut.step + 1)),
            "step": JSONValue(cut.step),
          ])
      } else {
        guard cut.count <= 1 << 20 else { throw ONNXMissing("of too many places") }
        let places = (0..<cut.count).map { cut.start + $0 * cut.step }
        x = made(
          node, "index_select", [x], shape: shape, dropped: x.dropped, type: x.type,
          ["dim": dim, "index": JSONValue(places)])
      }
    }
    set(node, x)
  }

  private func split(_ node: ONNXNode) throws {
    let source = try value(node, 0)
    let second = try required(node, 1, "sizes")
    guard let axis = ONNXShape.axis(node.integer("axis") ?? 0, source.rank),
      let sizes = ONNXSlice.parts(node, source.shape[axis], second)
    else { throw ONNXMissing("in parts that do not fit the sizes \(source.shape)") }
    if sizes.count == 1 { return set(node, source) }
    let x = try graph.keeping(source, [axis])
    for (index, size) in sizes.enumerated() where readers[node.node.outputs[index]] != nil {
      var shape = x.shape
      shape[axis] = size
      let part = made(
        node, "split", [x], shape: shape, dropped: x.dropped, type: x.type,
        ["sizes": JSONValue(sizes), "dim": JSONValue(x.axis(axis)), "index": JSONValue(index)])
      set(node, part, output: index)
    }
  }

  private func concat(_ node: ONNXNode) throws {
    var parts: [ONNXGraphValue] = []
    for index in node.node.inputs.indices {
      // Parts without places add nothing.
      if input(node, index)?.shape?.contains(0) == true { continue }
      parts.append(try value(node, index))
    }
    guard let first = parts.first, let axis = ONNXShape.axis(node.integer("axis") ?? 0, first.rank),
      parts.allSatisfy({ $0.rank == first.rank })
    else { throw ONNXMissing("of values that do not fit") }
    var shape = first.shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    for part in parts {
      guard part.shape.indices.allSatisfy({ $0 == axis || part.shape[$0] == shape[$0] }) else {
        throw ONNXMissing("of values whose sizes do not agree: \(first.shape) and \(part.shape)")
      }
    }
    set(node, try joined(node, parts, axis, shape))
  }

  func joined(
    _ node: ONNXNode, _ parts: [ONNXGraphValue], _ axis: Int, _ shape: [Int]
  ) throws -> ONNXGraphValue {
    if parts.count == 1 { return parts[0] }
    let dropped = parts.first { $0.dropped != nil && $0.dropped != axis }?.dropped
    let own = try parts.map { try graph.without($0, dropped) }
    let result = ONNXGraphValue(name: "", shape: shape, dropped: dropped)
    return made(
      node, "concat", own, shape: shape, dropped: dropped, type: parts[0].type,
      ["dim": JSONValue(result.axis(axis))])
  }

  // MARK: Places

  private func gather(_ node: ONNXNode) throws {
    if case .weight(let table) = input(node, 0), case .node(let places) = input(node, 1) {
      return try embedding(node, table, places)
    }
    if case .weight(let table) = input(node, 0), table.shape.count == 2, node.integer("axis") ?? 0 == 0,
      let places = constant(node, 1), places.shape.count > 0
    {
      return try embedding(node, table, try graph.constant(places))
    }
    let x = try value(node, 0)
    guard let axis = ONNXShape.axis(node.integer("axis") ?? 0, x.rank) else {
      throw ONNXMissing("along no axis")
    }
    guard let places = constant(node, 1), let indices = places.integers else {
      if x.rank == 2, axis == 0, let table = x.constant, table.type == .float {
        throw ONNXMissing("of a table that is computed")
      }
      throw ONNXMissing("with places that are computed from samples")
    }
    let size = x.shape[axis]
    guard indices.allSatisfy({ $0 >= -size && $0 < size }) else {
      throw ONNXMissing("of places that are not there")
    }
    let own = indices.map { $0 < 0 ? $0 + size : $0 }
    if places.shape.isEmpty { return set(node, selected(node, x, axis, own[0])) }
    var shape = x.shape
    let kept = try graph.keeping(x, [axis])
    shape[axis] = own.count
    let chosen = made(
      node, "index_select", [kept], shape: shape, dropped: kept.dropped, type: x.type,
      ["dim": JSONValue(kept.axis(axis)), "index": JSONValue(own)])
    if places.shape.count == 1 { return set(node, chosen) }
    shape.replaceSubrange(axis...axis, with: places.shape)
    set(node, reshaped(node, chosen, shape))
  }

  func selected(_ node: ONNXNode, _ x: ONNXGraphValue, _ axis: Int, _ place: Int) -> ONNXGraphValue {
    var shape = x.shape
    shape.remove(at: axis)
    if axis == x.dropped { return ONNXGraphValue(name: x.name, shape: shape, dropped: nil, type: x.type) }
    let dropped = x.dropped.map { axis < $0 ? $0 - 1 : $0 }
    return made(
      node, "select", [x], shape: shape, dropped: dropped, type: x.type,
      ["dim": JSONValue(x.axis(axis)), "index": JSONValue(place)])
  }

  private func gatherElements(_ node: ONNXNode) throws {
    let (x, places) = (try value(node, 0), try value(node, 1))
    guard let axis = ONNXShape.axis(node.integer("axis") ?? 0, x.rank), places.rank == x.rank else {
      throw ONNXMissing("of values that do not fit")
    }
    let source = try graph.keeping(x, [axis])
    let own = try graph.without(places, source.dropped)
    add(
      node, "gather", [source, own], shape: places.shape, dropped: source.dropped, type: x.type,
      ["dim": JSONValue(source.axis(axis))])
  }

  /// The first axes as one, of which given places are taken.
  private func gatherND(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let places = try required(node, 1, "places"), let indices = places.integers,
      let depth = places.shape.last, depth > 0, depth <= x.rank, node.integer("batch_dims") ?? 0 == 0,
      !indices.isEmpty
    else { throw ONNXMissing("with places that do not fit") }
    let strides = ONNXShape.strides(Array(x.shape.prefix(depth)))
    var rows: [Int] = []
    for start in stride(from: 0, to: indices.count, by: depth) {
      var row = 0
      for axis in 0..<depth {
        let (index, size) = (indices[start + axis], x.shape[axis])
        guard index >= -size, index < size else { throw ONNXMissing("of places that are not there") }
        row += (index < 0 ? index + size : index) * strides[axis]
      }
      rows.append(row)
    }
    let rest = Array(x.shape.dropFirst(depth))
    let merged = reshapedWhole(node, try graph.whole(x), [x.shape.prefix(depth).reduce(1, *)] + rest)
    let chosen = made(
      node, "index_select", [merged], shape: [rows.count] + rest, dropped: nil, type: x.type,
      ["dim": 1, "index": JSONValue(rows)])
    set(node, reshaped(node, chosen, places.shape.dropLast() + rest))
  }

  private func trilu(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard x.rank >= 2 else { throw ONNXMissing("of a vector") }
    let corner = Array(x.shape.suffix(2))
    guard let count = ONNXShape.count(corner) else { throw ONNXMissing("of too many places") }
    let ones = ONNXConstant(corner, Array(repeating: 1, count: count), .float)
    guard let mask = ONNXFolding.fold(node, [ones] + [constant(node, 1)])?.first else {
      throw ONNXMissing("with a diagonal that is computed")
    }
    let own = try graph.keeping(x, [x.rank - 2, x.rank - 1])
    add(
      node, "multiply", [own, try graph.constant(mask)], shape: x.shape, dropped: own.dropped, type: x.type)
  }

  private func depthToSpace(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    guard x.rank == 4, let b = node.integer("blocksize"), b > 0, b < 1 << 16, x.shape[1] % (b * b) == 0 else {
      throw ONNXMissing("with blocks that do not fit")
    }
    let (c, h, w) = (x.shape[1] / (b * b), x.shape[2], x.shape[3])
    let isColumns = node.text("mode") == "CRD"
    let blocks = reshaped(node, x, isColumns ? [1, c, b, b, h, w] : [1, b, b, c, h, w])
    let order = permuted(node, blocks, isColumns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
    set(node, reshaped(node, order, [1, c, h * b, w * b]))
  }

  private func spaceToDepth(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    guard x.rank == 4, let b = node.integer("blocksize"), b > 0, x.shape[2] % b == 0, x.shape[3] % b == 0
    else {
      throw ONNXMissing("with blocks that do not fit")
    }
    let (c, h, w) = (x.shape[1], x.shape[2] / b, x.shape[3] / b)
    let blocks = reshaped(node, x, [1, c, h, b, w, b])
    set(node, reshaped(node, permuted(node, blocks, [0, 3, 5, 1, 2, 4]), [1, c * b * b, h, w]))
  }
}
