import JSON

extension SafetensorsHeader {
  /// Reads the JSON text of a header: an object of tensors by name, with free text under `__metadata__`.
  ///
  /// - Throws: `SafetensorsError` if the text is no JSON, has a name twice, or describes no tensors that cover their data.
  init(json text: [UInt8], limits: Limits) throws(SafetensorsError) {
    // White space before the brace is JSON, but not a safetensors header.
    guard text.first == UInt8(ascii: "{") else { throw .malformedHeader(offset: 0, "expected '{'") }
    let value: JSONValue
    do throws(JSONSyntaxError) {
      value = try JSONParser.parse(text)
    } catch {
      throw .malformedHeader(offset: error.offset, error.message)
    }
    let members = value.objectValue?.members ?? []
    var tensors: [Tensor] = []
    var metadata: [String: String] = [:]
    for member in members {
      if member.name == Self.metadataName {
        metadata = try Self.metadata(member.value)
      } else {
        guard tensors.count < limits.tensors else { throw .tooManyTensors(limit: limits.tensors) }
        tensors.append(try Tensor(name: member.name, member.value, dimensions: limits.dimensions))
      }
    }
    try self.init(parsed: tensors, metadata: metadata)
  }

  /// The name under which a header has free text in place of a tensor.
  static let metadataName = "__metadata__"

  private static func metadata(_ value: JSONValue) throws(SafetensorsError) -> [String: String] {
    guard let members = value.objectValue?.members else {
      throw .wrongValue("'\(metadataName)'", expected: "an object", found: value.kindName)
    }
    var metadata: [String: String] = [:]
    for member in members {
      // Names that differ in bytes alone would be one key here.
      guard metadata[member.name] == nil else { throw .duplicateKey(member.name) }
      guard let text = member.value.stringValue else {
        throw .wrongValue(
          "'\(member.name)' under '\(metadataName)'", expected: "a string", found: member.value.kindName)
      }
      metadata[member.name] = text
    }
    return metadata
  }
}

extension SafetensorsHeader.Tensor {
  /// Reads what a header has under a tensor's name: `dtype`, `shape` and `data_offsets`, and nothing else.
  init(name: String, _ value: JSONValue, dimensions: Int) throws(SafetensorsError) {
    guard let object = value.objectValue else {
      throw .wrongValue("tensor '\(name)'", expected: "an object", found: value.kindName)
    }
    func member(_ key: String) throws(SafetensorsError) -> JSONValue {
      guard let value = object[key] else { throw .missingKey(tensor: name, key: key) }
      return value
    }
    if let other = object.names.first(where: { !Self.keys.contains($0) }) {
      throw .unknownKey(tensor: name, key: other)
    }
    let type = try member("dtype")
    guard let text = type.stringValue else {
      throw .wrongValue("the dtype of tensor '\(name)'", expected: "a string", found: type.kindName)
    }
    guard let dtype = SafetensorsHeader.DType(rawValue: text) else {
      throw .unknownDType(tensor: name, dtype: text)
    }
    let shape = try Self.integers(try member("shape"), "the shape of tensor '\(name)'")
    guard shape.count <= dimensions else { throw .tooManyDimensions(tensor: name, limit: dimensions) }
    let place = "data_offsets of tensor '\(name)'"
    let offsets = try Self.integers(try member("data_offsets"), place)
    guard offsets.count == 2 else {
      throw .wrongValue(
        place, expected: "two whole numbers, begin and end", found: "a list of \(offsets.count)")
    }
    self.init(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private static let keys: Set<String> = ["dtype", "shape", "data_offsets"]

  /// A list of numbers that are written without fraction, sign and exponent, so that none is rounded.
  private static func integers(_ value: JSONValue, _ place: String) throws(SafetensorsError) -> [Int] {
    let expected = "a list of whole numbers from 0 to \(Int.max)"
    guard let elements = value.arrayValue else {
      throw .wrongValue(place, expected: expected, found: value.kindName)
    }
    var integers: [Int] = []
    for element in elements {
      guard case .integer(let number) = element, let integer = Int(exactly: number), integer >= 0 else {
        throw .wrongValue(place, expected: expected, found: "one with \(JSONWriter.text(element).prefix(40))")
      }
      integers.append(integer)
    }
    return integers
  }
}
