extension ResultType {
  /// The schema of a value; objects with a name are references.
  public var schema: JSONValue {
    switch self {
    case .number(let range): Schema.number(range)
    case .integer(let least): Schema.integer(from: least)
    case .text: Schema.string
    case .flag: Schema.boolean
    case .choice(let names): Schema.choice(names)
    case .id: Schema.id
    case .resourceName: Schema.name
    case .nullable(let type): Schema.optional(type.schema)
    case .list(let type): Schema.array(type.schema)
    case .object(let object): object.name.map(Schema.ref) ?? object.schema
    case .either(let types): ["anyOf": .array(types.map(\.schema))]
    case .request(let name): Schema.ref(name)
    }
  }

  /// The objects with names of their own that a value may have inside, each with its schema.
  public var named: JSONObject {
    switch self {
    case .nullable(let type), .list(let type): return type.named
    case .either(let types): return types.reduce([:]) { $0.merging($1.named) }
    case .object(let object):
      guard let name = object.name else { return object.named }
      return ([name: object.schema] as JSONObject).merging(object.named)
    default: return [:]
    }
  }

  /// The values in the words of a table.
  public var words: String {
    switch self {
    case .number(let range): range == .any ? "number" : "number, \(range.words)"
    case .integer(let least): "integer, \(least) or more"
    case .text: "text"
    case .flag: "true or false"
    case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
    case .id: "id"
    case .resourceName: "name"
    case .nullable(let type): "\(type.words), or null"
    case .list(let type): "list: \(type.words)"
    case .object: "object"
    case .either(let types):
      types.map(\.words).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        .joined(separator: ", or ")
    case .request(let name): "as in requests (\(name))"
    }
  }

  /// The members of the objects in a value, with the path that leads to them.
  fileprivate func rows(_ path: String) -> [(path: String, member: ResultMember)] {
    switch self {
    case .nullable(let type): type.rows(path)
    case .list(let type): type.rows(path + "[]")
    case .either(let types): types.flatMap { $0.rows(path) }
    case .object(let object): object.rows(path + ".")
    default: []
    }
  }
}

extension ResultObject {
  /// The schema of the object. Members that are always there are required. A later version may add members.
  public var schema: JSONValue {
    var properties = JSONObject()
    for member in members {
      properties[member.name] =
        member.text.isEmpty ? member.type.schema : Schema.described(member.type.schema, member.text)
    }
    var object: JSONObject = ["type": "object"]
    if !members.isEmpty {
      object["properties"] = .object(properties)
      object["required"] = JSONValue(members.filter { !$0.isOptional }.map(\.name))
    }
    if let others { object["additionalProperties"] = others.type.schema }
    if !meaning.isEmpty { object["description"] = .string(meaning) }
    return .object(object)
  }

  /// The objects with names of their own inside, each with its schema.
  public var named: JSONObject {
    let types = members.map(\.type) + (others.map { [$0.type] } ?? [])
    return types.reduce([:]) { $0.merging($1.named) }
  }

  /// The members with all that is inside them, as rows of a Markdown table: path, values, unit, meaning.
  public var table: String {
    let rows = rows("").map { path, member in
      let when = member.isOptional ? "\(member.type.words); may be absent" : member.type.words
      return "| "
        + ["`\(path)`", when, member.unit ?? "", member.meaning].map { $0.replacing("|", with: "\\|") }
        .joined(separator: " | ") + " |"
    }
    return (["| member | values | unit | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
      + "\n"
  }

  fileprivate func rows(_ prefix: String) -> [(path: String, member: ResultMember)] {
    let own = members.flatMap { member -> [(path: String, member: ResultMember)] in
      let path = prefix + member.name
      return [(path, member)] + member.type.rows(path)
    }
    guard let others else { return own }
    let path = "\(prefix)<\(others.names)>"
    let rest = ResultMember.sometimes(others.names, others.type, "Each \(others.names).")
    return own + [(path, rest)] + others.type.rows(path)
  }
}

extension ResultMember {
  /// Its meaning and unit in a sentence.
  fileprivate var text: String {
    guard let unit else { return meaning }
    return meaning.isEmpty ? "In \(unit)." : "\(meaning) In \(unit)."
  }
}
