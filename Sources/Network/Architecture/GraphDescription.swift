import JSON
import Tensor

/// A node of a graph as a user writes it: an operation, and the values that it reads.
public struct NodeDescription: Sendable, Equatable {
  /// The name of the node's value, and the beginning of the names of its tensors.
  public var name: String
  public var operation: LayerDescription
  /// Names of nodes, or `GraphDescription.input`.
  public var inputs: [String]
  /// Whole names of tensors by their usual ending, such as "weight". Nodes that name one tensor share it.
  public var tensors: [String: String]

  public init(
    _ name: String, _ operation: LayerDescription, _ inputs: [String], tensors: [String: String] = [:]
  ) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.tensors = tensors
  }
}

/// A network as a graph of operations. A node stands behind the nodes that it reads.
public struct GraphDescription: Sendable, Equatable {
  /// The name of the network's input, if it has one alone.
  public static let input = "input"

  /// One of several inputs.
  public struct Input: Sendable, Hashable {
    public var name: String
    /// Without the batch.
    public var shape: [Int]

    public init(_ name: String, _ shape: [Int]) {
      self.name = name
      self.shape = shape
    }
  }

  /// The parts of a sample, one after the other in its vector; empty for one input called `input`.
  public var inputs: [Input]
  public var nodes: [NodeDescription]
  /// The name of the node that gives the network's output.
  public var output: String

  public init(inputs: [Input] = [], nodes: [NodeDescription], output: String) {
    self.inputs = inputs
    self.nodes = nodes
    self.output = output
  }
}

extension Architecture {
  /// Follows the shapes through a graph.
  /// - Parameters:
  ///   - outputs: the number of outputs the task needs; nil leaves it open.
  /// - Throws: `ArchitectureFaults` with every fault found. Nodes behind a node with a fault are not looked
  ///   at, because their shapes are unknown.
  public init(graph: GraphDescription, input: Shape, outputs: Int? = nil) throws(ArchitectureFaults) {
    let (builder, end) = ArchitectureBuilder.build(input) { $0.follow(graph) }
    if graph.nodes.isEmpty { builder.fault(["nodes"], "must have at least one node") }
    try self.init(builder, end: end, outputs: outputs, path: ["outputs"])
  }
}

extension ArchitectureBuilder {
  /// Places the nodes of a graph, and returns the value that its output names.
  func follow(_ graph: GraphDescription) -> Int {
    // The value of each name so far; nil behind a fault.
    var values: [String: Int?] = parts(graph.inputs)
    for (index, node) in graph.nodes.enumerated() {
      let path = ["nodes", "\(index)"]
      if values.keys.contains(node.name) {
        fault(path + ["name"], "must be a name of its own, but \"\(node.name)\" is taken")
        continue
      }
      values[node.name] = .some(place(node, path, values, graph))
    }
    guard let end = values[graph.output] else {
      fault(["outputs", "0"], unknown(graph.output, graph))
      return 0
    }
    return end ?? 0
  }

  /// The value of each input: the whole sample, or parts of it.
  private func parts(_ inputs: [GraphDescription.Input]) -> [String: Int?] {
    guard !inputs.isEmpty else { return [GraphDescription.input: 0] }
    var values: [String: Int?] = [:]
    var start = 0
    for (index, part) in inputs.enumerated() {
      let path = ["inputs", "\(index)"]
      let count = part.shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
      if values.keys.contains(part.name) {
        fault(path + ["name"], "must be a name of its own, but \"\(part.name)\" is taken")
      }
      values[part.name] = .some(nil)
      guard input.isVector, count <= input.count - start else {
        start = input.isVector && start <= input.count ? input.count + 1 : start
        continue
      }
      let slice = AxisMap.identity(shapes[0]).choosing(Array(start..<start + count), along: 0)
      let value = append(.init(slice, inputs: [0], isListed: false))
      values[part.name] = .some(
        append(
          .init(
            Reordered(source: shapes[value], value: ValueShape(part.shape)), inputs: [value], isListed: false)
        ))
      start += count
    }
    if !input.isVector || start != input.count {
      fault(
        ["inputs"],
        "must hold together the values of a sample, which is \(input.isVector ? "a vector of \(input.count)" : "\(shapes[0].words) and no vector")"
      )
    }
    return values
  }

  private func place(
    _ node: NodeDescription, _ path: [String], _ values: [String: Int?], _ graph: GraphDescription
  ) -> Int? {
    let arity = Swift.type(of: node.operation.kind).arity
    if !arity.contains(node.inputs.count) {
      let words =
        arity.lowerBound == arity.upperBound
        ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
      fault(path + ["inputs"], "must be \(words) names for \(node.operation.type), got \(node.inputs.count)")
      return nil
    }
    var inputs: [Int] = []
    for (place, name) in node.inputs.enumerated() {
      guard let value = values[name] else {
        fault(path + ["inputs", "\(place)"], unknown(name, graph))
        continue
      }
      if let value { inputs.append(value) }
    }
    guard inputs.count == node.inputs.count else { return nil }
    endings = []
    let value = place(
      node.operation,
      at: LayerSite(
        name: node.name, values: inputs, isInGraph: true, tensors: node.tensors,
        isTrainable: node.operation.isTrainable, path: path, builder: self))
    if value != nil {
      for ending in node.tensors.keys.sorted() where !endings.contains(ending) {
        let known =
          endings.isEmpty ? "which has none" : "whose tensors are \(endings.sorted().joined(separator: ", "))"
        fault(path + ["tensors", ending], "is no tensor of this \(node.operation.type), \(known)")
      }
    }
    return value
  }

  private func unknown(_ name: String, _ graph: GraphDescription) -> String {
    graph.nodes.contains { $0.name == name }
      ? "must be the name of a node before this one, but \"\(name)\" comes later: put it first"
      : "must be \(graph.inputs.isEmpty ? "\"\(GraphDescription.input)\"" : "the name of an input") or the name of a node, got \"\(name)\""
  }
}

// MARK: - In a request

extension NodeDescription {
  static let longestName = 256
  static let mostInputs = 1024

  private static let nameForm = Form<String>.text(maximumLength: longestName)
  private static let inputsForm = Form<[String]>.list(of: nameForm, atMost: mostInputs)

  private static let tensorsForm = Form<[String: String]>(
    schema: [
      "type": "object", "additionalProperties": nameForm.schema, "maxProperties": 16,
    ], words: "object of names",
    read: { value, pointer, faults in
      guard case .object(let object) = value, object.members.count <= 16 else {
        faults.add("must be an object of at most 16 names, got \(FieldReader.brief(value))", at: pointer)
        return nil
      }
      var names: [String: String] = [:]
      for member in object.members {
        names[member.name] = nameForm.read(member.value, pointer.appending(member.name), faults)
      }
      return names
    },
    write: { names in
      var object = JSONObject()
      for (ending, name) in names.sorted(by: { $0.key < $1.key }) { object[ending] = .string(name) }
      return .object(object)
    })

  static let nameMember = FieldMember(
    "name", schema: nameForm.schema, words: nameForm.words, isRequired: true,
    "Of the node's value. The node's tensors are named after it.")
  static let tensorsMember = FieldMember(
    "tensors", schema: tensorsForm.schema, words: tensorsForm.words,
    "Whole names of tensors by their usual ending, such as `weight`. Nodes that name one tensor share it.")
  static let inputsMember = FieldMember(
    "inputs", schema: inputsForm.schema, words: "list of names", isRequired: true,
    "The values that the node reads: names of nodes before it, or `input`, or the names of the graph's `inputs`."
  )

  /// An object with an `op`, a `name`, `inputs` and the options of the operation.
  public static let form = Form<NodeDescription>(
    schema: ["oneOf": .array(LayerDescription.formats.map { Schema.request($0.nodeMembers) })],
    words: "object with an `op`",
    parts: LayerDescription.formats.map { FormPart(of: $0.type, $0.nodeMembers) },
    read: { value, pointer, faults in
      let reader = FieldReader(value, at: pointer, faults: faults)
      let named = reader.value("name")?.stringValue.map { " in the node \(FieldReader.brief(.string($0)))" }
      guard let format = LayerFormat.named(by: "op", reader, in: named ?? "") else { return nil }
      defer { reader.finish() }
      let name = reader.requiredValue("name").flatMap {
        nameForm.read($0, pointer.appending("name"), faults)
      }
      let inputs = reader.requiredValue("inputs").flatMap {
        inputsForm.read($0, pointer.appending("inputs"), faults)
      }
      let tensors = reader.value("tensors").flatMap {
        tensorsForm.read($0, pointer.appending("tensors"), faults)
      }
      let operation = format.read(reader)
      guard let name, let inputs else { return nil }
      return NodeDescription(name, operation, inputs, tensors: tensors ?? [:])
    },
    write: { node in
      var head: JSONObject = [
        "op": .string(node.operation.type), "name": .string(node.name), "inputs": JSONValue(node.inputs),
      ]
      if !node.tensors.isEmpty { head["tensors"] = tensorsForm.write(node.tensors) }
      return .object(head.merging(LayerDescription.options(of: node.operation)))
    })
}

extension GraphDescription {
  /// The most nodes of a graph.
  public static let mostNodes = 16_384

  /// The schema of a list of nodes, which refers to that of a node.
  public static let listSchema = Schema.list(Schema.ref("Node"), from: 1, to: mostNodes, isSet: false)

  /// Nodes in order.
  public static let list = Form<[NodeDescription]>(
    schema: Schema.ref("Nodes"), words: "list of nodes",
    read: { value, pointer, faults in
      FieldReader.list(value, maximumCount: mostNodes, at: pointer, faults) {
        NodeDescription.form.read($0, $1, faults)
      }
    }, write: { .array($0.map(NodeDescription.form.write)) })

  private static let inputFields = Fields<Input>([
    .required("name", \.name, .text(maximumLength: 256), "The name that nodes use."),
    .required(
      "shape", \.shape, .list(of: .integer(1...(1 << 30)), atMost: 16, empty: "must have at least one size"),
      "The sizes without the batch."),
  ])

  /// The inputs in the order of their values in a sample.
  public static let inputs = Form<[Input]>.list(
    of: .object(inputFields, standard: Input("", [1])), atMost: 64, empty: "must have at least one input")

  /// The name of the node that gives the output, as a list of one.
  public static let outputs = Form<[String]>.list(
    of: Form<String>.text(maximumLength: 256), atMost: 1, empty: "must have one name")
}
