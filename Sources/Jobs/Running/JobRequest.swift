import JSON

/// The body of `POST /v1/jobs` without `kind` and `priority`: decoded, checked, with every default filled in.
public protocol JobRequest: Sendable {
  /// The value of `kind`.
  static var kind: String { get }

  /// One sentence for the capabilities.
  static var summary: String { get }

  /// More sentences for the contract; empty if the summary and the fields are enough.
  static var details: String { get }

  /// Its members, declared once.
  static var fields: Fields<Self> { get }

  /// The result of the job, declared once: its members without `artifacts` and `seconds`, which the service
  /// adds.
  static var result: ResultObject { get }

  /// A request without any member: every default, and placeholders for required members.
  static var standard: Self { get }

  /// The same, if defaults depend on other members.
  static func standard(for reader: FieldReader) -> Self

  /// Checks between members and fills in defaults that depend on other members. Called after the members are
  /// read.
  mutating func settle(_ reader: FieldReader)

  /// Schemas of which a body must fulfil one, besides those of the fields.
  static var conditions: [JSONValue] { get }

  /// Checks the request against the stored things and fills in members that depend on them, such as the
  /// checkpoint. So the same resolved body gives the same result later.
  ///
  /// Adds faults. Throws `UnknownResource` for a missing model, checkpoint or data set, and errors of the
  /// store.
  mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws

  /// Every member with defaults filled in. Reading the members again gives an equal request.
  var members: JSONObject { get }

  /// The stored things that must not be deleted before the job ends.
  var uses: JobUses { get }

  /// The estimated cost of a resolved request; nil if it is unknown.
  ///
  /// Throws the errors of `resolve`.
  func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate?
}

extension JobRequest {
  public static var details: String { "" }
  public static var conditions: [JSONValue] { [] }
  public static func standard(for reader: FieldReader) -> Self { standard }
  public mutating func settle(_ reader: FieldReader) {}

  /// Reads the request's members and adds a fault for each wrong one.
  public static func read(_ reader: FieldReader) -> Self {
    var request = standard(for: reader)
    fields.read(reader, into: &request)
    request.settle(reader)
    return request
  }

  public var members: JSONObject { Self.fields.write(self) }

  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? { nil }
}

/// The stored things a job needs, by name or id.
public struct JobUses: Hashable, Sendable {
  public var models: [String]
  public var datasets: [String]
  public var checkpoints: [String]

  public init(models: [String] = [], datasets: [String] = [], checkpoints: [String] = []) {
    self.models = models
    self.datasets = datasets
    self.checkpoints = checkpoints
  }
}

/// A request names a thing that does not exist (`404`).
public struct UnknownResource: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    case model
    case checkpoint
    case dataset = "data set"
    case job
  }

  public var kind: Kind
  public var name: String
  public var suggestion: String?

  public init(_ kind: Kind, _ name: String, suggestion: String? = nil) {
    self.kind = kind
    self.name = name
    self.suggestion = suggestion
  }

  public var description: String { "there is no \(kind.rawValue) \"\(name)\"" }
}

/// A name is taken already (`409`).
public struct NameTaken: Error, Hashable, Sendable, CustomStringConvertible {
  public var kind: UnknownResource.Kind
  public var name: String

  public init(_ kind: UnknownResource.Kind, _ name: String) {
    self.kind = kind
    self.name = name
  }

  public var description: String { "a \(kind.rawValue) named \"\(name)\" exists already" }
}
