import Tensor

/// The place of a layer: its name and input, and the network that is being built around it.
public struct LayerSite {
  /// The beginning of the names of the layer's tensors.
  let name: String
  /// The numbers of the inputs among the network's values.
  let values: [Int]
  /// Whether the layer is a node of a graph. In a list of layers, a picture of one position is a vector.
  let isInGraph: Bool
  /// Whether the layer's parameters are part of θ.
  let isTrainable: Bool
  /// Where the layer stands in the request.
  let path: [String]
  private let builder: ArchitectureBuilder

  /// Names of tensors that are not "name.suffix", by suffix.
  private let tensors: [String: String]

  init(
    name: String, values: [Int], isInGraph: Bool = false, tensors: [String: String] = [:],
    isTrainable: Bool = true, path: [String], builder: ArchitectureBuilder
  ) {
    self.name = name
    self.values = values
    self.isInGraph = isInGraph
    self.tensors = tensors
    self.isTrainable = isTrainable
    self.path = path
    self.builder = builder
  }

  // MARK: Inputs

  /// The first input.
  var value: Int { values[0] }
  var shape: ValueShape { shape(0) }
  func shape(_ input: Int) -> ValueShape { builder.shapes[values[input]] }

  /// The shape of any value so far.
  func shape(ofValue value: Int) -> ValueShape { builder.shapes[value] }

  /// An input with axes of one place repeated up to some sizes, as PyTorch broadcasts; nil if it does not fit
  /// them. Axes in front may be missing.
  func expanded(_ input: Int, to sizes: [Int]) -> Int? {
    let own = shape(input).padded(to: sizes.count)
    guard own.rank == sizes.count, zip(own.sizes, sizes).allSatisfy({ $0 == $1 || $0 == 1 }) else {
      return nil
    }
    let value =
      own == shape(input) ? values[input] : insert(.init(Relabelled(value: own), inputs: [values[input]]))
    if own.sizes == sizes { return value }
    let places = zip(own.sizes, sizes).map { $0 == $1 ? Array(0..<$0) : Array(repeating: 0, count: $1) }
    return insert(.init(AxisMap(source: own, places: places), inputs: [value]))
  }

  /// The same site reading other values.
  func reading(_ values: [Int]) -> LayerSite { inGraph(reading: values, named: name, tensors: tensors) }

  /// A site for a part of the layer.
  func inGraph(reading values: [Int], named name: String, tensors: [String: String] = [:]) -> LayerSite {
    LayerSite(
      name: name, values: values, isInGraph: true, tensors: tensors, isTrainable: isTrainable, path: path,
      builder: builder)
  }

  /// Places layers one after the other behind a value; nil after a fault.
  func chain(_ value: Int, _ layers: [any LayerKind]) -> Int? {
    var value = value
    for layer in layers {
      guard let node = layer.place(at: reading([value])) else { return nil }
      value = insert(node)
    }
    return value
  }

  /// Any value so far in the order of memory of a shape with the same numbers.
  func ordered(value: Int, as shape: ValueShape) -> Int { builder.reordered(value, as: shape).value }

  /// Any value so far with its last axis innermost.
  func rowMajor(value: Int) -> Int {
    builder.reordered(value, as: builder.shapes[value].rowMajor).value
  }

  /// An input in some order of memory. A value that lies otherwise is put into that order first.
  func ordered(_ input: Int, _ order: [Int]) -> (shape: ValueShape, value: Int) {
    builder.reordered(values[input], as: shape(input).ordered(order))
  }

  /// An input with its last axis innermost.
  func rowMajor(_ input: Int) -> (shape: ValueShape, value: Int) {
    builder.reordered(values[input], as: shape(input).rowMajor)
  }

  /// The site of the first input as a picture, channels-last in memory; nil after a fault.
  func picture() -> (LayerSite, Shape)? {
    if let picture = Shape(shape) { return (self, picture) }
    guard shape.rank == 3 else {
      addFault("needs a picture of channels, rows and columns, but the input has the shape \(shape.words)")
      return nil
    }
    let (picture, value) = ordered(0, ValueShape.channelsLast(3))
    return Shape(picture).map { (reading([value]), $0) }
  }

  // MARK: Faults

  /// How many faults the network has so far.
  var faultCount: Int { builder.faults.count }

  /// Notes a fault of the layer, or of one of its options. Returns nil, for `place` to return.
  func fault(_ detail: String, at option: String? = nil) -> Architecture.Node? {
    addFault(detail, at: option)
    return nil
  }

  func addFault(_ detail: String, at option: String? = nil) {
    builder.fault(path + (option.map { [$0] } ?? []), detail)
  }

  // MARK: Layers

  /// The node of a layer that reads the site's input.
  func node(_ layer: some PlacedLayer) -> Architecture.Node { .init(layer, inputs: [value]) }

  /// Adds a node in front of the layer's own, and returns its value.
  func insert(_ node: Architecture.Node) -> Int { builder.append(isTrainable ? node : node.frozen) }

  /// A layer that is a function of each value.
  func elementwise(_ function: some Elementwise) -> Architecture.Node? {
    node(PlacedFunction(function: function, value: shape))
  }

  /// Places the layers of a branch, and gives the value that the branch ends in with its shape.
  func follow(_ layers: [NamedLayer], at branch: String) -> (value: Int, shape: ValueShape) {
    let end = builder.follow(layers, from: value, path: path + [branch], isTrainable: isTrainable)
    return (end, builder.shapes[end])
  }

  /// The number of this dropout layer in the network, counted from 1.
  func nextDropout() -> Int { builder.nextDropout() }

  // MARK: Tensors

  /// Gives a tensor its place in the vector of its kind. A tensor that is there already is shared.
  /// - Parameter shape: in PyTorch's order.
  /// - Returns: the offset.
  @discardableResult
  func add(_ suffix: String, _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int = 0) -> Int {
    addWhole(tensorName(suffix), shape, kind, fanIn: fanIn)
  }

  /// The whole name of a tensor.
  func tensorName(_ suffix: String) -> String {
    builder.endings.insert(suffix)
    return tensors[suffix] ?? "\(name).\(suffix)"
  }

  /// The same by its whole name.
  func addWhole(_ name: String, _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int = 0) -> Int {
    guard let old = builder.tensor(name) else {
      return builder.layout.add(name, shape, kind, fanIn: fanIn, isTrainable: isTrainable)
    }
    if old.shape != shape || !old.kind.liesAs(kind) {
      addFault("cannot share the tensor \"\(name)\", which has the shape \(old.shape)")
    } else if old.isTrainable != isTrainable {
      addFault("cannot share the tensor \"\(name)\": it is trainable in one place and frozen in another")
    }
    let place = builder.layout.place(of: old)
    builder.layout.shared.insert(place)
    return place
  }

  /// Gives weights, and biases if there are any, their places, and notes their neurons.
  /// - Parameters:
  ///   - shape: of the weights in PyTorch's order.
  ///   - fanIn: the inputs of one output as PyTorch counts them for initial values.
  ///   - neurons: nil is the first dimension of the weights.
  ///   - positions: output positions of a sample.
  ///   - isNarrowable: see `NeuronLayer`.
  func addWeights(
    _ shape: [Int], _ kind: ParameterTensor.Kind, fanIn: Int, neurons: Int? = nil, bias: Bool,
    positions: Int, isNarrowable: Bool = true
  ) -> (weights: Int, bias: Int?) {
    let neurons = neurons ?? shape[0]
    let weights = add("weight", shape, kind, fanIn: fanIn)
    let offset = bias ? add("bias", [neurons], .bias, fanIn: fanIn) : nil
    note(
      NeuronLayer(
        name: name, weights: weights, bias: offset, neurons: neurons,
        fanIn: shape.reduce(1, *) / neurons, positions: positions, isNarrowable: isNarrowable))
    return (weights, offset)
  }

  /// Notes a layer whose neurons can be chosen. Those of a frozen layer cannot.
  func note(_ layer: NeuronLayer) { if isTrainable { builder.note(layer) } }

  /// Gives a table of rows its place, and notes the rows as neurons.
  func addTable(_ shape: [Int], padding: Int?, positions: Int) -> Int {
    let weights = add("weight", shape, .table(deviation: 1, zeroRow: padding))
    note(
      NeuronLayer(
        name: name, weights: weights, bias: nil, neurons: shape[0], fanIn: shape[1], positions: positions))
    return weights
  }

  /// Notes that the layer reads whole numbers from 0 to one less than a limit from a value.
  func readsWhole(_ value: Int, below limit: Int, type: String = Embedding.type) {
    builder.noteWholeReader(name, type, value: value, limit: limit, path: path)
  }

  // MARK: Checks

  /// Whether weights of so many rows and columns fit into the network, and the layer's values into their
  /// limit. If not, notes a fault of the option.
  func hasRoom(rows: Int, columns: Int, values: Int, at option: String) -> Bool {
    guard rows >= 1 else {
      addFault("must be at least 1, got \(rows)", at: option)
      return false
    }
    let limit = Architecture.limits.parameters
    let (product, overflow) = rows.multipliedReportingOverflow(by: columns + 1)
    guard !overflow, product <= limit - builder.layout.valueCount else {
      addFault("makes the network larger than \(limit) parameters", at: option)
      return false
    }
    return hasRoom(values: values, at: option)
  }

  /// Whether the layer's values fit into their limit. If not, notes a fault of the option.
  func hasRoom(values: Int, at option: String) -> Bool {
    let limit = Architecture.limits.values
    if values > limit { addFault("makes the layer larger than \(limit) values a sample", at: option) }
    return values <= limit
  }
}
