/// The fields of a type, in the order in which they are read and written.
public struct Fields<Owner>: Sendable {
  let list: [Field<Owner>]

  public init(_ list: [Field<Owner>]) { self.list = list }

  public static func + (left: Fields, right: Fields) -> Fields { Fields(left.list + right.list) }

  /// Reads the members that are there; the rest stays as it is. The caller finishes the reader.
  public func read(_ reader: FieldReader, into owner: inout Owner) {
    for field in list { field.read(reader, &owner) }
  }

  public func write(_ owner: Owner, into object: inout JSONObject) {
    for field in list { field.write(owner, &object) }
  }

  /// Every member, defaults filled in.
  public func write(_ owner: Owner) -> JSONObject {
    var object = JSONObject()
    write(owner, into: &object)
    return object
  }

  /// The members, with the defaults that `standard` has.
  public func members(standard: Owner) -> [FieldMember] { list.flatMap { $0.members(standard) } }

  /// Schemas of which an object must fulfil one; empty if there is no such condition.
  public var conditions: [JSONValue] { list.reduce([]) { Schema.both($0, $1.conditions) } }

  /// The schema of an object with these members. Unknown members are refused. A null counts as absent if a
  /// member is optional.
  public func schema(standard: Owner, _ description: String? = nil) -> JSONValue {
    Schema.request(members(standard: standard), conditions: conditions, description)
  }

  /// The members as rows of a Markdown table: name, values, default, meaning.
  public func table(standard: Owner) -> String { FieldTable(members(standard: standard)).text }
}

/// Members as a Markdown table.
public struct FieldTable: Sendable {
  public let text: String

  public init(_ members: [FieldMember]) {
    let rows = members.map { member -> String in
      let standard =
        member.isRequired
        ? "required"
        : member.standardWords ?? (member.standard.isNull ? "" : "`\(JSONWriter.text(member.standard))`")
      let cells = ["`\(member.name)`", member.words, standard, member.meaning]
      return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    text =
      (["| field | values | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
  }
}
