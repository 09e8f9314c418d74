import Formats
import JSON
import Network

/// Writes the operations of an ONNX model as nodes, one after the other.
final class ONNXConverter {
  typealias Write = @Sendable (ONNXConverter, ONNXNode) throws -> Void

  let model: ONNXModel
  var graph: ONNXGraphWriter
  var values: [String: ONNXValue] = [:]
  /// How many operations read each value.
  private(set) var readers: [String: Int] = [:]
  /// The tensors of the graph by name.
  private(set) var weights: [ONNXWeight] = []
  private var registered: Set<String> = []
  private var views: [String: ONNXWeightView] = [:]
  private(set) var unsupported: [ONNXRefusal] = []
  var notes: [String] = []
  /// The batch for which the file was made, if it is known.
  var fixedBatch: Int?
  /// Linear layers and convolutions that have no bias yet, by the value that they give.
  var biasless: Set<String> = []

  /// The operations that are written, by domain and type.
  static let writers: [String: Write] = [
    shapeWriters, arithmeticWriters, functionWriters, windowWriters, weightWriters, recurrentWriters,
    classicalWriters,
  ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  /// Operations of the shape of a value, which is always known.
  private static let ofShapes: Set<String> = ["Shape", "Size"]
  /// Operations that are computed for constants alone.
  private static let ofConstants: Set<String> = [
    "Constant", "ConstantOfShape", "Range", "ScatterND", "EyeLike", "NonZero", "ReduceProd",
  ]

  init(_ model: ONNXModel, inputs: [String]) {
    self.model = model
    graph = ONNXGraphWriter(inputs: inputs)
    for tensor in model.initializers { values[tensor.name] = value(of: tensor) }
  }

  /// An initializer of several floating-point numbers may be trained; others are constants.
  private func value(of tensor: ONNXTensor) -> ONNXValue {
    if tensor.type.isFloating, tensor.count > 1 { return .weight(ONNXWeightView(tensor)) }
    guard let constant = model.constant(tensor) else {
      return .unknown
    }
    return .constant(constant)
  }

  // MARK: The walk

  /// Writes everything that a result depends on.
  func write(_ result: String) {
    var read: Set<String> = [result]
    readers[result] = 1
    var needed: [ONNXModel.Node] = []
    for node in model.nodes.reversed()
    where node.outputs.contains(where: { read.contains($0) && !$0.isEmpty }) {
      needed.append(node)
      for input in node.inputs {
        read.insert(input)
        readers[input, default: 0] += 1
      }
    }
    for node in needed.reversed() { write(node) }
  }

  private func write(_ node: ONNXModel.Node) {
    let own = ONNXNode(model: model, node: node)
    let key = node.domain.isEmpty ? node.type : "\(node.domain).\(node.type)"
    let inputs = node.inputs.map { $0.isEmpty ? nil : values[$0] }
    do {
      let write = Self.writers[key]
      guard
        write != nil
          || node.domain.isEmpty
            && (Self.ofShapes.contains(node.type) || canFold(inputs)
              || Self.ofConstants.contains(node.type) && inputs.contains(where: isUnknown))
      else {
        throw ONNXMissing(Self.reason(node))
      }
      for (name, value) in zip(node.inputs, inputs) where !name.isEmpty {
        guard let value else { throw ONNXMissing("reads '\(name)', which nothing before it gives") }
        if case .unknown = value {
          for output in node.outputs { values[output] = .unknown }
          return
        }
      }
      if try fold(own, inputs) { return }
      guard let write else { throw ONNXMissing(Self.reason(node)) }
      try write(self, own)
      for output in node.outputs { try check(output) }
      for output in node.outputs where !output.isEmpty && values[output] == nil { values[output] = .unknown }
    } catch {
      let reason = (error as? ONNXMissing)?.reason ?? "\(error)"
      unsupported.append(ONNXRefusal(place: node.place, operation: node.type, reason: reason))
      for output in node.outputs { values[output] = .unknown }
    }
  }

  /// Checks the size of a result, so that later operations may multiply sizes.
  private func check(_ output: String) throws {
    guard case .node(let value) = values[output] else { return }
    guard value.rank <= 16, value.shape.allSatisfy({ $0 > 0 }), value.count <= Architecture.limits.values
    else {
      throw ONNXMissing(
        "gives a value of the sizes \(value.shape); at most 16 axes and \(Architecture.limits.values) numbers are taken"
      )
    }
  }

  private static func reason(_ node: ONNXModel.Node) -> String {
    node.domain.isEmpty
      ? "is no operation of this service" : "of the domain \(node.domain) is no operation of this service"
  }

  /// Whether all inputs are known, and none is a parameter.
  private func canFold(_ inputs: [ONNXValue?]) -> Bool {
    inputs.allSatisfy { input in
      switch input {
      case .node, .unknown: false
      case .weight(let view): view.isOfNode
      case .constant, nil: true
      }
    }
  }

  private func isUnknown(_ input: ONNXValue?) -> Bool {
    if case .unknown = input { true } else { false }
  }

  /// Computes an operation of constants; false if it is none.
  private func fold(_ node: ONNXNode, _ inputs: [ONNXValue?]) throws -> Bool {
    if node.type == "Constant" {
      if let tensor = node.tensor("value") ?? node.tensor("value_floats"), tensor.type.isFloating,
        tensor.count > 1
      {
        values[node.node.outputs[0]] = .weight(ONNXWeightView(tensor, isOfNode: true))
        return true
      }
      guard let constant = node.constantValue, let output = node.node.outputs.first else {
        throw ONNXMissing("has a value of a type that is not read")
      }
      values[output] = .constant(constant)
      return true
    }
    if Self.ofShapes.contains(node.type), let shape = (inputs.first ?? nil)?.shape,
      let output = node.node.outputs.first
    {
      values[output] = .constant(
        node.type == "Shape"
          ? ONNXFolding.shape(shape, node) : ONNXConstant([], [Double(shape.reduce(1, *))], .whole))
      return true
    }
    if view(node, inputs) { return true }
    guard canFold(inputs), node.node.domain.isEmpty else { return false }
    guard let results = ONNXFolding.fold(node, inputs.map { $0.flatMap(constant) }) else {
      // A weight that is the value of a `Constant` may be used like a parameter.
      if Self.writers[node.type] != nil { return false }
      throw ONNXMissing("is not computed for these constants")
    }
    for (output, result) in zip(node.node.outputs, results) { values[output] = .constant(result) }
    return true
  }

  /// The same numbers of a weight in another order or under other sizes; false if the operation does something else.
  private func view(_ node: ONNXNode, _ inputs: [ONNXValue?]) -> Bool {
    guard case .weight(let view) = inputs.first ?? nil, let output = node.node.outputs.first else {
      return false
    }
    switch node.type {
    case "Identity", "Dropout": values[output] = .weight(view)
    case "Cast":
      guard [1, 10, 11, 16].contains(node.integer("to") ?? 1) else { return false }
      values[output] = .weight(view)
    case "CastLike": values[output] = .weight(view)
    case "Transpose":
      let axes = node.integers("perm") ?? Array(view.shape.indices.reversed())
      guard axes.count == view.shape.count, ONNXShape.axes(axes, axes.count) == axes,
        let permuted = view.permuted(axes)
      else { return false }
      values[output] = .weight(permuted)
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
      let second = inputs.count > 1 ? inputs[1].flatMap(constant) : nil
      guard let shape = ONNXReshape.target(node, view.shape, second) else { return false }
      values[output] = .weight(view.reshaped(shape))
    default: return false
    }
    return true
  }

  // MARK: Inputs

  func input(_ node: ONNXNode, _ index: Int) -> ONNXValue? {
    guard index < node.node.inputs.count, !node.node.inputs[index].isEmpty else { return nil }
    return values[node.node.inputs[index]]
  }

  /// The numbers of a value that is known; nil for others.
  func constant(_ value: ONNXValue) -> ONNXConstant? {
    switch value {
    case .constant(let constant): return constant
    case .weight(let view):
      guard let numbers = model.constant(view.tensor)?.numbers else { return nil }
      guard let permutation = view.permutation else { return ONNXConstant(view.shape, numbers, .float) }
      let strides = ONNXShape.strides(view.tensor.shape)
      let places = ONNXShape.places(
        permutation.map { view.tensor.shape[$0] }, permutation.map { strides[$0] })
      return ONNXConstant(view.shape, places.map { numbers[$0] }, .float)
    case .node, .unknown: return nil
    }
  }

  func constant(_ node: ONNXNode, _ index: Int) -> ONNXConstant? { input(node, index).flatMap(constant) }

  /// An input that must be given as numbers, if it is there.
  func required(_ node: ONNXNode, _ index: Int, _ what: String) throws -> ONNXConstant? {
    guard let input = input(node, index) else { return nil }
    guard let constant = constant(input) else { throw ONNXMissing("\(what) that are computed from samples") }
    return constant
  }

  /// An input as a value of the graph. Constants and parameters become nodes.
  func value(_ node: ONNXNode, _ index: Int) throws -> ONNXGraphValue {
    guard let input = input(node, index) else { throw ONNXMissing("lacks its input \(index)") }
    return try value(input)
  }

  func value(_ input: ONNXValue) throws -> ONNXGraphValue {
    switch input {
    case .node(let value): return value
    case .constant(let constant): return try graph.constant(constant)
    case .weight(let view):
      if isConstant(view), let constant = constant(input) { return try graph.constant(constant) }
      return try parameter(view)
    case .unknown: throw ONNXMissing("reads an unknown value")
    }
  }

  /// An input that leaves out its first axis: that of the batch in operations on pictures.
  func sample(_ node: ONNXNode, _ index: Int) throws -> ONNXGraphValue {
    let value = try value(node, index)
    guard value.shape.first == 1 else { throw ONNXMissing("reads several pictures of one sample") }
    return try graph.without(value, 0)
  }

  /// Whether the numbers of a tensor are given, and no parameters: those of `Constant`, masks, and what an exporter
  /// computed, if they are added or multiplied.
  private func isConstant(_ view: ONNXWeightView) -> Bool {
    if view.isOfNode { return true }
    guard view.tensor.count <= ONNXShape.mostElements else { return false }
    let name = view.tensor.name
    if name.hasPrefix("val_"), name.dropFirst(4).allSatisfy(\.isNumber) { return true }
    if view.tensor.count <= 1 { return true }
    guard let numbers = model.numbers(of: view.tensor) else { return false }
    // A mask for attention: zeros, and numbers far below them.
    let isMask = numbers.allSatisfy { $0 == 0 || $0 <= -1e4 } && numbers.contains { $0 != 0 }
    return isMask
  }

  /// A parameter as a value by itself.
  func parameter(_ view: ONNXWeightView) throws -> ONNXGraphValue {
    let first = views[view.tensor.name]
    // The same numbers under other sizes are a reshape of the first.
    let base = first.map { $0.permutation == view.permutation ? $0 : view } ?? view
    let tensor = try self.tensor(base)
    let sizes = base.shape
    guard !sizes.isEmpty else { throw ONNXMissing("a parameter without sizes") }
    var name = graph.once("parameter \(tensor)") { graph in
      let own = graph.node("parameter", tensor, [], ["shape": JSONValue(sizes)])
      if own != tensor { graph.change(own) { $0["tensor"] = .string(tensor) } }
      return own
    }
    if base.shape != view.shape {
      let shape = view.shape
      name = graph.once("reshape \(name) \(shape)") {
        $0.node("reshape", "\(tensor).reshape", [name], ["shape": JSONValue(shape)])
      }
    }
    return ONNXGraphValue(name: name, shape: view.shape)
  }

  // MARK: Tensors

  /// The name of the graph's tensor for a weight of the file.
  /// - Throws: `ONNXMissing` if the tensor has another layout already.
  func tensor(_ view: ONNXWeightView) throws -> String {
    guard ONNXGraphValue(name: "", shape: view.shape).count == view.tensor.count else {
      throw ONNXMissing("reads the tensor '\(view.tensor.name)', which has the sizes \(view.tensor.shape)")
    }
    if let known = views[view.tensor.name], known != view {
      throw ONNXMissing("reads the tensor '\(view.tensor.name)' in two layouts")
    }
    let source = ONNXWeight.Source(
      offset: 0, shape: view.tensor.shape, permutation: view.permutation, blocks: nil)
    views[view.tensor.name] = view
    return register(view.tensor, view.tensor.name, view.shape, source)
  }

  /// Whether a weight can be read in this layout.
  func isFree(_ view: ONNXWeightView) -> Bool { views[view.tensor.name].map { $0 == view } ?? true }

  func register(_ tensor: ONNXTensor, _ name: String, _ shape: [Int], _ source: ONNXWeight.Source) -> String {
    let name = ONNXGraphWriter.short(name)
    if registered.insert(name).inserted {
      weights.append(ONNXWeight(name: name, shape: shape, tensor: tensor, source: source))
    }
    return name
  }

  /// An input that must be a weight.
  func weight(_ node: ONNXNode, _ index: Int, _ what: String) throws -> ONNXWeightView {
    switch input(node, index) {
    case .weight(let view): return view
    case .constant:
      guard let tensor = model.initializers.first(where: { $0.name == node.node.inputs[index] }),
        tensor.type.isFloating, tensor.count == 1
      else { throw ONNXMissing("\(what) that are no initializer") }
      return ONNXWeightView(tensor)
    default: throw ONNXMissing("\(what) that are computed")
    }
  }

  /// A weight, or nil if the input is left out.
  func optionalWeight(_ node: ONNXNode, _ index: Int, _ what: String) throws -> ONNXWeightView? {
    input(node, index) == nil ? nil : try weight(node, index, what)
  }

  // MARK: Results

  /// The name of a node: that of the file.
  func title(_ node: ONNXNode) -> String { node.node.place }

  /// A node for an operation.
  /// - Parameter tensors: tensors by their endings.
  @discardableResult
  func add(
    _ node: ONNXNode, _ op: String, _ inputs: [ONNXGraphValue], shape: [Int], dropped: Int?,
    type: ONNXConstant.ElementType = .float, tensors: [String: String] = [:], _ options: JSONObject = [:]
  ) -> ONNXGraphValue {
    let result = made(node, op, inputs, shape: shape, dropped: dropped, type: type, tensors: tensors, options)
    set(node, result)
    return result
  }

  /// A node that is a part of an operation.
  func made(
    _ node: ONNXNode, _ op: String, _ inputs: [ONNXGraphValue], shape: [Int], dropped: Int?,
    type: ONNXConstant.ElementType = .float, tensors: [String: String] = [:], _ options: JSONObject = [:]
  ) -> ONNXGraphValue {
    var options = options
    var name = title(node)
    if let owner = Self.owner(tensors), !graph.names.contains(owner) {
      name = owner
    } else if !tensors.isEmpty {
      options["tensors"] = .object(
        JSONObject(tensors.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    let own = graph.node(op, name, inputs.map(\.name), options)
    return ONNXGraphValue(name: own, shape: shape, dropped: dropped, type: type)
  }

  func set(_ node: ONNXNode, _ value: ONNXGraphValue, output: Int = 0) {
    if output < node.node.outputs.count { values[node.node.outputs[output]] = .node(value) }
  }

  /// The name of a node that needs no names for its tensors: they are its name and their endings.
  private static func owner(_ tensors: [String: String]) -> String? {
    guard let (ending, name) = tensors.first, name.hasSuffix(".\(ending)") else { return nil }
    let owner = String(name.dropLast(ending.count + 1))
    return !owner.isEmpty && tensors.allSatisfy { $0.value == "\(owner).\($0.key)" } ? owner : nil
  }
}
