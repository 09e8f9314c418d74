/// The form of a JSON value: how it is read, written and described. Each form is declared once.
///
/// Reading, writing, the OpenAPI schema and the tables of the guide all follow from the form.
public struct Form<Value>: Sendable {
  /// Nil with a fault at the pointer if the value is wrong. Never given a `null`, which counts as absent.
  public let read: @Sendable (JSONValue, JSONPointer, RequestFaults) -> Value?
  public let write: @Sendable (Value) -> JSONValue
  /// JSON Schema 2020-12.
  public let schema: JSONValue
  /// The values in the words of a table, such as "integer, 1 to 100".
  public let words: String
  /// The members of the objects that this form accepts, for tables.
  public let parts: [FormPart]

  public init(
    schema: JSONValue, words: String, parts: [FormPart] = [],
    read: @escaping @Sendable (JSONValue, JSONPointer, RequestFaults) -> Value?,
    write: @escaping @Sendable (Value) -> JSONValue
  ) {
    self.schema = schema
    self.words = words
    self.parts = parts
    self.read = read
    self.write = write
  }

  /// The same form with another schema, such as a reference to a named one.
  public func described(by schema: JSONValue, words: String? = nil) -> Form {
    Form(schema: schema, words: words ?? self.words, parts: parts, read: read, write: write)
  }

  /// The form of another type whose values stand for these.
  public func map<Other>(
    _ make: @escaping @Sendable (Value) -> Other, _ back: @escaping @Sendable (Other) -> Value
  ) -> Form<Other> {
    let (read, write) = (read, write)
    return Form<Other>(
      schema: schema, words: words, parts: parts,
      read: { value, pointer, faults in read(value, pointer, faults).map(make) },
      write: { write(back($0)) })
  }

  /// The form of an optional: nil is written as `null`.
  public var optional: Form<Value?> {
    let (read, write) = (read, write)
    return Form<Value?>(
      schema: schema, words: words, parts: parts,
      read: { value, pointer, faults in read(value, pointer, faults).map { $0 } },
      write: { $0.map(write) ?? .null })
  }

  /// The form with a further check, which adds a fault to a value that was read.
  public func checked(
    _ check: @escaping @Sendable (Value, JSONPointer, RequestFaults) -> Void
  ) -> Form {
    let read = read
    return Form(
      schema: schema, words: words, parts: parts,
      read: { value, pointer, faults in
        guard let result = read(value, pointer, faults) else { return nil }
        check(result, pointer, faults)
        return result
      }, write: write)
  }
}

/// An object that a form accepts.
public struct FormPart: Sendable, Hashable {
  /// The name of the thing whose options these are; nil if there is only one object.
  public let name: String?
  public let members: [FieldMember]
  /// Schemas of which the object must fulfil one; empty if there is no such condition.
  public let conditions: [JSONValue]

  public init(of name: String? = nil, _ members: [FieldMember], conditions: [JSONValue] = []) {
    self.name = name
    self.members = members
    self.conditions = conditions
  }
}

extension Form {
  /// The value of a document that `write` made. Throws `RequestRejection`.
  public func value(of json: JSONValue) throws(RequestRejection) -> Value {
    let faults = RequestFaults()
    let value = read(json, .root, faults)
    try faults.throwIfAny()
    guard let value else { throw RequestRejection(faults: []) }
    return value
  }
}

// MARK: - Single values

extension Form where Value == Int {
  public static func integer(_ range: ClosedRange<Int>) -> Form {
    let bounds = range.upperBound >= 1 << 53 ? "\(range.lowerBound) or more" : range.words
    return Form(
      schema: Schema.integer(from: range.lowerBound, to: range.upperBound), words: "integer, \(bounds)",
      read: { FieldReader.integer($0, in: range, at: $1, $2) }, write: { JSONValue($0) })
  }

  /// The number of a class, or the place of a sample in a split.
  public static var index: Form { .integer(0...Int(Int32.max)) }
}

extension Form where Value == Double {
  public static func number(_ range: NumberRange) -> Form {
    Form(
      schema: Schema.number(range), words: range == .any ? "number" : "number, \(range.words)",
      read: { FieldReader.number($0, range, at: $1, $2) }, write: { .number($0) })
  }
}

extension Form where Value == Bool {
  public static var flag: Form {
    Form(
      schema: Schema.boolean, words: "true or false",
      read: { FieldReader.flag($0, at: $1, $2) }, write: { .bool($0) })
  }
}

extension Form where Value == String {
  public static func text(maximumLength: Int = 1024, schema: JSONValue? = nil) -> Form {
    Form(
      schema: schema ?? ["type": "string", "minLength": 1, "maxLength": JSONValue(maximumLength)],
      words: "text", read: { FieldReader.text($0, maximumLength: maximumLength, at: $1, $2) },
      write: { .string($0) })
  }

  /// The id of a job or a checkpoint.
  public static var id: Form {
    .text(maximumLength: 64, schema: Schema.id).described(by: Schema.id, words: "id")
  }

  /// The name of a data set or a model.
  public static var resourceName: Form {
    Form(
      schema: Schema.name, words: "name", read: { FieldReader.resourceName($0, at: $1, $2) },
      write: { .string($0) })
  }
}

extension Form where Value: RawRepresentable<String> & CaseIterable & Sendable {
  /// One of the raw values of an enumeration.
  public static var choice: Form {
    let names = Value.allCases.map(\.rawValue)
    return Form(
      schema: Schema.choice(names), words: names.map { "`\($0)`" }.joined(separator: ", "),
      read: { FieldReader.choice($0, Value.self, at: $1, $2) }, write: { .string($0.rawValue) })
  }

  /// The same with the values listed in another order.
  public static func choice(listing values: [Value]) -> Form {
    let names = values.map(\.rawValue)
    return Form(
      schema: Schema.choice(names), words: names.map { "`\($0)`" }.joined(separator: ", "),
      read: { FieldReader.choice($0, among: names, at: $1, $2).flatMap(Value.init) },
      write: { .string($0.rawValue) })
  }
}

extension ClosedRange<Int> {
  /// Such as "1 to 100".
  var words: String { "\(lowerBound) to \(upperBound)" }
}
