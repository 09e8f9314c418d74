/// The type of a value in a result, declared once. Its check, the OpenAPI schema and the tables of the guide
/// follow.
public indirect enum ResultType: Sendable {
  case number(NumberRange)
  case integer(from: Int)
  case text
  case flag
  case choice([String])
  /// The id of a job or a checkpoint.
  case id
  /// The name of a data set or a model.
  case resourceName
  /// The value, or null.
  case nullable(ResultType)
  case list(ResultType)
  case object(ResultObject)
  /// One of several types.
  case either([ResultType])
  /// A part of a request, such as a loss, by the name of its schema.
  case request(String)

  public static let number = ResultType.number(.any)
  /// A number from 0 to 1.
  public static let share = ResultType.number(.share)
  /// A number of at least 0, such as a norm.
  public static let size = ResultType.number(.notNegative)
  public static let count = ResultType.integer(from: 0)
  /// A norm or a residual that is null if it is infinite or no number.
  public static let finiteSize = ResultType.nullable(.size)
}

/// An object in a result: its meaning and its members.
public struct ResultObject: Sendable {
  /// The name of the object's schema; nil if the object has no schema of its own.
  public let name: String?
  public let meaning: String
  public let members: [ResultMember]
  /// The type of members whose names come from the request, and the meaning of those names.
  public let others: (names: String, type: ResultType)?

  /// An object with a schema of its own, to which others refer.
  public init(
    _ name: String, _ members: [ResultMember], others: (names: String, type: ResultType)? = nil,
    _ meaning: String = ""
  ) { self.init(name: name, members, others, meaning) }

  /// An object that is described where it stands.
  public init(_ members: [ResultMember], others: (names: String, type: ResultType)? = nil) {
    self.init(name: nil, members, others, "")
  }

  private init(
    name: String?, _ members: [ResultMember], _ others: (names: String, type: ResultType)?, _ meaning: String
  ) {
    self.name = name
    self.members = members
    self.others = others
    self.meaning = meaning
  }

  /// The object with further members, described where it stands.
  public func adding(_ more: [ResultMember]) -> ResultObject {
    ResultObject(name: nil, members + more, others, meaning)
  }
}

/// A member of an object in a result.
public struct ResultMember: Sendable {
  public let name: String
  public let type: ResultType
  /// Whether the member may be absent. The meaning then says when.
  public let isOptional: Bool
  /// Of a number, such as "samples"; nil for one without a unit.
  public let unit: String?
  public let meaning: String

  /// A member that is always there.
  public static func always(
    _ name: String, _ type: ResultType, unit: String? = nil, _ meaning: String
  ) -> ResultMember {
    ResultMember(name: name, type: type, isOptional: false, unit: unit, meaning: meaning)
  }

  /// A member that may be absent.
  public static func sometimes(
    _ name: String, _ type: ResultType, unit: String? = nil, _ meaning: String
  ) -> ResultMember {
    ResultMember(name: name, type: type, isOptional: true, unit: unit, meaning: meaning)
  }
}
