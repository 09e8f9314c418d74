/// One of several things that a request may name, each with its own options: a solver, a loss, a schedule.
public struct Alternative<Value: Sendable>: Sendable {
  public let name: String
  /// The thing with the defaults of its options.
  public let standard: Value
  /// Its options.
  public let fields: Fields<Value>

  public init(_ name: String, _ standard: Value, _ fields: Fields<Value> = Fields([])) {
    self.name = name
    self.standard = standard
    self.fields = fields
  }

  /// The object that names it.
  public var part: FormPart {
    let tag = FieldMember(
      "name", schema: Schema.constant(name), words: "`\(name)`", isRequired: true, "")
    return FormPart(
      of: name, [tag] + fields.members(standard: standard), conditions: fields.conditions)
  }

  /// The schema of that object.
  public var schema: JSONValue { Schema.request(part.members, conditions: fields.conditions) }
}

extension Form where Value: Sendable {
  /// A name, or an object with a `name` and the options of the named thing.
  /// - Parameters:
  ///   - alternatives: in the order of the fault that lists them.
  ///   - name: of a value.
  ///   - isBrief: whether a value is written as its name alone.
  public static func named(
    _ alternatives: [Alternative<Value>], name: @escaping @Sendable (Value) -> String,
    isBrief: @escaping @Sendable (Value) -> Bool
  ) -> Form {
    let names = alternatives.map(\.name)
    @Sendable func alternative(_ name: String) -> Alternative<Value>? {
      alternatives.first { $0.name == name }
    }
    return Form(
      schema: ["anyOf": .array([Schema.choice(names)] + alternatives.map(\.schema))],
      words: names.map { "`\($0)`" }.joined(separator: ", "),
      parts: alternatives.map(\.part),
      read: { value, pointer, faults in
        guard case .object = value else {
          return FieldReader.choice(value, among: names, at: pointer, faults).flatMap {
            alternative($0)?.standard
          }
        }
        let options = FieldReader(value, at: pointer, faults: faults)
        // Without a valid name the allowed options are unknown.
        guard let name = options.requiredValue("name"),
          let chosen = FieldReader.choice(name, among: names, at: pointer.appending("name"), faults)
            .flatMap(alternative)
        else { return nil }
        var result = chosen.standard
        chosen.fields.read(options, into: &result)
        options.finish()
        return result
      },
      write: { value in
        let name = name(value)
        if isBrief(value) { return .string(name) }
        var object: JSONObject = ["name": .string(name)]
        alternative(name)?.fields.write(value, into: &object)
        return .object(object)
      })
  }

}

// MARK: - Alternatives in the same object

extension Field {
  /// A member that names one of several things whose options stand beside it in the same object.
  ///
  /// An option of another thing is a fault that says whose option it is.
  /// - Parameters:
  ///   - noun: such as "optimizer", for that fault.
  ///   - name: reads and sets the thing of an owner; setting it gives its options their defaults.
  ///   - standard: the thing of an object without the member.
  public static func tagged<Name>(
    _ member: String, noun: String, _ name: Path<Name>,
    alternatives: [(name: Name, fields: Fields<Owner>)], standard: Owner, _ meaning: String
  ) -> Field where Name: RawRepresentable<String> & CaseIterable & Sendable & Equatable {
    let options = OptionsByName(member, noun: noun, name, alternatives)
    return Field(
      conditions: options.conditions(standard: standard),
      members: { options.members(standard: $0, meaning) },
      read: { options.read($0, into: &$1) }, write: { options.write($0, into: &$1) })
  }
}

/// The options of things that a member names, all in one object.
private struct OptionsByName<Owner, Name>: Sendable
where Name: RawRepresentable<String> & CaseIterable & Sendable & Equatable {
  typealias Path = WritableKeyPath<Owner, Name> & Sendable
  let member: String
  let noun: String
  let name: Path
  let alternatives: [(name: Name, fields: Fields<Owner>)]
  private let form = Form<Name>.choice

  init(
    _ member: String, noun: String, _ name: Path, _ alternatives: [(name: Name, fields: Fields<Owner>)]
  ) {
    self.member = member
    self.noun = noun
    self.name = name
    self.alternatives = alternatives
  }

  private func owner(_ standard: Owner, with chosen: Name) -> Owner {
    var owner = standard
    owner[keyPath: name] = chosen
    return owner
  }

  private func names(of alternative: (name: Name, fields: Fields<Owner>), _ standard: Owner) -> [String] {
    alternative.fields.members(standard: owner(standard, with: alternative.name)).map(\.name)
  }

  func read(_ reader: FieldReader, into owner: inout Owner) {
    let standard = owner
    if let value = reader.value(member),
      let chosen = form.read(value, reader.pointer.appending(member), reader.faults)
    {
      owner[keyPath: name] = chosen
    }
    let chosen = owner[keyPath: name]
    var own: [String] = []
    for alternative in alternatives where alternative.name == chosen {
      alternative.fields.read(reader, into: &owner)
      own = names(of: alternative, standard)
    }
    refuseOthers(reader, own, standard)
  }

  private func refuseOthers(_ reader: FieldReader, _ own: [String], _ standard: Owner) {
    var owners: [(option: String, of: [String])] = []
    for alternative in alternatives {
      for option in names(of: alternative, standard) where !own.contains(option) {
        if let place = owners.firstIndex(where: { $0.option == option }) {
          owners[place].of.append(alternative.name.rawValue)
        } else {
          owners.append((option, [alternative.name.rawValue]))
        }
      }
    }
    for (option, names) in owners where reader.has(option) {
      let words = FieldReader.words(names, joinedBy: "and")
      reader.fault(
        option,
        names.count == 1 ? "belongs to the \(noun) \(words) alone" : "belongs to the \(noun)s \(words)")
    }
  }

  func write(_ owner: Owner, into object: inout JSONObject) {
    let chosen = owner[keyPath: name]
    object[member] = .string(chosen.rawValue)
    for alternative in alternatives where alternative.name == chosen {
      alternative.fields.write(owner, into: &object)
    }
  }

  /// Every option once. A default that depends on the thing is described in words.
  func members(standard: Owner, _ meaning: String) -> [FieldMember] {
    let head = FieldMember(
      member, schema: form.schema, words: form.words, standard: form.write(standard[keyPath: name]), meaning)
    var options: [(member: FieldMember, of: [(name: String, standard: JSONValue)])] = []
    for alternative in alternatives {
      let members = alternative.fields.members(standard: owner(standard, with: alternative.name))
      for option in members {
        let own = (alternative.name.rawValue, option.standard)
        if let place = options.firstIndex(where: { $0.member.name == option.name }) {
          options[place].of.append(own)
        } else {
          options.append((option, [own]))
        }
      }
    }
    return [head]
      + options.map { option, owners in
        var option = option
        if owners.count < alternatives.count {
          option.meaning = "Of \(owners.map { "`\($0.name)`" }.joined(separator: ", ")). \(option.meaning)"
        }
        if option.standardWords == nil, Set(owners.map(\.standard)).count > 1 {
          option.standard = .null
          option.standardWords = owners.map { "\(JSONWriter.text($0.standard)) for `\($0.name)`" }
            .joined(separator: ", ")
        }
        return option
      }
  }

  /// One condition for each thing: the member names the thing, and options of other things are absent.
  func conditions(standard: Owner) -> [JSONValue] {
    let all = alternatives.map { names(of: $0, standard) }
    let every = all.flatMap { $0 }
    return zip(alternatives, all).map { alternative, own in
      var others: [String] = []
      for option in every where !own.contains(option) && !others.contains(option) { others.append(option) }
      let isStandard = alternative.name == standard[keyPath: name]
      let value = alternative.name.rawValue
      let tag: JSONValue = isStandard ? ["enum": [.string(value), nil]] : Schema.constant(value)
      return Schema.variant([member: tag], required: isStandard ? [] : [member], absent: others)
    }
  }
}
