/// Pieces of JSON Schema 2020-12, as OpenAPI 3.1 uses it.
public enum Schema {
  public static let string: JSONValue = ["type": "string"]
  public static let boolean: JSONValue = ["type": "boolean"]
  public static let number: JSONValue = ["type": "number"]
  public static let integer: JSONValue = ["type": "integer"]
  public static let time: JSONValue = ["type": "string", "format": "date-time"]
  /// The id of a job or a checkpoint.
  public static let id: JSONValue = [
    "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "maxLength": 64,
    "description": "Opaque; ids sort by the time of creation.",
  ]
  /// Free text in the query of an address, which cannot hold NUL.
  public static let queryText: JSONValue = ["type": "string", "pattern": "^[^\\u0000]*$"]
  public static let text: JSONValue = ["type": "string", "minLength": 1, "maxLength": 1024]
  /// The class of a sample, or its place in a split.
  public static let index = integer(from: 0, to: Int(Int32.max))
  public static let seed = integer(from: 0, to: .max, default: 0)
  public static let anything: JSONValue = [:]
  public static let name: JSONValue = [
    "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$", "maxLength": 63,
  ]
  public static let sha256: JSONValue = ["type": "string", "pattern": "^[0-9a-f]{64}$"]

  public static func ref(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

  public static func choice(_ values: [String], default standard: String? = nil) -> JSONValue {
    var schema: JSONObject = ["type": "string", "enum": JSONValue(values)]
    if let standard { schema["default"] = .string(standard) }
    return .object(schema)
  }

  public static func constant(_ value: String) -> JSONValue { ["type": "string", "const": .string(value)] }

  public static func integer(
    from minimum: Int, to maximum: Int? = nil, default standard: Int? = nil
  ) -> JSONValue {
    var schema: JSONObject = ["type": "integer", "minimum": JSONValue(minimum)]
    if let maximum { schema["maximum"] = JSONValue(maximum) }
    if let standard { schema["default"] = JSONValue(standard) }
    return .object(schema)
  }

  public static func number(_ range: NumberRange, default standard: Double? = nil) -> JSONValue {
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

  public static func flag(default standard: Bool) -> JSONValue {
    ["type": "boolean", "default": .bool(standard)]
  }

  public static func array(_ items: JSONValue, maximum: Int? = nil) -> JSONValue {
    var schema: JSONObject = ["type": "array", "items": items]
    if let maximum { schema["maxItems"] = JSONValue(maximum) }
    return .object(schema)
  }

  /// A null counts as absent if a member is optional.
  public static func optional(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

  public static func oneOf(_ schemas: JSONValue...) -> JSONValue { ["oneOf": .array(schemas)] }
  public static func anyOf(_ schemas: JSONValue...) -> JSONValue { ["anyOf": .array(schemas)] }

  /// A request's object. Optional members may be null; unknown members are refused.
  public static func request(_ required: JSONObject, _ optional: JSONObject = [:]) -> JSONValue {
    var properties = required
    for member in optional.members { properties[member.name] = Self.optional(member.value) }
    return [
      "type": "object", "properties": .object(properties), "required": JSONValue(required.names),
      "additionalProperties": false,
    ]
  }

  /// The same for declared members. The description of a member is its meaning.
  /// - Parameter conditions: schemas of which one must also hold.
  public static func request(
    _ members: [FieldMember], conditions: [JSONValue] = [], _ description: String? = nil
  ) -> JSONValue {
    var properties = JSONObject()
    for member in members {
      var schema = member.schema
      if !member.standard.isNull { schema = with("default", member.standard, in: schema) }
      if !member.isRequired { schema = optional(schema) }
      properties[member.name] = member.meaning.isEmpty ? schema : described(schema, member.meaning)
    }
    var object: JSONObject = ["type": "object", "properties": .object(properties)]
    object["required"] = JSONValue(members.filter(\.isRequired).map(\.name))
    object["additionalProperties"] = false
    if !conditions.isEmpty { object["anyOf"] = .array(conditions) }
    if let description { object["description"] = .string(description) }
    return .object(object)
  }

  private static func with(_ name: String, _ value: JSONValue, in schema: JSONValue) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object[name] = value
    return .object(object)
  }

  /// A list with a least and a most number of elements. In a set each element occurs once.
  public static func list(_ items: JSONValue, from least: Int, to most: Int, isSet: Bool) -> JSONValue {
    var schema: JSONObject = ["type": "array", "items": items]
    if least > 0 { schema["minItems"] = JSONValue(least) }
    schema["maxItems"] = JSONValue(most)
    if isSet { schema["uniqueItems"] = true }
    return .object(schema)
  }

  /// Alternatives that combine one of `these` with one of `those`. An empty list adds no condition.
  public static func both(_ these: [JSONValue], _ those: [JSONValue]) -> [JSONValue] {
    if these.isEmpty || those.isEmpty { return these + those }
    return [["allOf": [["anyOf": .array(these)], ["anyOf": .array(those)]]]]
  }

  /// An answer's object: `required` are always there; others may be added.
  public static func answer(_ required: JSONObject, _ optional: JSONObject = [:]) -> JSONValue {
    [
      "type": "object", "properties": .object(required.merging(optional)),
      "required": JSONValue(required.names),
    ]
  }

  /// An object that must also fulfil one of `variants`, each a schema of some of its members.
  public static func variants(_ schema: JSONValue, _ variants: [JSONValue]) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object["anyOf"] = .array(variants)
    return .object(object)
  }

  /// The variant that has the members `required` (by default all of `present`) and none of the `absent`
  /// members. Null counts as absent; for `flags` so does false.
  public static func variant(
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

  public static func described(_ schema: JSONValue, _ text: String) -> JSONValue {
    guard case .object(var object) = schema else { return schema }
    object["description"] = .string(text)
    return .object(object)
  }
}
