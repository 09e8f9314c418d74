/// The members of a JSON object in the order they were written, each name once.
///
/// Names are compared byte by byte, as RFC 8259 demands: two Unicode forms of one word are two names. Two
/// objects are equal if they have the same members, in any order.
public struct JSONObject: Sendable {
  public private(set) var members: [Member] = []
  private var places: [ExactText: Int] = [:]

  public struct Member: Sendable, Hashable {
    public var name: String
    public var value: JSONValue

    public static func == (left: Member, right: Member) -> Bool {
      left.name.isExactly(right.name) && left.value == right.value
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(ExactText(name))
      hasher.combine(value)
    }
  }

  public init() {}

  /// Of members with the same name the last value counts, at the place of the first.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (name, value) in members { self[name] = value }
  }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var names: [String] { members.map(\.name) }

  /// Setting nil removes the member; setting a new name appends it.
  public subscript(name: String) -> JSONValue? {
    get { places[ExactText(name)].map { members[$0].value } }
    set {
      switch (places[ExactText(name)], newValue) {
      case (let place?, let value?):
        members[place].value = value
      case (nil, let value?):
        places[ExactText(name)] = members.count
        members.append(Member(name: name, value: value))
      case (let place?, nil):
        members.remove(at: place)
        places[ExactText(name)] = nil
        for later in place..<members.count { places[ExactText(members[later].name)] = later }
      case (nil, nil):
        break
      }
    }
  }

  /// The object with the members of `other` set over its own.
  public func merging(_ other: JSONObject) -> JSONObject {
    var merged = self
    for member in other.members { merged[member.name] = member.value }
    return merged
  }
}

extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    // Order must not matter, so the hashes of the members are added.
    var sum = 0
    for member in members {
      var own = Hasher()
      own.combine(member)
      sum &+= own.finalize()
    }
    hasher.combine(sum)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements)
  }
}
