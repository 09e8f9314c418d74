import JSON

/// The group U of training samples that a request names.
public enum GroupChoice: Hashable, Sendable {
  /// Every training sample of a class.
  case label(Int)
  /// Training samples by their index in the data set, rising, each once.
  case indices([Int])
  /// Those that a derived data set poisoned.
  case poisoned
  /// Those that a derived data set gave another label.
  case relabeled
  /// Those that a synthetic data set drew from another distribution.
  case heterogeneous

  /// The groups that a data set itself knows, by the member that names them with true.
  private static let named: [(name: String, group: GroupChoice)] = [
    ("poisoned", .poisoned), ("relabeled", .relabeled), ("heterogeneous", .heterogeneous),
  ]

  private static let names = ["class", "indices"] + named.map(\.name)

  /// The fault of a body that names no group.
  static var missing: String { "must have one of \(FieldReader.words(names, joinedBy: "or"))" }

  /// Reads `class`, `indices`, or `poisoned`, `relabeled` or `heterogeneous` with true, of which one is required.
  public static func read(_ reader: FieldReader, required: Bool = true) -> GroupChoice? {
    let flagged = named.filter { reader.flag($0.name, default: false) }
    let present = ["class", "indices"].filter(reader.has) + flagged.map(\.name)
    switch reader.onlyOne(of: names, present: present, required: required) {
    case "class": return reader.integer("class", in: 0...Int(Int32.max)).map(GroupChoice.label)
    case "indices": return readIndices(reader).map(GroupChoice.indices)
    case .some: return flagged.first?.group
    case nil: return nil
    }
  }

  private static func readIndices(_ reader: FieldReader) -> [Int]? {
    let indices = reader.list("indices", maximumCount: 10_000_000) {
      FieldReader.integer($0, in: 0...Int(Int32.max), at: $1, reader.faults)
    }
    guard let indices else { return nil }
    if indices.isEmpty {
      reader.fault("indices", "must name at least one sample")
      return nil
    }
    let sorted = indices.sorted()
    if let twice = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 }) {
      reader.fault("indices", "must name each sample once, got \(twice.0) more than once")
      return nil
    }
    return sorted
  }

  /// The member that names this group in a body.
  public var member: (name: String, value: JSONValue) {
    switch self {
    case .label(let label): ("class", JSONValue(label))
    case .indices(let indices): ("indices", JSONValue(indices))
    case .poisoned: ("poisoned", true)
    case .relabeled: ("relabeled", true)
    case .heterogeneous: ("heterogeneous", true)
    }
  }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let read = Self.read(FieldReader(json, faults: faults))
    try faults.throwIfAny()
    guard let read else { throw RequestRejection(faults: []) }
    self = read
  }

  public var json: JSONValue { .object([member.name: member.value]) }
}
