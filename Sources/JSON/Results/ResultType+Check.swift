extension ResultType {
  /// The differences of a value from its declaration: a missing or undeclared member, or a wrong type.
  public func faults(in value: JSONValue, at pointer: JSONPointer = .root) -> [RequestFault] {
    func wrong(_ expected: String) -> [RequestFault] {
      let text = "must be \(expected), got \(FieldReader.brief(value))"
      return [RequestFault(pointer: pointer.description, detail: text)]
    }
    switch self {
    case .number(let range):
      guard let number = value.doubleValue, range.contains(number) else { return wrong(words) }
    case .integer(let least):
      guard let number = value.integerValue, number >= least else { return wrong(words) }
    case .text, .id, .resourceName:
      guard value.stringValue != nil else { return wrong(words) }
    case .flag:
      guard value.boolValue != nil else { return wrong(words) }
    case .choice(let names):
      guard let text = value.stringValue, names.contains(text) else { return wrong(words) }
    case .nullable(let type): return isWrittenAsNull(value) ? [] : type.faults(in: value, at: pointer)
    case .list(let type):
      guard let elements = value.arrayValue else { return wrong(words) }
      return elements.enumerated().flatMap { type.faults(in: $1, at: pointer.appending($0)) }
    case .object(let object):
      guard case .object(let found) = value else { return wrong("an object") }
      return object.faults(in: found, at: pointer)
    case .either(let types):
      let all = types.map { $0.faults(in: value, at: pointer) }
      return all.contains(where: \.isEmpty) ? [] : all.min { $0.count < $1.count } ?? []
    case .request:
      if value.isNull { return wrong(words) }
    }
    return []
  }
}

/// JSON has no NaN and no infinity, so such a number is written as null.
private func isWrittenAsNull(_ value: JSONValue) -> Bool {
  if case .number(let number) = value { !number.isFinite } else { value.isNull }
}

extension ResultObject {
  /// The differences of an object from its declaration.
  public func faults(in object: JSONObject, at pointer: JSONPointer = .root) -> [RequestFault] {
    var faults: [RequestFault] = []
    for member in members {
      let place = pointer.appending(member.name)
      if let value = object[member.name] {
        faults += member.type.faults(in: value, at: place)
      } else if !member.isOptional {
        faults.append(RequestFault(pointer: place.description, detail: "is missing"))
      }
    }
    let names = Set(members.map { ExactText($0.name) })
    for member in object.members where !names.contains(ExactText(member.name)) {
      let place = pointer.appending(member.name)
      if let others {
        faults += others.type.faults(in: member.value, at: place)
      } else {
        faults.append(RequestFault(pointer: place.description, detail: "is not declared"))
      }
    }
    return faults
  }
}
