/// An ONNX model: the graph of its operations, and the bytes with its numbers.
///
/// Source: `onnx.proto` of the ONNX project. Parts that change no value, such as documentation and shapes of values
/// inside of the graph, are not read.
public struct ONNXModel: Sendable {
  /// One operation.
  public struct Node: Sendable {
    public let name: String
    public let type: String
    /// Empty for ONNX's own operations.
    public let domain: String
    /// Names of values; an empty name stands for an input that is left out.
    public let inputs: [String]
    public let outputs: [String]
    public let attributes: [String: Attribute]
  }

  public enum Attribute: Sendable {
    case float(Double)
    case integer(Int)
    case text(String)
    case tensor(ONNXTensor)
    case floats(ONNXTensor)
    case integers([Int])
    /// The first texts of a list, without long ones.
    case texts([String])
    /// A subgraph, a sparse tensor, or a type.
    case other(String)
  }

  /// An input or output of the graph.
  public struct Value: Sendable {
    public enum Size: Sendable, Equatable {
      case known(Int)
      /// A size with a name, or with none.
      case symbol(String)
    }

    public let name: String
    public let type: ONNXTensor.ElementType
    /// nil if the file does not say.
    public let sizes: [Size]?
  }

  public let bytes: [UInt8]
  /// The version of ONNX's own operations.
  public private(set) var opset = 0
  public private(set) var producer = ""
  public private(set) var nodes: [Node] = []
  public private(set) var initializers: [ONNXTensor] = []
  /// Inputs that no initializer gives.
  public private(set) var inputs: [Value] = []
  public private(set) var outputs: [Value] = []
  /// The place of the message of the graph, and of its length.
  private(set) var graph = 0..<0
  private(set) var graphLength = 0..<0

  /// Reads a file.
  /// - Throws: `ONNXError`; `.refused` names everything in the file that is never read.
  public init(_ bytes: [UInt8]) throws(ONNXError) {
    guard bytes.count <= ONNXLimits.byteCount else {
      throw .tooLarge(found: bytes.count, limit: ONNXLimits.byteCount)
    }
    if let kind = FileKind(prefix: bytes.prefix(FileKind.prefixByteCount)), kind != .onnx, kind != .text {
      throw .foreign(kind)
    }
    self.bytes = bytes
    var refusals: [ONNXRefusal] = []
    var functions: Set<String> = []
    var reader = ProtobufReader(bytes, 0..<bytes.count)
    var isThere = false
    var opsets = 0
    while let field = try reader.next() {
      switch field.number {
      case 2: producer = try field.text("producer_name", bytes)
      case 7:
        guard !isThere else { throw .twice(offset: field.offset, "its graph") }
        isThere = true
        graph = try field.range("the graph")
        graphLength = field.valueOffset..<graph.lowerBound
      case 8:
        opsets += 1
        guard opsets <= ONNXLimits.others else {
          throw .tooMany(offset: field.offset, what: "opset imports", limit: ONNXLimits.others)
        }
        try readOpset(try field.range("an opset import"))
      case 25:
        guard functions.count < ONNXLimits.others else {
          throw .tooMany(offset: field.offset, what: "functions", limit: ONNXLimits.others)
        }
        functions.insert(try Self.functionName(bytes, try field.range("a function")))
      default: break
      }
    }
    guard isThere else { throw .missing("graph") }
    guard opset > 0 else { throw .missing("opset import of ONNX's own operations") }
    try readGraph(&refusals)
    for node in nodes where functions.contains("\(node.domain).\(node.type)") {
      refusals.append(
        ONNXRefusal(
          place: node.place, operation: node.type,
          reason: "a function of the file itself; inline functions with onnx.inliner before"))
    }
    if !refusals.isEmpty { throw .refused(refusals) }
  }

  private mutating func readOpset(_ range: Range<Int>) throws(ONNXError) {
    var reader = ProtobufReader(bytes, range)
    var domain = ""
    var version: Int64 = 0
    while let field = try reader.next() {
      if field.number == 1 { domain = try field.text("the domain of an opset", bytes) }
      if field.number == 2 { version = try field.integer("the version of an opset") }
    }
    if domain.isEmpty || domain == "ai.onnx" { opset = Int(clamping: version) }
  }

  private static func functionName(_ bytes: [UInt8], _ range: Range<Int>) throws(ONNXError) -> String {
    var reader = ProtobufReader(bytes, range)
    var (name, domain) = ("", "")
    while let field = try reader.next() {
      if field.number == 1 { name = try field.text("the name of a function", bytes) }
      if field.number == 10 { domain = try field.text("the domain of a function", bytes) }
    }
    return "\(domain).\(name)"
  }

  private mutating func readGraph(_ refusals: inout [ONNXRefusal]) throws(ONNXError) {
    var reader = ProtobufReader(bytes, graph)
    var all: [Value] = []
    func room(_ count: Int, _ what: String, _ limit: Int, _ field: ProtobufReader.Field) throws(ONNXError) {
      guard count < limit else { throw .tooMany(offset: field.offset, what: what, limit: limit) }
    }
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try room(nodes.count, "nodes", ONNXLimits.nodes, field)
        nodes.append(try Node(bytes, try field.range("a node"), &refusals))
      case 5:
        try room(initializers.count, "initializers", ONNXLimits.tensors, field)
        initializers.append(
          try ONNXTensor(bytes, try field.range("an initializer"), name: "", &refusals))
      case 11:
        try room(all.count, "inputs", ONNXLimits.tensors, field)
        all.append(try Value(bytes, try field.range("an input")))
      case 12:
        try room(outputs.count, "outputs", ONNXLimits.others, field)
        outputs.append(try Value(bytes, try field.range("an output")))
      case 15:
        try room(refusals.count, "sparse initializers", ONNXLimits.tensors, field)
        refusals.append(
          ONNXRefusal(place: "byte \(field.offset)", reason: "a sparse initializer; store it dense"))
      default: break
      }
    }
    // Names are compared by their bytes.
    var names: Set<[UInt8]> = []
    for tensor in initializers where !names.insert(Array(tensor.name.utf8)).inserted {
      throw .twice(offset: tensor.message.lowerBound, "the initializer '\(tensor.name)'")
    }
    inputs = all.filter { !names.contains(Array($0.name.utf8)) }
  }
}

extension ONNXModel.Node {
  /// The name, or that of the first output.
  public var place: String { name.isEmpty ? outputs.first ?? "" : name }

  init(
    _ bytes: [UInt8], _ range: Range<Int>, _ refusals: inout [ONNXRefusal]
  ) throws(ONNXError) {
    var reader = ProtobufReader(bytes, range)
    var (name, type, domain) = ("", "", "")
    var (inputs, outputs): ([String], [String]) = ([], [])
    var messages: [ProtobufReader.Field] = []
    while let field = try reader.next() {
      switch field.number {
      case 1: inputs.append(try field.text("an input of a node", bytes))
      case 2: outputs.append(try field.text("an output of a node", bytes))
      case 3: name = try field.text("the name of a node", bytes)
      case 4: type = try field.text("the op_type of a node", bytes)
      case 5: messages.append(field)
      case 7: domain = try field.text("the domain of a node", bytes)
      default: break
      }
      guard inputs.count + outputs.count <= ONNXLimits.connections else {
        throw .tooMany(
          offset: field.offset, what: "inputs and outputs of a node", limit: ONNXLimits.connections)
      }
      guard messages.count <= ONNXLimits.attributes else {
        throw .tooMany(offset: field.offset, what: "attributes of a node", limit: ONNXLimits.attributes)
      }
    }
    self.name = name
    self.type = type
    self.domain = domain == "ai.onnx" ? "" : domain
    self.inputs = inputs
    self.outputs = outputs
    let place = name.isEmpty ? outputs.first ?? "" : name
    var attributes: [String: ONNXModel.Attribute] = [:]
    for field in messages {
      let (key, attribute) = try ONNXModel.Attribute.read(
        bytes, try field.range("an attribute"), of: outputs.first ?? name, &refusals)
      guard attributes.updateValue(attribute, forKey: key) == nil else {
        throw .twice(offset: field.offset, "the attribute '\(key)' of the node '\(place)'")
      }
      if case .other(let what) = attribute {
        refusals.append(ONNXRefusal(place: place, operation: type, reason: "has \(what), which is not read"))
      }
    }
    self.attributes = attributes
  }
}

extension ONNXModel.Attribute {
  /// - Parameter owner: the beginning of the names of tensors.
  static func read(
    _ bytes: [UInt8], _ range: Range<Int>, of owner: String, _ refusals: inout [ONNXRefusal]
  ) throws(ONNXError) -> (String, ONNXModel.Attribute) {
    var reader = ProtobufReader(bytes, range)
    var name = ""
    var single: ONNXModel.Attribute?
    var floats: [Range<Int>] = []
    var integers: [Int] = []
    var texts: [String]?
    var tensor: Range<Int>?
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try field.text("the name of an attribute", bytes)
      case 2:
        let range = try field.numbers(4, "a number of an attribute")
        guard range.count == 4 else {
          throw .wrongValue(
            offset: field.offset, what: "a number", expected: "4 bytes", found: "\(range.count)")
        }
        let bits = range.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
        single = .float(Double(Float(bitPattern: bits)))
      case 3: single = .integer(Int(try field.integer("a number of an attribute")))
      case 4:
        // Texts of classical models may be long and are not needed.
        let range = try field.range("a text of an attribute")
        single = range.count <= 1024 ? .text(String(decoding: bytes[range], as: UTF8.self)) : .texts([])
      case 5: tensor = try field.range("a tensor of an attribute")
      case 6, 11: single = .other("a subgraph")
      case 7: floats.append(try field.numbers(4, "numbers of an attribute"))
      case 8:
        var list = ProtobufReader(bytes, try field.varints("numbers of an attribute", bytes))
        while list.position < list.end { integers.append(Int(Int64(bitPattern: try list.varint()))) }
      case 9:
        let range = try field.range("a text of an attribute")
        if range.count <= 64, texts?.count ?? 0 < 16 {
          texts = (texts ?? []) + [String(decoding: bytes[range], as: UTF8.self)]
        } else {
          texts = texts ?? []
        }
      case 10: single = .other("a list of tensors")
      case 14, 15: single = .other("a type")
      case 22, 23: single = .other("a sparse tensor")
      case 21: single = .other("a reference to an attribute of a function")
      default: break
      }
      guard integers.count <= ONNXLimits.values else {
        throw .tooMany(offset: field.offset, what: "numbers of an attribute", limit: ONNXLimits.values)
      }
    }
    if let single { return (name, single) }
    if let tensor {
      return (name, .tensor(try ONNXTensor(bytes, tensor, name: owner, &refusals).named(owner)))
    }
    if !floats.isEmpty {
      let count = floats.reduce(0) { $0 + $1.count } / 4
      return (name, .floats(ONNXTensor(name: "\(owner).\(name)", floats: floats, count: count)))
    }
    if let texts { return (name, .texts(texts)) }
    // An empty list of numbers is written without its numbers.
    return (name, .integers(integers))
  }
}

extension ONNXModel.Value {
  init(_ bytes: [UInt8], _ range: Range<Int>) throws(ONNXError) {
    var reader = ProtobufReader(bytes, range)
    var name = ""
    var type: Range<Int>?
    while let field = try reader.next() {
      if field.number == 1 { name = try field.text("the name of a value", bytes) }
      if field.number == 2 { type = try field.range("the type of a value") }
    }
    var code = 0
    var sizes: [Size]?
    if let type, let tensor = try Self.last(1, bytes, type) {
      var reader = ProtobufReader(bytes, tensor)
      while let field = try reader.next() {
        if field.number == 1 { code = Int(clamping: try field.integer("the type of a value")) }
        if field.number == 2 { sizes = try Self.sizes(bytes, try field.range("the shape of a value")) }
      }
    }
    self.name = name
    self.type = ONNXTensor.ElementType(code: code)
    self.sizes = sizes
  }

  /// The last message of a number.
  private static func last(_ number: Int, _ bytes: [UInt8], _ range: Range<Int>) throws(ONNXError) -> Range<
    Int
  >? {
    var reader = ProtobufReader(bytes, range)
    var found: Range<Int>?
    while let field = try reader.next() {
      if field.number == number { found = try field.range("a type") }
    }
    return found
  }

  private static func sizes(_ bytes: [UInt8], _ range: Range<Int>) throws(ONNXError) -> [Size] {
    var reader = ProtobufReader(bytes, range)
    var sizes: [Size] = []
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      guard sizes.count < ONNXLimits.dimensions else {
        throw .tooMany(offset: field.offset, what: "axes of a value", limit: ONNXLimits.dimensions)
      }
      var size = Size.symbol("")
      var dimension = ProtobufReader(bytes, try field.range("an axis of a value"))
      while let part = try dimension.next() {
        if part.number == 1 {
          let value = try part.integer("a size of a value")
          size = (1...(1 << 30)).contains(value) ? .known(Int(value)) : .symbol("")
        }
        if part.number == 2 { size = .symbol(try part.text("the name of a size", bytes)) }
      }
      sizes.append(size)
    }
    return sizes
  }
}
