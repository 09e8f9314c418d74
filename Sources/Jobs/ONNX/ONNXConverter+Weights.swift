import Formats
import JSON

/// Linear layers, embeddings and normalizations.
extension ONNXConverter {
  static var weightWriters: [String: Write] {
    [
      "Gemm": { try $0.gemm($1) }, "BatchNormalization": { try $0.batchNormalization($1) },
      "LayerNormalization": { try $0.layerNormalization($1) },
      "SimplifiedLayerNormalization": { try $0.rmsNormalization($1) },
      "RMSNormalization": { try $0.rmsNormalization($1) },
      "GroupNormalization": { try $0.groupNormalization($1) },
      "InstanceNormalization": { try $0.instanceNormalization($1) },
    ]
  }

  /// A linear layer with the weight of a view, outputs × inputs.
  func linear(
    _ node: ONNXNode, _ input: ONNXGraphValue, _ weight: ONNXWeightView, bias: ONNXWeightView?
  ) throws {
    let x = try graph.keeping(input, [input.rank - 1])
    guard x.shape.last == weight.shape[1] else {
      throw ONNXMissing("multiplies \(x.shape) with a weight for \(weight.shape[1]) values")
    }
    var tensors = ["weight": try tensor(weight)]
    if let bias { tensors["bias"] = try tensor(bias) }
    let result = add(
      node, "linear", [x], shape: x.shape.dropLast() + [weight.shape[0]], dropped: x.dropped,
      tensors: tensors,
      ["out_features": JSONValue(weight.shape[0]), "bias": .bool(bias != nil)])
    if bias == nil, readers[node.node.outputs[0]] == 1 { biasless.insert(result.name) }
  }

  /// Makes an addition of a weight the bias of the linear layer or convolution before it; false if it is none.
  func addBias(_ node: ONNXNode) throws -> Bool {
    for (x, b) in [(0, 1), (1, 0)] {
      guard case .node(let value) = input(node, x), case .weight(let view) = input(node, b), !view.isOfNode,
        biasless.contains(value.name), let options = graph.options(value.name),
        let size = options["out_features"]?.integerValue ?? options["out_channels"]?.integerValue
      else { continue }
      // The axis of the outputs: the last, or that of channels.
      let axis = options["out_features"] != nil ? value.rank - 1 : 1
      let padded = Array(repeating: 1, count: max(0, value.rank - view.shape.count)) + view.shape
      guard view.shape.reduce(1, *) == size, padded.count == value.rank, padded[axis] == size else {
        continue
      }
      let bias = view.reshaped([size])
      guard isFree(bias) else { continue }
      let name = try tensor(bias)
      biasless.remove(value.name)
      graph.change(value.name) { node in
        node["bias"] = true
        // Without names of its own, the node's tensors are named after it.
        var tensors = node["tensors"]?.objectValue ?? [:]
        if tensors.isEmpty, name == "\(value.name).bias" { return }
        if tensors.isEmpty { tensors["weight"] = .string("\(value.name).weight") }
        tensors["bias"] = .string(name)
        node["tensors"] = .object(tensors)
      }
      set(node, value)
      return true
    }
    return false
  }

  /// αA·B + βC.
  private func gemm(_ node: ONNXNode) throws {
    let (alpha, beta) = (node.float("alpha") ?? 1, node.float("beta") ?? 1)
    var x = try value(node, 0)
    guard x.rank == 2 else { throw ONNXMissing("of a value that is no matrix") }
    if node.integer("transA") ?? 0 != 0 { x = permuted(node, try graph.whole(x), [1, 0]) }
    let isTransposed = node.integer("transB") ?? 0 != 0
    if case .weight(let given) = input(node, 1), given.shape.count == 2,
      let weight = isTransposed ? given : given.permuted([1, 0]), isFree(weight)
    {
      if alpha == 1, beta == 1 {
        if case .weight(let bias) = input(node, 2), bias.shape.reduce(1, *) == weight.shape[0],
          bias.shape.last == weight.shape[0], isFree(bias.reshaped([weight.shape[0]]))
        {
          return try linear(node, x, weight, bias: bias.reshaped([weight.shape[0]]))
        }
        // A layer of one unit has a bias of one number.
        if weight.shape[0] == 1, input(node, 2)?.shape?.reduce(1, *) == 1,
          let bias = try? self.weight(node, 2, "bias").reshaped([1]), isFree(bias)
        {
          return try linear(node, x, weight, bias: bias)
        }
      }
      try linear(node, x, weight, bias: nil)
    } else {
      let b = try value(node, 1)
      guard b.rank == 2 else { throw ONNXMissing("of a value that is no matrix") }
      let other = isTransposed ? permuted(node, try graph.whole(b), [1, 0]) : try graph.whole(b)
      let left = try graph.whole(x)
      guard other.shape[0] == left.shape[1] else {
        throw ONNXMissing("of sizes that do not agree")
      }
      add(node, "matmul", [left, other], shape: [left.shape[0], other.shape[1]], dropped: nil)
    }
    guard case .node(var result) = values[node.node.outputs[0]] else { return }
    biasless.remove(result.name)
    if alpha != 1 {
      result = made(
        node, "multiply", [result], shape: result.shape, dropped: result.dropped, ["value": .number(alpha)])
    }
    if beta != 0, let c = input(node, 2) {
      let scaled: ONNXValue
      if beta == 1 {
        scaled = c
      } else {
        let value = try value(c)
        scaled = .node(
          made(
            node, "multiply", [value], shape: value.shape, dropped: value.dropped, ["value": .number(beta)]))
      }
      result = try binary(node, "add", .node(result), scaled)
    }
    set(node, result)
  }

  func embedding(_ node: ONNXNode, _ table: ONNXWeightView, _ places: ONNXGraphValue) throws {
    guard node.integer("axis") ?? 0 == 0 else {
      throw ONNXMissing("of a weight along another axis than the first")
    }
    let flat = table.shape.count == 1 ? table.reshaped([table.shape[0], 1]) : table
    guard flat.shape.count == 2, isFree(flat) else {
      throw ONNXMissing("of a table of the sizes \(table.shape)")
    }
    let shape = places.shape + [flat.shape[1]]
    let rows = made(
      node, "embedding", [places], shape: shape, dropped: places.dropped,
      tensors: ["weight": try tensor(flat)],
      ["num_embeddings": JSONValue(flat.shape[0]), "embedding_dim": JSONValue(flat.shape[1])])
    set(node, table.shape.count == 1 ? reshaped(node, rows, places.shape) : rows)
  }

  // MARK: Normalizations

  private func batchNormalization(_ node: ONNXNode) throws {
    guard node.integer("training_mode") ?? 0 == 0, node.integer("spatial") ?? 1 == 1 else {
      throw ONNXMissing("in training; export the model in evaluation")
    }
    let x = try sample(node, 0)
    guard (2...4).contains(x.rank) else {
      throw ONNXMissing("of a value with \(x.rank) axes; 2 to 4 are taken")
    }
    var tensors: [String: String] = [:]
    for (index, ending) in ["weight", "bias", "running_mean", "running_var"].enumerated() {
      let view = try weight(node, index + 1, "weights or statistics")
      guard view.shape == [x.shape[1]] else {
        throw ONNXMissing("with weights of another size than the channels")
      }
      tensors[ending] = try tensor(view)
    }
    guard Set(tensors.values).count == 4 else { throw ONNXMissing("that reads one tensor twice") }
    add(
      node, x.rank == 4 ? "batch_norm2d" : "batch_norm1d", [x], shape: x.shape, dropped: 0, tensors: tensors,
      [
        "eps": .number(node.float("epsilon") ?? 1e-5),
        "momentum": .number(min(max(1 - (node.float("momentum") ?? 0.9), 0), 1)),
      ])
  }

  private func layerNormalization(_ node: ONNXNode) throws {
    let source = try value(node, 0)
    guard let axis = ONNXShape.axis(node.integer("axis") ?? -1, source.rank), node.node.outputs.count == 1
    else {
      throw ONNXMissing("along no axis, or whose statistics are read")
    }
    let x = try graph.keeping(source, Array(axis..<source.rank))
    let sizes = Array(x.shape[axis...])
    var options: JSONObject = [
      "normalized_shape": JSONValue(sizes), "eps": .number(node.float("epsilon") ?? 1e-5),
    ]
    let (scale, shift) = (input(node, 1), input(node, 2))
    if case .weight(let weight) = scale, weight.shape == sizes, isFree(weight) {
      if shift == nil {
        options["bias"] = false
        _ = add(
          node, "layer_norm", [x], shape: x.shape, dropped: x.dropped,
          tensors: ["weight": try tensor(weight)],
          options)
        return
      }
      if case .weight(let bias) = shift, bias.shape == sizes, isFree(bias) {
        _ = add(
          node, "layer_norm", [x], shape: x.shape, dropped: x.dropped,
          tensors: ["weight": try tensor(weight), "bias": try tensor(bias)], options)
        return
      }
    }
    options["elementwise_affine"] = false
    let plain = made(node, "layer_norm", [x], shape: x.shape, dropped: x.dropped, options)
    set(node, try affine(node, plain, scale, shift))
  }

  /// Factors and offsets of a normalized value; those that change nothing are left out.
  private func affine(
    _ node: ONNXNode, _ x: ONNXGraphValue, _ scale: ONNXValue?, _ shift: ONNXValue?
  ) throws -> ONNXGraphValue {
    var result = x
    if let scale, constant(scale)?.isAll(1) != true {
      result = try binary(node, "multiply", .node(result), scale)
    }
    if let shift, constant(shift)?.isAll(0) != true { result = try binary(node, "add", .node(result), shift) }
    return result
  }

  private func rmsNormalization(_ node: ONNXNode) throws {
    let source = try value(node, 0)
    guard let axis = ONNXShape.axis(node.integer("axis") ?? -1, source.rank) else {
      throw ONNXMissing("along no axis")
    }
    let x = try graph.keeping(source, Array(axis..<source.rank))
    let plain = made(
      node, "rms_norm", [x], shape: x.shape, dropped: x.dropped,
      [
        "normalized_shape": JSONValue(Array(x.shape[axis...])), "eps": .number(node.float("epsilon") ?? 1e-5),
        "elementwise_affine": false,
      ])
    set(node, try affine(node, plain, input(node, 1), nil))
  }

  private func groupNormalization(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    guard let groups = node.integer("num_groups"), groups > 0, x.rank >= 2, x.shape[1] % groups == 0 else {
      throw ONNXMissing("with groups that do not divide the channels")
    }
    let options: JSONObject = [
      "num_groups": JSONValue(groups), "eps": .number(node.float("epsilon") ?? 1e-5),
    ]
    if node.opset >= 21 || groups == x.shape[1] { return try normalizedGroups(node, x, options) }
    // Before version 21 there is a factor for each group.
    let plain = made(
      node, "group_norm", [x], shape: x.shape, dropped: 0, options.merging(["affine": false]))
    let rows = reshaped(node, plain, [1, groups, x.count / groups])
    func column(_ index: Int) throws -> ONNXValue? {
      guard let input = input(node, index) else { return nil }
      guard case .weight(let view) = input, view.shape == [groups] else { return input }
      return .weight(view.reshaped([groups, 1]))
    }
    set(node, reshaped(node, try affine(node, rows, try column(1), try column(2)), x.shape))
  }

  /// Groups of channels with a factor and an offset for each channel.
  private func normalizedGroups(_ node: ONNXNode, _ x: ONNXGraphValue, _ options: JSONObject) throws {
    if case .weight(let weight) = input(node, 1), case .weight(let bias) = input(node, 2),
      !weight.isOfNode, !bias.isOfNode, weight.shape == [x.shape[1]], bias.shape == weight.shape,
      constant(.weight(weight))?.isAll(1) != true || constant(.weight(bias))?.isAll(0) != true,
      isFree(weight), isFree(bias)
    {
      _ = add(
        node, "group_norm", [x], shape: x.shape, dropped: 0,
        tensors: ["weight": try tensor(weight), "bias": try tensor(bias)], options)
      return
    }
    let plain = made(
      node, "group_norm", [x], shape: x.shape, dropped: 0, options.merging(["affine": false]))
    func column(_ index: Int) -> ONNXValue? {
      let sizes = [x.shape[1]] + Array(repeating: 1, count: x.rank - 2)
      switch input(node, index) {
      case .weight(let view) where view.shape == [x.shape[1]]: return .weight(view.reshaped(sizes))
      case .constant(var constant):
        if constant.count == x.shape[1] { constant.shape = sizes }
        return .constant(constant)
      case let other: return other
      }
    }
    set(node, try affine(node, plain, column(1), column(2)))
  }

  private func instanceNormalization(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    guard x.rank >= 3 else { throw ONNXMissing("of a value with \(x.rank) axes") }
    try normalizedGroups(
      node, x, ["num_groups": JSONValue(x.shape[1]), "eps": .number(node.float("epsilon") ?? 1e-5)])
  }
}
