import JSON
import Jobs

/// Pieces of JSON Schema 2020-12, as OpenAPI 3.1 uses it.
enum Schema {
  static let string: JSONValue = ["type": "string"]
  static let boolean: JSONValue = ["type": "boolean"]
  static let number: JSONValue = ["type": "number"]
  static let integer: JSONValue = ["type": "integer"]
  static let time: JSONValue = ["type": "string", "format": "date-time"]
  /// Of a job or a checkpoint.
  static let id: JSONValue = [
    "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "maxLength": 64,
    "description": "Opaque; ids sort by the time of creation.",
  ]
  static let text: JSONValue = ["type": "string", "minLength": 1, "maxLength": 1024]
  /// The class of a sample, or its place in a split.
  static let index = integer(from: 0, to: Int(Int32.max))
  static let seed = integer(from: 0, to: .max, default: 0)
  static let anything: JSONValue = [:]
  static let name: JSONValue = [
    "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$", "maxLength": 63,
  ]
  static let sha256: JSONValue = ["type": "string", "pattern": "^[0-9a-f]{64}$"]

  static func ref(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  static func choice(_ values: [String], default standard: String? = nil) -> JSONValue {
    var schema: JSONObject = ["type": "string", "enum": JSONValue(values)]
    if let standard { schema["default"] = .string(standard) }
    return .object(schema)
  }

  static func constant(_ value: String) -> JSONValue { ["type": "string", "const": .string(value)] }

  static func integer(
    from minimum: Int, to maximum: Int? = nil, default standard: Int? = nil
  ) -> JSONValue {
    var schema: JSONObject = ["type": "integer", "minimum": JSONValue(minimum)]
    if let maximum { schema["maximum"] = JSONValue(maximum) }
    if let standard { schema["default"] = JSONValue(standard) }
    return .object(schema)
  }

  static func number(_ range: NumberRange, default standard: Double? = nil) -> JSONValue {
    var schema: JSONObject = ["type": "number"]
    switch range.lower {
    case .none: break
    case .including(let bound): schema["minimum"] = .number(bound)
    case .excluding(let bound): schema["exclusiveMinimum"] = .number(bound)
    }
    switch range.upper {
    case .none: break
    case .including(let bound): schema["maximum"] = .number(bound)
    case .excluding(let bound): schema["exclusiveMaximum"] = .number(bound)
    }
    if let standard { schema["default"] = .number(standard) }
    return .object(schema)
  }

  static func flag(default standard: Bool) -> JSONValue { ["type": "boolean", "default": .bool(standard)] }

  static func array(_ items: JSONValue, maximum: Int? = nil) -> JSONValue {
    var schema: JSONObject = ["type": "array", "items": items]
    if let maximum { schema["maxItems"] = JSONValue(maximum) }
    return .object(schema)
  }

  /// A null counts as absent wherever a member is optional.
  static func optional(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

  static func oneOf(_ schemas: JSONValue...) -> JSONValue { ["oneOf": .array(schemas)] }
  static func anyOf(_ schemas: JSONValue...) -> JSONValue { ["anyOf": .array(schemas)] }

  /// A request's object: members that are not required may be null, unknown ones are refused.
  static func request(_ required: JSONObject, _ optional: JSONObject = [:]) -> JSONValue {
    var properties = required
    for member in optional.members { properties[member.name] = Self.optional(member.value) }
    return [
      "type": "object", "properties": .object(properties), "required": JSONValue(required.names),
      "additionalProperties": false,
    ]
  }

  /// An answer's object: `required` are always there; others may be added.
  static func answer(_ required: JSONObject, _ optional: JSONObject = [:]) -> JSONValue {
    [
      "type": "object", "properties": .object(required.merging(optional)),
      "required": JSONValue(required.names),
    ]
  }

  /// An object of which besides one of `variants` must hold: each a schema of some of its members.
  static func variants(_ schema: JSONValue, _ variants: [JSONValue]) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object["anyOf"] = .array(variants)
    return .object(object)
  }

  /// The variant that has the members `required` (by default all of `present`) and none of the `absent` ones: null and,
  /// for `flags`, false count as absent.
  static func variant(
    _ present: JSONObject = [:], required: [String]? = nil, absent: [String] = [], flags: [String] = []
  ) -> JSONValue {
    var properties = present
    for name in absent { properties[name] = ["type": "null"] }
    for name in flags { properties[name] = ["enum": [false, nil]] }
    var variant: JSONObject = ["properties": .object(properties)]
    let required = required ?? present.names
    if !required.isEmpty { variant["required"] = JSONValue(required) }
    return .object(variant)
  }

  static func described(_ schema: JSONValue, _ text: String) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object["description"] = .string(text)
    return .object(object)
  }
}
