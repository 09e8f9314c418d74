import JSON

/// The body of `POST /v1/jobs` without `kind` and `priority`: decoded, checked, with every default filled in.
public protocol JobRequest: Sendable {
  /// The value of `kind`.
  static var kind: String { get }

  /// One sentence for the capabilities.
  static var summary: String { get }

  /// More sentences for the contract; empty if the summary and the fields say all.
  static var details: String { get }

  /// Its members, declared once.
  static var fields: Fields<Self> { get }

  /// The result of the job, declared once: its members without `artifacts` and `seconds`, which the service
  /// adds.
  static var result: ResultObject { get }

  /// A request that says nothing: every default, and stand-ins for members that must be there.
  static var standard: Self { get }

  /// The same if defaults depend on other members.
  static func standard(for reader: FieldReader) -> Self

  /// Checks between members, and defaults that depend on others, after the members were read.
  mutating func settle(_ reader: FieldReader)

  /// Schemas of which a body must fulfil one, besides those of the fields.
  static var conditions: [JSONValue] { get }

  /// Checks the request against what is stored, and fills in what depends on it (such as the checkpoint), so that
  /// the same body gives the same result later too.
  ///
  /// Adds faults; throws `UnknownResource` for a model, checkpoint or data set that is not there, or what the
  /// store throws.
  mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws

  /// Every member, defaults filled in: read again it gives an equal request.
  var members: JSONObject { get }

  /// What must not be deleted before the job is finished.
  var uses: JobUses { get }

  /// What running it takes, about, once it is resolved; nil if nobody knows.
  ///
  /// Throws what `resolve` throws.
  func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate?
}

extension JobRequest {
  public static var details: String { "" }
  public static var conditions: [JSONValue] { [] }
  public static func standard(for reader: FieldReader) -> Self { standard }
  public mutating func settle(_ reader: FieldReader) {}

  /// Reads its members and leaves a fault for each that is wrong.
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

/// A request names something that is not there (`404`).
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
