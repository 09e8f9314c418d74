// MARK: - Lists

extension Form {
  /// A list with a limit on its number of elements.
  /// - Parameters:
  ///   - empty: the fault of an empty list; nil if a list may be empty.
  ///   - repeated: gives the fault of a list that has this element twice; nil if elements may repeat.
  public static func list<Element: Hashable & Sendable>(
    of element: Form<Element>, atMost most: Int, empty: String? = nil,
    repeated: (@Sendable (Element) -> String)? = nil
  ) -> Form where Value == [Element] {
    Form(
      schema: Schema.list(
        element.schema, from: empty == nil ? 0 : 1, to: most, isSet: repeated != nil),
      words: "list of \(element.words)", parts: element.parts,
      read: { value, pointer, faults in
        let list = FieldReader.list(value, maximumCount: most, at: pointer, faults) {
          element.read($0, $1, faults)
        }
        guard let list else { return nil }
        if let empty, value.arrayValue?.isEmpty ?? false { faults.add(empty, at: pointer) }
        if let repeated {
          var seen: Set<Element> = []
          if let twice = list.first(where: { !seen.insert($0).inserted }) {
            faults.add(repeated(twice), at: pointer)
          }
        }
        return list
      }, write: { .array($0.map(element.write)) })
  }

  /// Samples by their indices, each once, in the order given.
  public static func indices(atMost most: Int = 10_000_000) -> Form where Value == [Int] {
    .list(
      of: .index, atMost: most, empty: "must name at least one sample",
      repeated: { "must name each sample once, got \($0) more than once" })
  }

  /// A list, or one element by itself. It is written as a list.
  public static func oneOrMany<Element: Hashable & Sendable>(
    _ element: Form<Element>, _ list: Form<[Element]>
  ) -> Form where Value == [Element] {
    Form(
      schema: Schema.anyOf(element.schema, list.schema), words: "\(element.words); or a list",
      parts: element.parts,
      read: { value, pointer, faults in
        if case .array = value { return list.read(value, pointer, faults) }
        return element.read(value, pointer, faults).map { [$0] }
      }, write: list.write)
  }
}

// MARK: - Alternatives

extension Form where Value: Equatable {
  /// One word that stands for a value, or another form.
  /// - Parameter otherwise: the first half of the fault of a value of neither form, up to its comma; nil if
  ///   the other form gives the fault.
  public static func word(
    _ word: String, _ standsFor: Value, or form: Form, unless otherwise: String? = nil,
    isOther: @escaping @Sendable (JSONValue) -> Bool = { _ in true }
  ) -> Form where Value: Sendable {
    Form(
      schema: Schema.anyOf(Schema.constant(word), form.schema), words: "`\(word)`, or \(form.words)",
      parts: form.parts,
      read: { value, pointer, faults in
        if value == .string(word) { return standsFor }
        if let otherwise, !isOther(value) {
          faults.add("\(otherwise), got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return form.read(value, pointer, faults)
      }, write: { $0 == standsFor ? .string(word) : form.write($0) })
  }
}

// MARK: - Objects

extension Form where Value: Sendable {
  /// An object with the fields of a type. Members that are absent are as in `standard`.
  public static func object(_ fields: Fields<Value>, standard: Value) -> Form {
    Form(
      schema: fields.schema(standard: standard), words: "object",
      parts: [FormPart(fields.members(standard: standard), conditions: fields.conditions)],
      read: { value, pointer, faults in
        let reader = FieldReader(value, at: pointer, faults: faults)
        var result = standard
        fields.read(reader, into: &result)
        reader.finish()
        return result
      }, write: { .object(fields.write($0)) })
  }
}

extension Form {
  /// An object with one member, which must be there.
  public static func only(_ name: String, _ form: Form) -> Form {
    let member = FieldMember(
      name, schema: form.schema, words: form.words, isRequired: true, parts: form.parts, "")
    return Form(
      schema: Schema.request([name: form.schema]), words: "object with `\(name)`",
      parts: [FormPart([member])],
      read: { value, pointer, faults in
        let reader = FieldReader(value, at: pointer, faults: faults)
        defer { reader.finish() }
        return reader.requiredValue(name).flatMap { form.read($0, pointer.appending(name), faults) }
      }, write: { [name: form.write($0)] })
  }
}
