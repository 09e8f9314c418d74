/// A member of an object that a client writes: its name, form, default and meaning, declared once.
///
/// Most fields are one member for one property. A field may also be several members that belong together,
/// such as the ways to name a group.
public struct Field<Owner>: Sendable {
  let read: @Sendable (FieldReader, inout Owner) -> Void
  let write: @Sendable (Owner, inout JSONObject) -> Void
  let members: @Sendable (Owner) -> [FieldMember]
  /// Schemas of which an object must fulfil one, besides the schemas of its members. Empty if there is no
  /// condition.
  let conditions: [JSONValue]

  /// A field of more than one member, or one with rules of its own.
  public init(
    conditions: [JSONValue] = [], members: @escaping @Sendable (Owner) -> [FieldMember],
    read: @escaping @Sendable (FieldReader, inout Owner) -> Void,
    write: @escaping @Sendable (Owner, inout JSONObject) -> Void
  ) {
    self.conditions = conditions
    self.members = members
    self.read = read
    self.write = write
  }
}

/// A member in the words of a schema and of a table.
public struct FieldMember: Sendable, Hashable {
  public var name: String
  public var schema: JSONValue
  /// The values, such as "integer, 1 to 100".
  public var words: String
  /// Null if the member has no default of its own.
  public var standard: JSONValue
  /// In the words of a table, if the default is not a value.
  public var standardWords: String?
  public var isRequired: Bool
  public var meaning: String
  /// The members of the objects that are its values.
  public var parts: [FormPart]

  public init(
    _ name: String, schema: JSONValue, words: String, standard: JSONValue = .null,
    standardWords: String? = nil, isRequired: Bool = false, parts: [FormPart] = [], _ meaning: String
  ) {
    self.name = name
    self.schema = schema
    self.words = words
    self.standard = standard
    self.standardWords = standardWords
    self.isRequired = isRequired
    self.meaning = meaning
    self.parts = parts
  }
}

extension Field {
  public typealias Path<Value> = WritableKeyPath<Owner, Value> & Sendable

  /// A member of a form. If the member is absent the property stays as it is, which is the default.
  /// - Parameter standard: the default in words, if the property's value does not say it.
  public static func member<Value>(
    _ name: String, _ path: Path<Value>, _ form: Form<Value>, standard: String? = nil, _ meaning: String
  ) -> Field {
    Field(
      members: { owner in
        [
          FieldMember(
            name, schema: form.schema, words: form.words,
            standard: standard == nil ? form.write(owner[keyPath: path]) : .null, standardWords: standard,
            parts: form.parts, meaning)
        ]
      },
      read: { reader, owner in
        guard let value = reader.value(name),
          let read = form.read(value, reader.pointer.appending(name), reader.faults)
        else { return }
        owner[keyPath: path] = read
      },
      write: { owner, object in object[name] = form.write(owner[keyPath: path]) })
  }

  /// A member that may be absent; absence gives nil.
  /// - Parameter standard: the meaning of nil, in words.
  public static func optional<Value>(
    _ name: String, _ path: Path<Value?>, _ form: Form<Value>, standard: String? = nil, _ meaning: String
  ) -> Field {
    .member(name, path, form.optional, standard: standard, meaning)
  }

  /// A member that is required.
  public static func required<Value>(
    _ name: String, _ path: Path<Value>, _ form: Form<Value>, _ meaning: String
  ) -> Field {
    Field(
      members: { _ in
        [
          FieldMember(
            name, schema: form.schema, words: form.words, isRequired: true, parts: form.parts, meaning)
        ]
      },
      read: { reader, owner in
        guard let value = reader.requiredValue(name),
          let read = form.read(value, reader.pointer.appending(name), reader.faults)
        else { return }
        owner[keyPath: path] = read
      },
      write: { owner, object in object[name] = form.write(owner[keyPath: path]) })
  }

  /// The fields of a property, in the same object.
  public static func part<Part>(_ path: Path<Part>, _ fields: Fields<Part>) -> Field {
    Field(
      conditions: fields.conditions, members: { fields.members(standard: $0[keyPath: path]) },
      read: { reader, owner in fields.read(reader, into: &owner[keyPath: path]) },
      write: { owner, object in fields.write(owner[keyPath: path], into: &object) })
  }
}

extension Field {
  /// The same field, with an action after it was read.
  public func reading(_ then: @escaping @Sendable (FieldReader, inout Owner) -> Void) -> Field {
    let read = read
    return Field(
      conditions: conditions, members: members,
      read: { reader, owner in
        read(reader, &owner)
        then(reader, &owner)
      }, write: write)
  }

  /// A check of members that were read before. A value that is no object already has its fault.
  /// - Parameter conditions: the check as schemas.
  public static func rule(
    _ conditions: [JSONValue] = [], _ check: @escaping @Sendable (FieldReader, inout Owner) -> Void
  ) -> Field {
    Field(
      conditions: conditions, members: { _ in [] },
      read: { reader, owner in if !reader.isStandIn { check(reader, &owner) } }, write: { _, _ in })
  }

  /// The same field; a member that is null is not written.
  public var withoutNulls: Field {
    let write = write
    return Field(
      conditions: conditions, members: members, read: read,
      write: { owner, object in
        var own = JSONObject()
        write(owner, &own)
        for member in own.members where !member.value.isNull { object[member.name] = member.value }
      })
  }

  /// The same field, written only for some owners.
  public func written(if isWritten: @escaping @Sendable (Owner) -> Bool) -> Field {
    let write = write
    return Field(
      conditions: conditions, members: members, read: read,
      write: { owner, object in if isWritten(owner) { write(owner, &object) } })
  }

  /// The same field for a kind that refuses it: the contract takes null alone, and the reader has still the right words.
  public func refused(_ meaning: String) -> Field {
    let members = members
    return Field(
      conditions: conditions,
      members: { owner in
        members(owner).map { FieldMember($0.name, schema: ["type": "null"], words: "null", meaning) }
      }, read: read, write: write)
  }

  /// The same field, read and not written.
  public var unwritten: Field {
    Field(conditions: conditions, members: members, read: read, write: { _, _ in })
  }
}

// MARK: - The usual forms

extension Field {
  public static func integer(
    _ name: String, _ path: Path<Int>, _ range: ClosedRange<Int>, _ meaning: String
  ) -> Field { .member(name, path, .integer(range), meaning) }

  public static func number(
    _ name: String, _ path: Path<Double>, _ range: NumberRange, _ meaning: String
  ) -> Field { .member(name, path, .number(range), meaning) }

  public static func flag(_ name: String, _ path: Path<Bool>, _ meaning: String) -> Field {
    .member(name, path, .flag, meaning)
  }

  public static func choice<Choice>(_ name: String, _ path: Path<Choice>, _ meaning: String) -> Field
  where Choice: RawRepresentable<String> & CaseIterable & Sendable { .member(name, path, .choice, meaning) }

  /// The seed of random draws.
  public static func seed(_ path: Path<Int>, _ meaning: String) -> Field {
    .member("seed", path, .integer(0...Int.max), meaning)
  }
}
