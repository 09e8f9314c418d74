/// Reads the JSON text of a safetensors header, which is an object of objects of a fixed form, so that no
/// value nests deeper than the format's own.
struct SafetensorsHeaderScanner {
  private let text: [UInt8]
  private let limits: SafetensorsHeader.Limits

  init(_ text: [UInt8], limits: SafetensorsHeader.Limits) {
    self.text = text
    self.limits = limits
  }

  func header() throws(SafetensorsError) -> SafetensorsHeader {
    var json = JSONScanner(text)
    guard json.begins(with: "{") else { throw .malformedHeader(offset: 0, expected: "'{'") }
    var names: Set<[UInt8]> = []
    var tensors: [SafetensorsHeader.Tensor] = []
    var metadata: [String: String] = [:]
    try json.object { json, name throws(SafetensorsError) in
      guard names.insert(Array(name.utf8)).inserted else { throw .duplicateKey(name) }
      if name == "__metadata__" {
        metadata = try Self.metadata(&json)
      } else {
        guard tensors.count < limits.tensors else { throw .tooManyTensors(limit: limits.tensors) }
        tensors.append(try tensor(named: name, &json))
      }
    }
    try json.end()
    return try SafetensorsHeader(parsed: tensors, metadata: metadata)
  }

  private static func metadata(_ json: inout JSONScanner) throws(SafetensorsError) -> [String: String] {
    var metadata: [String: String] = [:]
    try json.object { json, key throws(SafetensorsError) in
      guard metadata[key] == nil else { throw .duplicateKey(key) }
      metadata[key] = try json.string()
    }
    return metadata
  }

  private func tensor(named name: String, _ json: inout JSONScanner) throws(SafetensorsError)
    -> SafetensorsHeader.Tensor
  {
    var dtype: SafetensorsHeader.DType?
    var shape: [Int]?
    var offsets: [Int]?
    let dimensions = limits.dimensions
    try json.object { json, key throws(SafetensorsError) in
      switch key {
      case "dtype" where dtype == nil:
        let text = try json.string()
        guard let known = SafetensorsHeader.DType(rawValue: text) else {
          throw .unknownDType(tensor: name, dtype: text)
        }
        dtype = known
      case "shape" where shape == nil:
        guard let extents = try json.integers(atMost: dimensions) else {
          throw .tooManyDimensions(tensor: name, limit: dimensions)
        }
        shape = extents
      case "data_offsets" where offsets == nil:
        let start = json.offset
        guard let pair = try json.integers(atMost: 2), pair.count == 2 else {
          throw .malformedHeader(offset: start, expected: "two whole numbers, begin and end")
        }
        offsets = pair
      case "dtype", "shape", "data_offsets": throw .duplicateKey(key)
      default: throw .unknownKey(tensor: name, key: key)
      }
    }
    guard let dtype else { throw .missingKey(tensor: name, key: "dtype") }
    guard let shape else { throw .missingKey(tensor: name, key: "shape") }
    guard let offsets else { throw .missingKey(tensor: name, key: "data_offsets") }
    return SafetensorsHeader.Tensor(
      name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }
}
