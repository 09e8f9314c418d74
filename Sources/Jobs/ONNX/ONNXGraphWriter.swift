import JSON

/// Nodes in order, and values under other axes.
struct ONNXGraphWriter {
  private(set) var nodes: [JSONObject] = []
  private(set) var names: Set<String>
  private var places: [String: Int] = [:]
  /// Nodes that were made once and are read again: constants, parameters, and values under other axes.
  private var made: [String: String] = [:]
  private struct Numbers: Hashable {
    let sizes: [Int]
    let numbers: [Double]
  }

  private var constants: [Numbers: String] = [:]
  /// The numbers of constants so far.
  private var constantCount = 0

  init(inputs: [String]) { names = Set(inputs) }

  /// Adds a node and returns its name, which may get a number.
  mutating func node(_ op: String, _ name: String, _ inputs: [String], _ options: JSONObject = [:]) -> String
  {
    let name = Self.short(name.isEmpty ? op : name)
    var (unique, count) = (name, 0)
    while !names.insert(unique).inserted {
      count += 1
      unique = "\(name)_\(count)"
    }
    let head: JSONObject = ["op": .string(op), "name": .string(unique), "inputs": JSONValue(inputs)]
    places[unique] = nodes.count
    nodes.append(head.merging(options))
    return unique
  }

  /// A name that requests take: the end of a longer one.
  static func short(_ name: String) -> String {
    var name = name
    while name.utf8.count > 200 { name.removeFirst() }
    return name
  }

  /// Changes the options of a node.
  mutating func change(_ name: String, _ change: (inout JSONObject) -> Void) {
    if let place = places[name] { change(&nodes[place]) }
  }

  func options(_ name: String) -> JSONObject? { places[name].map { nodes[$0] } }

  /// The name of a node that is made if it is not there.
  mutating func once(_ key: String, _ make: (inout ONNXGraphWriter) -> String) -> String {
    if let name = made[key] { return name }
    let name = make(&self)
    made[key] = name
    return name
  }

  /// The value of given numbers.
  mutating func constant(_ constant: ONNXConstant, dropping dropped: Int? = nil) throws -> ONNXGraphValue {
    // Infinities stand for "never" in masks, and JSON has none.
    let numbers = constant.numbers.map { $0.isNaN ? 0 : min(max($0, -1e30), 1e30) }
    guard !numbers.isEmpty else { throw ONNXMissing("reads a tensor without numbers") }
    let isSame = numbers.allSatisfy { $0 == numbers[0] }
    constantCount += isSame ? 1 : numbers.count
    guard constantCount <= 1 << 22 else {
      throw ONNXMissing("the constants of the model have too many numbers")
    }
    let sizes = ONNXGraphValue.sizes(constant.shape, dropped)
    let written = isSame ? [numbers[0]] : numbers
    let key = Numbers(sizes: sizes, numbers: written)
    let name =
      constants[key]
      ?? node(
        "constant", "constant_\(nodes.count)", [],
        ["shape": JSONValue(sizes.isEmpty ? [1] : sizes), "values": JSONValue(written)])
    constants[key] = name
    return ONNXGraphValue(
      name: name, shape: constant.shape, dropped: dropped, type: constant.type, constant: constant)
  }

  // MARK: Axes

  /// A value that leaves out a given axis of one place; nil for no axis.
  mutating func without(_ value: ONNXGraphValue, _ axis: Int?) throws -> ONNXGraphValue {
    if value.dropped == axis { return value }
    if let constant = value.constant { return try self.constant(constant, dropping: axis) }
    var result = value
    result.dropped = axis
    if result.sizes != value.sizes { result.name = relabelled(value.name, value.sizes, result.sizes) }
    return result
  }

  /// A value with all axes.
  mutating func whole(_ value: ONNXGraphValue) throws -> ONNXGraphValue { try without(value, nil) }

  /// A value that leaves out none of some axes.
  mutating func keeping(_ value: ONNXGraphValue, _ axes: [Int]) throws -> ONNXGraphValue {
    if let dropped = value.dropped, axes.contains(dropped) { try whole(value) } else { value }
  }

  /// A value under sizes that differ by axes of one place.
  mutating func relabelled(_ name: String, _ old: [Int], _ new: [Int]) -> String {
    var (name, old, axis) = (name, old, 0)
    while axis < max(old.count, new.count) {
      if axis < old.count, axis < new.count, old[axis] == new[axis] {
        axis += 1
      } else if axis < old.count, old[axis] == 1 {
        name = axisNode("squeeze", name, axis)
        old.remove(at: axis)
      } else {
        name = axisNode("unsqueeze", name, axis)
        old.insert(1, at: axis)
      }
    }
    return name
  }

  private mutating func axisNode(_ op: String, _ name: String, _ axis: Int) -> String {
    once("\(op) \(name) \(axis)") { graph in
      graph.node(op, "\(name).\(op)", [name], ["dim": JSONValue(axis + 1)])
    }
  }

  /// The axis that a result of a shape leaves out if it is broadcast from some values: that of the largest.
  func sharedAxis(_ values: [ONNXGraphValue], _ shape: [Int]) -> Int? {
    for value in values.sorted(by: { $0.count > $1.count }) {
      guard let dropped = value.dropped else { continue }
      let axis = dropped + shape.count - value.rank
      if shape[axis] == 1 { return axis }
    }
    return nil
  }

  /// An operand of a broadcast result of a rank that leaves out an axis.
  mutating func aligned(_ value: ONNXGraphValue, _ rank: Int, _ axis: Int?) throws -> ONNXGraphValue {
    guard let axis, axis - (rank - value.rank) >= 0 else { return try whole(value) }
    return try without(value, axis - (rank - value.rank))
  }
}
