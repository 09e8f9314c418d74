import Formats
import JSON

/// Convolutions, pools, paddings and changes of resolution: operations on pictures, whose first axis is the batch.
extension ONNXConverter {
  static var windowWriters: [String: Write] {
    [
      "Conv": { try $0.convolution($1) }, "ConvTranspose": { try $0.transposedConvolution($1) },
      "MaxPool": { try $0.pool($1, "max_pool") }, "AveragePool": { try $0.pool($1, "avg_pool") },
      "GlobalAveragePool": { try $0.globalPool($1, "mean") },
      "GlobalMaxPool": { try $0.globalPool($1, "amax") },
      "Pad": { try $0.pad($1) }, "Resize": { try $0.resize($1) }, "Upsample": { try $0.resize($1) },
    ]
  }

  /// Windows along the axes of places.
  private struct Windows {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var before: [Int]
    var after: [Int]

    var isSymmetric: Bool { before == after }

    init(_ node: ONNXNode, kernel: [Int], places: [Int]) throws {
      let axes = kernel.count
      func list(_ name: String) throws -> [Int]? {
        guard let values = node.integers(name) else { return nil }
        guard values.count == axes, values.allSatisfy({ (1...(1 << 20)).contains($0) }) else {
          throw ONNXMissing("with \(name) \(values), which do not fit \(axes) axes")
        }
        return values
      }
      guard kernel.allSatisfy({ (1...(1 << 20)).contains($0) }), places.count == axes else {
        throw ONNXMissing("with a window \(kernel) over \(places.count) axes")
      }
      self.kernel = kernel
      strides = try list("strides") ?? Array(repeating: 1, count: axes)
      dilations = try list("dilations") ?? Array(repeating: 1, count: axes)
      before = Array(repeating: 0, count: axes)
      after = before
      switch node.text("auto_pad") ?? "NOTSET" {
      case "SAME_UPPER", "SAME_LOWER":
        for axis in 0..<axes {
          let outputs = (places[axis] + strides[axis] - 1) / strides[axis]
          let reach = dilations[axis] * (kernel[axis] - 1) + 1
          let total = max(0, (outputs - 1) * strides[axis] + reach - places[axis])
          before[axis] = node.text("auto_pad") == "SAME_UPPER" ? total / 2 : total - total / 2
          after[axis] = total - before[axis]
        }
      case "VALID": break
      default:
        guard let pads = node.integers("pads") else { break }
        guard pads.count == 2 * axes, pads.allSatisfy({ (0...(1 << 20)).contains($0) }) else {
          throw ONNXMissing("with pads \(pads)")
        }
        before = Array(pads.prefix(axes))
        after = Array(pads.suffix(axes))
      }
    }

    /// The places that windows take.
    func outputs(_ places: [Int], isCeiled: Bool = false) -> [Int] {
      places.indices.map { axis in
        let free = places[axis] + before[axis] + after[axis] - dilations[axis] * (kernel[axis] - 1) - 1
        guard free >= 0 else { return 0 }
        var count = (isCeiled ? free + strides[axis] - 1 : free) / strides[axis] + 1
        // No window begins behind the input and the padding before it.
        if isCeiled, (count - 1) * strides[axis] >= places[axis] + before[axis] { count -= 1 }
        return count
      }
    }
  }

  private static let groups = 1...(1 << 24)

  /// A number for one axis, and a list for two.
  private static func option(_ values: [Int]) -> JSONValue {
    values.count == 1 ? JSONValue(values[0]) : JSONValue(values)
  }

  /// A value with places around it.
  private func padded(
    _ node: ONNXNode, _ x: ONNXGraphValue, _ before: [Int], _ after: [Int], value: Double = 0
  ) -> ONNXGraphValue {
    var shape = x.shape
    let front = x.rank - before.count
    for axis in before.indices { shape[front + axis] += before[axis] + after[axis] }
    let pad = before.indices.reversed().flatMap { [before[$0], after[$0]] }
    return made(
      node, "pad", [x], shape: shape, dropped: x.dropped, type: x.type,
      value == 0 ? ["pad": JSONValue(pad)] : ["pad": JSONValue(pad), "value": .number(value)])
  }

  private func convolution(_ node: ONNXNode) throws {
    var x = try sample(node, 0)
    let weight = try weight(node, 1, "weights")
    let axes = weight.shape.count - 2
    guard axes == 1 || axes == 2, x.rank == axes + 2 else {
      throw ONNXMissing("over \(axes) axes of places; 1 and 2 are taken")
    }
    let places = Array(x.shape.dropFirst(2))
    var windows = try Windows(node, kernel: Array(weight.shape.dropFirst(2)), places: places)
    let groups = node.integer("group") ?? 1
    guard Self.groups.contains(groups), x.shape[1] == weight.shape[1] * groups else {
      throw ONNXMissing(
        "with weights for \(weight.shape[1]) channels in \(groups) groups, but there are \(x.shape[1])")
    }
    let outputs = windows.outputs(places)
    guard !outputs.contains(0) else { throw ONNXMissing("whose window is larger than the picture") }
    if !windows.isSymmetric {
      x = padded(node, x, windows.before, windows.after)
      windows.before = Array(repeating: 0, count: axes)
    }
    var options: JSONObject = [
      "out_channels": JSONValue(weight.shape[0]), "kernel_size": Self.option(windows.kernel),
      "stride": Self.option(windows.strides), "padding": Self.option(windows.before),
    ]
    if windows.dilations.contains(where: { $0 != 1 }) { options["dilation"] = Self.option(windows.dilations) }
    if groups != 1 { options["groups"] = JSONValue(groups) }
    try addConvolution(
      node, "conv\(axes)d", x, weight, channels: weight.shape[0], places: outputs, options)
  }

  private func addConvolution(
    _ node: ONNXNode, _ op: String, _ x: ONNXGraphValue, _ weight: ONNXWeightView, channels: Int,
    places: [Int],
    _ options: JSONObject
  ) throws {
    var tensors = ["weight": try tensor(weight)]
    if let bias = try optionalWeight(node, 2, "biases") {
      tensors["bias"] = try tensor(bias.reshaped([channels]))
    }
    let result = add(
      node, op, [x], shape: [1, channels] + places, dropped: 0, tensors: tensors,
      options.merging(["bias": .bool(tensors.count == 2)]))
    if tensors.count == 1, readers[node.node.outputs[0]] == 1 { biasless.insert(result.name) }
  }

  private func transposedConvolution(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    let weight = try weight(node, 1, "weights")
    guard weight.shape.count == 4, x.rank == 4 else {
      throw ONNXMissing("over \(weight.shape.count - 2) axes of places; 2 are taken")
    }
    let groups = node.integer("group") ?? 1
    guard Self.groups.contains(groups) else { throw ONNXMissing("in \(groups) groups") }
    let channels = weight.shape[1] * groups
    let places = Array(x.shape.dropFirst(2))
    var windows = try Windows(node, kernel: Array(weight.shape.dropFirst(2)), places: places)
    let extra = node.integers("output_padding") ?? [0, 0]
    guard extra.count == 2, x.shape[1] == weight.shape[0],
      extra.allSatisfy({ (0...1024).contains($0) })
    else { throw ONNXMissing("of sizes that do not fit") }
    let full = (0..<2).map { axis -> Int in
      let reach = windows.dilations[axis] * (windows.kernel[axis] - 1) + 1
      return (places[axis] - 1) * windows.strides[axis] + reach + extra[axis]
    }
    // Sizes of the output, or `auto_pad`, say how much is cut away.
    var wanted = node.integers("output_shape").map { Array($0.suffix(2)) }
    let same = node.text("auto_pad") ?? "NOTSET"
    if wanted == nil, same.hasPrefix("SAME") { wanted = (0..<2).map { places[$0] * windows.strides[$0] } }
    if let wanted {
      guard wanted.count == 2 else { throw ONNXMissing("with an output_shape that does not fit") }
      for axis in 0..<2 {
        let total = full[axis] - wanted[axis]
        guard total >= 0 else { throw ONNXMissing("with an output_shape larger than the windows reach") }
        windows.before[axis] = same == "SAME_UPPER" ? total / 2 : total - total / 2
        windows.after[axis] = total - windows.before[axis]
      }
    }
    let outputs = (0..<2).map { full[$0] - windows.before[$0] - windows.after[$0] }
    guard outputs.allSatisfy({ $0 > 0 }) else { throw ONNXMissing("that leaves no values") }
    var options: JSONObject = [
      "out_channels": JSONValue(channels), "kernel_size": JSONValue(windows.kernel),
      "stride": JSONValue(windows.strides),
    ]
    if extra != [0, 0] { options["output_padding"] = JSONValue(extra) }
    if groups != 1 { options["groups"] = JSONValue(groups) }
    if windows.dilations != [1, 1] { options["dilation"] = JSONValue(windows.dilations) }
    if windows.isSymmetric { options["padding"] = JSONValue(windows.before) }
    try addConvolution(
      node, "conv_transpose2d", x, weight, channels: channels, places: windows.isSymmetric ? outputs : full,
      options)
    guard !windows.isSymmetric, case .node(let result) = values[node.node.outputs[0]] else { return }
    biasless.remove(result.name)
    set(node, padded(node, result, windows.before.map { -$0 }, windows.after.map { -$0 }))
  }

  // MARK: Pools

  private func pool(_ node: ONNXNode, _ op: String) throws {
    var x = try sample(node, 0)
    let kernel = node.integers("kernel_shape") ?? []
    let axes = kernel.count
    guard axes == 1 || axes == 2, x.rank == axes + 2 else {
      throw ONNXMissing("over \(axes) axes of places; 1 and 2 are taken")
    }
    guard node.node.outputs.count < 2 || readers[node.node.outputs[1]] == nil else {
      throw ONNXMissing("whose places are read")
    }
    let places = Array(x.shape.dropFirst(2))
    var windows = try Windows(node, kernel: kernel, places: places)
    let isMean = op == "avg_pool"
    let isCeiled = node.integer("ceil_mode") ?? 0 != 0
    var countsPadding = node.integer("count_include_pad") ?? 0 != 0
    guard !isMean || windows.dilations.allSatisfy({ $0 == 1 }) else { throw ONNXMissing("with dilations") }
    let outputs = windows.outputs(places, isCeiled: isCeiled)
    guard !outputs.contains(0) else { throw ONNXMissing("whose window is larger than the picture") }
    if kernel == places, !windows.before.contains(where: { $0 > 0 }),
      !windows.after.contains(where: { $0 > 0 })
    {
      return set(node, try reduced(node, x, isMean ? "mean" : "amax", Array(2..<x.rank), isKept: true))
    }
    var factors: ONNXConstant?
    let fits = zip(windows.before, kernel).allSatisfy { 2 * $0 <= $1 }
    if !windows.isSymmetric || !fits {
      guard !isCeiled else { throw ONNXMissing("with ceil_mode and pads that differ on both sides") }
      x = padded(node, x, windows.before, windows.after, value: isMean ? 0 : -1e30)
      guard ONNXShape.count(outputs) != nil else { throw ONNXMissing("of too many places") }
      if isMean, !countsPadding { factors = Self.factors(windows, places, outputs) }
      windows.before = Array(repeating: 0, count: axes)
      countsPadding = true
    }
    var options: JSONObject = ["kernel_size": Self.option(kernel), "stride": Self.option(windows.strides)]
    if windows.before.contains(where: { $0 > 0 }) { options["padding"] = Self.option(windows.before) }
    if isCeiled { options["ceil_mode"] = true }
    if isMean, windows.before.contains(where: { $0 > 0 }) || isCeiled {
      options["count_include_pad"] = .bool(countsPadding)
    }
    if windows.dilations.contains(where: { $0 != 1 }) { options["dilation"] = Self.option(windows.dilations) }
    let result = add(
      node, "\(op)\(axes)d", [x], shape: Array(x.shape.prefix(2)) + outputs, dropped: 0, options)
    if let factors { set(node, try binary(node, "multiply", .node(result), .constant(factors))) }
  }

  /// The size of a window over the places of it that are in the picture.
  private static func factors(_ windows: Windows, _ places: [Int], _ outputs: [Int]) -> ONNXConstant {
    let shares = outputs.indices.map { axis in
      (0..<outputs[axis]).map { index in
        let start = index * windows.strides[axis] - windows.before[axis]
        let inside = min(start + windows.kernel[axis], places[axis]) - max(start, 0)
        return Double(windows.kernel[axis]) / Double(max(1, inside))
      }
    }
    let numbers = shares.dropFirst().reduce(shares[0]) { rows, row in rows.flatMap { a in row.map { a * $0 } }
    }
    return ONNXConstant(outputs, numbers, .float)
  }

  private func globalPool(_ node: ONNXNode, _ op: String) throws {
    let x = try sample(node, 0)
    guard x.rank > 2 else { throw ONNXMissing("of a value with \(x.rank) axes") }
    set(node, try reduced(node, x, op, Array(2..<x.rank), isKept: true))
  }

  // MARK: Paddings and resolution

  private func pad(_ node: ONNXNode) throws {
    let x = try value(node, 0)
    guard let pads = try node.integers("pads") ?? required(node, 1, "pads")?.integers else {
      throw ONNXMissing("lacks its pads")
    }
    let number = try node.float("value") ?? required(node, 2, "a value")?.scalar ?? 0
    let given = try required(node, 3, "axes")?.integers ?? Array(0..<x.rank)
    guard let axes = ONNXShape.axes(given, x.rank), pads.count == 2 * axes.count,
      pads.allSatisfy({ abs($0) <= 1 << 20 })
    else { throw ONNXMissing("with pads that do not fit") }
    var (before, after) = (Array(repeating: 0, count: x.rank), Array(repeating: 0, count: x.rank))
    for (index, axis) in axes.enumerated() {
      before[axis] = pads[index]
      after[axis] = pads[axes.count + index]
    }
    let touched = (0..<x.rank).filter { before[$0] != 0 || after[$0] != 0 }
    guard let first = touched.first else { return set(node, x) }
    let own = try graph.keeping(x, touched)
    var shape = x.shape
    for axis in touched { shape[axis] += before[axis] + after[axis] }
    guard shape.allSatisfy({ $0 > 0 }) else { throw ONNXMissing("that leaves no values") }
    let pad = (first..<x.rank).reversed().filter { $0 != own.dropped }.flatMap { [before[$0], after[$0]] }
    var options: JSONObject = ["pad": JSONValue(pad)]
    switch node.text("mode") ?? "constant" {
    case "constant": if number != 0 { options["value"] = .number(min(max(number, -1e30), 1e30)) }
    case "reflect": options["mode"] = "reflect"
    case "edge": options["mode"] = "replicate"
    case "wrap": options["mode"] = "circular"
    case let mode: throw ONNXMissing("in the mode \(mode)")
    }
    add(node, "pad", [own], shape: shape, dropped: own.dropped, type: x.type, options)
  }

  private func resize(_ node: ONNXNode) throws {
    let x = try sample(node, 0)
    let isOld = node.type == "Upsample"
    guard (node.integers("axes") ?? Array(0..<x.rank)) == Array(0..<x.rank), x.rank == 3 || x.rank == 4 else {
      throw ONNXMissing("along some axes, or of a value with \(x.rank) axes")
    }
    let scales =
      try node.floats("scales") ?? required(node, isOld || node.opset < 11 ? 1 : 2, "scales")?.numbers
    var sizes = node.opset < 11 ? nil : try required(node, 3, "sizes")?.integers
    if sizes?.count == x.rank { sizes?[0] = 1 }
    let target: [Int]
    if let sizes, sizes.count == x.rank, sizes.allSatisfy({ (1...(1 << 16)).contains($0) }) {
      target = sizes
    } else if let scales, scales.count == x.rank, scales.allSatisfy({ $0 >= 1 / 4096.0 && $0 <= 1024 }) {
      target = zip(x.shape, scales).map { Int((Double($0) * $1).rounded(.down)) }
    } else {
      throw ONNXMissing("without scales or sizes for each axis")
    }
    guard target[0] == 1, target[1] == x.shape[1],
      target.dropFirst(2).allSatisfy({ (1...(1 << 16)).contains($0) })
    else {
      throw ONNXMissing("of the batch or the channels")
    }
    let mode = node.text("mode") ?? "nearest"
    let isEarly = isOld || node.opset < 11
    let coordinates = isEarly ? "asymmetric" : node.text("coordinate_transformation_mode") ?? "half_pixel"
    let places = Array(target.dropFirst(2))
    if target == x.shape { return set(node, x) }
    if mode == "nearest" {
      let rounding = isEarly ? "floor" : node.text("nearest_mode") ?? "round_prefer_floor"
      return try nearest(node, x, target, scales: sizes == nil ? scales : nil, coordinates, rounding)
    }
    guard mode == "linear", node.integer("antialias") ?? 0 == 0 else {
      throw ONNXMissing("in the mode \(mode)")
    }
    let isAligned = coordinates == "align_corners"
    guard isAligned || coordinates == "half_pixel" || coordinates == "pytorch_half_pixel" else {
      throw ONNXMissing("in the mode linear with \(coordinates) coordinates")
    }
    var options: JSONObject = [
      "mode": places.count == 1 ? "linear" : "bilinear", "align_corners": .bool(isAligned),
    ]
    if sizes == nil, let scales, !isAligned {
      let own = Array(scales.dropFirst(2))
      options["scale_factor"] = own.count == 1 ? .number(own[0]) : JSONValue(own)
    } else {
      options["size"] = Self.option(places)
    }
    add(node, "upsample", [x], shape: target, dropped: 0, options)
  }

  /// The places of the source that are nearest, by the formulas of ONNX's `Resize`.
  private func nearest(
    _ node: ONNXNode, _ x: ONNXGraphValue, _ target: [Int], scales: [Double]?, _ coordinates: String,
    _ rounding: String
  ) throws {
    var isUsual = true
    var maps: [[Int]] = []
    for axis in 2..<x.rank {
      let (size, count) = (x.shape[axis], target[axis])
      let scale = scales?[axis] ?? Double(count) / Double(size)
      var map: [Int] = []
      for index in 0..<count {
        let place = Double(index)
        let source: Double
        switch coordinates {
        case "asymmetric": source = place / scale
        case "half_pixel": source = (place + 0.5) / scale - 0.5
        case "pytorch_half_pixel": source = count > 1 ? (place + 0.5) / scale - 0.5 : 0
        case "align_corners": source = count > 1 ? place * Double(size - 1) / Double(count - 1) : 0
        default: throw ONNXMissing("with \(coordinates) coordinates")
        }
        let nearest: Double
        switch rounding {
        case "floor": nearest = source.rounded(.down)
        case "ceil": nearest = source.rounded(.up)
        case "round_prefer_ceil": nearest = (source + 0.5).rounded(.down)
        default: nearest = (source - 0.5).rounded(.up)
        }
        map.append(min(max(Int(nearest), 0), size - 1))
        if map[index] != min(index * size / count, size - 1) { isUsual = false }
      }
      maps.append(map)
    }
    if isUsual {
      _ = add(
        node, "upsample", [x], shape: target, dropped: 0, ["size": Self.option(Array(target.dropFirst(2)))])
      return
    }
    var result = x
    for (place, map) in maps.enumerated() {
      var shape = result.shape
      shape[place + 2] = map.count
      result = made(
        node, "index_select", [result], shape: shape, dropped: 0,
        ["dim": JSONValue(place + 2), "index": JSONValue(map)])
    }
    set(node, result)
  }
}
