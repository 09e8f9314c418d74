/// Reads the members of one JSON object by name and gathers every fault on the way.
///
/// A read never throws. A missing or wrong member leaves a fault and a placeholder, and
/// `RequestFaults.throwIfAny` discards the request. A `null` counts as absent, so that a filled-in body can
/// be posted again. After the last read, `finish` reports the unknown names.
public final class FieldReader {
  public let pointer: JSONPointer
  public let faults: RequestFaults
  private let object: JSONObject
  private var askedNames: [String] = []
  private var asked: Set<String> = []

  /// If `value` is no object, one fault says so, and every member counts as absent without a further fault.
  public init(_ value: JSONValue, at pointer: JSONPointer = .root, faults: RequestFaults) {
    self.pointer = pointer
    self.faults = faults
    if case .object(let object) = value {
      self.object = object
    } else {
      self.object = [:]
      isStandIn = true
      faults.add("must be an object, got \(Self.brief(value))", at: pointer)
    }
  }

  /// The body was no object. Then "is required" for each member would only be noise.
  private(set) var isStandIn = false

  // MARK: Presence

  /// The member, if it is there and not null.
  public func value(_ name: String) -> JSONValue? {
    note(name)
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  public func has(_ name: String) -> Bool { value(name) != nil }

  /// The member; its absence is a fault.
  public func requiredValue(_ name: String) -> JSONValue? {
    if let value = value(name) { return value }
    if !isStandIn { fault(name, "is required") }
    return nil
  }

  /// A fault at a member.
  public func fault(_ name: String, _ detail: String) {
    faults.add(detail, at: pointer.appending(name))
  }

  /// A fault of the object as a whole.
  public func fault(_ detail: String) { faults.add(detail, at: pointer) }

  /// Names that are accepted although no read asked for them, because their reading depends on another
  /// member.
  public func accept(_ names: String...) { names.forEach(note) }

  /// Must be called once, at the end. Every name that no read asked for is a fault.
  public func finish() {
    for member in object.members where !asked.contains(member.name) {
      // A fault beyond the limit is only counted and needs no words.
      guard !faults.isFull else {
        fault(member.name, "is not known here")
        continue
      }
      let suggestion = Spelling.suggestion(for: member.name, among: askedNames)
      fault(member.name, suggestion.isEmpty ? "is not known here" : "is not known here\(suggestion)")
    }
  }

  private func note(_ name: String) {
    if asked.insert(name).inserted { askedNames.append(name) }
  }

  /// A value in the words of a fault: a short value as it is, a long value by its kind.
  public static func brief(_ value: JSONValue) -> String {
    switch value {
    case .array, .object: return value.kindName
    case .string(let text) where text.utf8.count > 60:
      return JSONWriter.text(.string(String(text.prefix(40)) + "…"))
    default: return JSONWriter.text(value)
    }
  }
}

// MARK: - Scalars

extension FieldReader {
  public func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
    integer(name, in: range) ?? standard
  }

  public func requiredInteger(_ name: String, in range: ClosedRange<Int>) -> Int {
    guard requiredValue(name) != nil else { return range.lowerBound }
    return integer(name, in: range) ?? range.lowerBound
  }

  /// Nil if the member is absent; nil with a fault if it is wrong.
  public func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
    guard let value = value(name) else { return nil }
    return Self.integer(value, in: range, at: pointer.appending(name), faults)
  }

  public func number(_ name: String, _ range: NumberRange, default standard: Double) -> Double {
    number(name, range) ?? standard
  }

  /// Nil if the member is absent; nil with a fault if it is wrong.
  public func number(_ name: String, _ range: NumberRange) -> Double? {
    guard let value = value(name) else { return nil }
    return Self.number(value, range, at: pointer.appending(name), faults)
  }

  public func flag(_ name: String, default standard: Bool) -> Bool {
    guard let value = value(name) else { return standard }
    return Self.flag(value, at: pointer.appending(name), faults) ?? standard
  }

  /// Nil if the member is absent; nil with a fault if it is no string or longer than `maximumLength` bytes.
  public func text(_ name: String, maximumLength: Int = 1024) -> String? {
    guard let value = value(name) else { return nil }
    return Self.text(value, maximumLength: maximumLength, at: pointer.appending(name), faults)
  }

  public func requiredText(_ name: String) -> String {
    requiredValue(name) == nil ? "" : text(name) ?? ""
  }

  /// One of the raw values of an enumeration.
  public func choice<Choice>(_ name: String, default standard: Choice) -> Choice
  where Choice: RawRepresentable<String> & CaseIterable {
    guard let value = value(name) else { return standard }
    return Self.choice(value, Choice.self, at: pointer.appending(name), faults) ?? standard
  }

  public func choice<Choice>(_ name: String, _ type: Choice.Type) -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    guard let value = value(name) else { return nil }
    return Self.choice(value, type, at: pointer.appending(name), faults)
  }
}

// MARK: - Nested values

extension FieldReader {
  /// A reader of the object at that name; nil if it is absent.
  public func nested(_ name: String) -> FieldReader? {
    value(name).map { FieldReader($0, at: pointer.appending(name), faults: faults) }
  }

  /// Reads every element of a list with its pointer; nil if the member is absent or no list.
  ///
  /// A list longer than `maximumCount` is one fault and is not read.
  public func list<Element>(
    _ name: String, maximumCount: Int, _ read: (JSONValue, JSONPointer) -> Element?
  ) -> [Element]? {
    guard let value = value(name) else { return nil }
    return Self.list(value, maximumCount: maximumCount, at: pointer.appending(name), faults, read)
  }

  /// The one member that is there. Several members are a fault, and so is no member if one is required.
  public func onlyOne(of names: [String], present: [String]? = nil, required: Bool = true) -> String? {
    let present = present ?? names.filter(has)
    if present.count == 1 { return present[0] }
    if present.count > 1 {
      fault("must have only one of \(Self.words(present, joinedBy: "and"))")
    } else if required, !isStandIn {
      fault("must have one of \(Self.words(names, joinedBy: "or"))")
    }
    return nil
  }

  /// `"a", "b" or "c"`.
  public static func words(_ names: some Sequence<String>, joinedBy last: String) -> String {
    let quoted = names.map { JSONWriter.text(.string($0)) }
    guard quoted.count > 1 else { return quoted.first ?? "nothing" }
    return quoted.dropLast().joined(separator: ", ") + " \(last) " + quoted[quoted.count - 1]
  }
}

// MARK: - Values by themselves

extension FieldReader {
  public static func flag(_ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults) -> Bool? {
    if let flag = value.boolValue { return flag }
    faults.add("must be true or false, got \(brief(value))", at: pointer)
    return nil
  }

  public static func text(
    _ value: JSONValue, maximumLength: Int, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> String? {
    guard let text = value.stringValue else {
      faults.add("must be a string, got \(brief(value))", at: pointer)
      return nil
    }
    guard !text.isEmpty, text.utf8.count <= maximumLength else {
      faults.add("must have 1 to \(maximumLength) bytes, got \(text.utf8.count)", at: pointer)
      return nil
    }
    return text
  }

  public static func integer(
    _ value: JSONValue, in range: ClosedRange<Int>, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> Int? {
    guard value.doubleValue != nil else {
      faults.add("must be an integer, got \(brief(value))", at: pointer)
      return nil
    }
    guard let integer = value.integerValue, range.contains(integer) else {
      let isWhole = value.doubleValue.map { $0 == $0.rounded() } ?? false
      let bounds =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
      faults.add(
        "must be \(isWhole ? "" : "an integer ")\(bounds), got \(brief(value))", at: pointer)
      return nil
    }
    return integer
  }

  public static func number(
    _ value: JSONValue, _ range: NumberRange, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> Double? {
    guard let number = value.doubleValue else {
      faults.add("must be a number, got \(brief(value))", at: pointer)
      return nil
    }
    guard range.contains(number) else {
      faults.add("must be \(range.words), got \(brief(value))", at: pointer)
      return nil
    }
    return number
  }

  public static func choice<Choice>(
    _ value: JSONValue, _ type: Choice.Type, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> Choice? where Choice: RawRepresentable<String> & CaseIterable {
    choice(value, among: Choice.allCases.map(\.rawValue), at: pointer, faults).flatMap(Choice.init)
  }

  /// One of some names.
  public static func choice(
    _ value: JSONValue, among names: [String], at pointer: JSONPointer, _ faults: RequestFaults
  ) -> String? {
    guard let text = value.stringValue else {
      faults.add("must be \(words(names, joinedBy: "or")), got \(brief(value))", at: pointer)
      return nil
    }
    guard names.contains(where: { $0.isExactly(text) }) else {
      let suggestion = Spelling.suggestion(for: text, among: names)
      faults.add(
        "must be \(words(names, joinedBy: "or")), got \(brief(value))\(suggestion)", at: pointer)
      return nil
    }
    return text
  }

  public static func list<Element>(
    _ value: JSONValue, maximumCount: Int, at pointer: JSONPointer, _ faults: RequestFaults,
    _ read: (JSONValue, JSONPointer) -> Element?
  ) -> [Element]? {
    guard let elements = value.arrayValue else {
      faults.add("must be a list, got \(brief(value))", at: pointer)
      return nil
    }
    guard elements.count <= maximumCount else {
      faults.add("must have at most \(maximumCount) elements, got \(elements.count)", at: pointer)
      return nil
    }
    return elements.indices.compactMap { read(elements[$0], pointer.appending($0)) }
  }
}
