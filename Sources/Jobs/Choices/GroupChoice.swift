import Datasets
import JSON

/// The group U of training samples that a request names.
public enum GroupChoice: Hashable, Sendable {
  /// Every training sample of a class.
  case label(Int)
  /// Training samples by their index in the data set, rising, each once.
  case indices([Int])
  /// Samples that the data set itself knows.
  case known(SampleGroup)

  public static let poisoned = GroupChoice.known(.poisoned)
  public static let relabeled = GroupChoice.known(.relabeled)
  public static let heterogeneous = GroupChoice.known(.heterogeneous)

  /// The member that names this group in a body.
  public var member: (name: String, value: JSONValue) {
    switch self {
    case .label(let label): ("class", JSONValue(label))
    case .indices(let indices): ("indices", JSONValue(indices))
    case .known(let group): (group.rawValue, true)
    }
  }

  public var json: JSONValue { .object([member.name: member.value]) }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) { self = try Self.form.value(of: json) }
}

// MARK: - The members that name a group

extension GroupChoice {
  private static let label = Form<Int>.index
  /// In any order; kept rising.
  private static let samples = Form<[Int]>(
    schema: Form<[Int]>.indices().schema, words: "list of integers",
    read: { value, pointer, faults in
      let indices = FieldReader.list(value, maximumCount: 10_000_000, at: pointer, faults) {
        Form<Int>.index.read($0, $1, faults)
      }
      guard let indices else { return nil }
      if indices.isEmpty {
        faults.add("must name at least one sample", at: pointer)
        return nil
      }
      let sorted = indices.sorted()
      if let twice = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 }) {
        faults.add("must name each sample once, got \(twice.0) more than once", at: pointer)
        return nil
      }
      return sorted
    }, write: { JSONValue($0) })

  private static let flags = SampleGroup.allCases.map(\.rawValue)
  private static let names = ["class", "indices"] + flags

  /// The fault of a body that names no group.
  static var missing: String { "must have one of \(FieldReader.words(names, joinedBy: "or"))" }

  /// Reads the one member that names a group.
  private static func read(_ reader: FieldReader, required: Bool) -> GroupChoice? {
    let known = SampleGroup.allCases.filter { reader.flag($0.rawValue, default: false) }
    let present = ["class", "indices"].filter(reader.has) + known.map(\.rawValue)
    func value<Value>(_ name: String, _ form: Form<Value>) -> Value? {
      reader.value(name).flatMap { form.read($0, reader.pointer.appending(name), reader.faults) }
    }
    switch reader.onlyOne(of: names, present: present, required: required) {
    case "class": return value("class", label).map(GroupChoice.label)
    case "indices": return value("indices", samples).map(GroupChoice.indices)
    case .some: return known.first.map(GroupChoice.known)
    case nil: return nil
    }
  }

  private static let members =
    [
      FieldMember("class", schema: label.schema, words: label.words, "Every training sample of a class."),
      FieldMember(
        "indices", schema: samples.schema, words: samples.words, "Training samples by their indices."),
    ]
    + SampleGroup.allCases.map {
      FieldMember($0.rawValue, schema: Schema.boolean, words: "true", "\($0.meaning).")
    }

  /// A condition for each way to name a group.
  private static let ways: [JSONValue] =
    [
      Schema.variant(["class": label.schema], absent: ["indices"], flags: flags),
      Schema.variant(["indices": samples.schema], absent: ["class"], flags: flags),
    ]
    + flags.map { name in
      Schema.variant(
        [name: ["const": true]], absent: ["class", "indices"], flags: flags.filter { $0 != name })
    }

  private static func none(if condition: JSONObject) -> JSONValue {
    Schema.variant(condition, absent: ["class", "indices"], flags: flags)
  }

  /// An object that names a group and nothing else.
  public static let form = Form<GroupChoice>(
    schema: ["anyOf": .array(members.map { Schema.request([$0.name: onlyValue(of: $0)]) })],
    words: "object with one of \(names.map { "`\($0)`" }.joined(separator: ", "))",
    parts: [FormPart(members, conditions: ways)],
    read: { value, pointer, faults in
      let reader = FieldReader(value, at: pointer, faults: faults)
      let group = read(reader, required: true)
      reader.finish()
      return group
    }, write: \.json)

  private static func onlyValue(of member: FieldMember) -> JSONValue {
    flags.contains(member.name) ? ["const": true] : member.schema
  }

  /// The members of a body that must name a group.
  static func required<Owner>(_ path: WritableKeyPath<Owner, GroupChoice> & Sendable) -> Field<Owner> {
    Field(
      conditions: ways, members: { _ in members },
      read: { reader, owner in
        if let group = read(reader, required: true) { owner[keyPath: path] = group }
      },
      write: { owner, object in
        let member = owner[keyPath: path].member
        object[member.name] = member.value
      })
  }

  /// The members of a body that may name a group.
  /// - Parameters:
  ///   - unless: members that replace a group; empty if no member does.
  ///   - isRequired: whether a body needs a group.
  static func optional<Owner>(
    _ path: WritableKeyPath<Owner, GroupChoice?> & Sendable, unless: JSONObject = [:],
    isRequired: @escaping @Sendable (FieldReader) -> Bool = { _ in false }
  ) -> Field<Owner> {
    Field(
      conditions: ways + [none(if: unless)], members: { _ in members },
      read: { reader, owner in owner[keyPath: path] = read(reader, required: isRequired(reader)) },
      write: { owner, object in
        guard let member = owner[keyPath: path]?.member else { return }
        object[member.name] = member.value
      })
  }

  /// The member `name` of a group in a list.
  static func named(
    _ standardName: @escaping @Sendable (GroupChoice) -> String
  ) -> @Sendable (FieldReader) -> (choice: GroupChoice?, name: String?) {
    { reader in
      let choice = read(reader, required: true)
      return (choice, reader.text("name", maximumLength: 200) ?? choice.map(standardName))
    }
  }

  /// The schemas of an object that names a group and has further members.
  static func schema(with optional: JSONObject) -> JSONValue {
    ["anyOf": .array(members.map { Schema.request([$0.name: onlyValue(of: $0)], optional) })]
  }
}
