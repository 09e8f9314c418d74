import JSON
import Tensor

/// The surroundings of a run: the stored things, the threads and the limits.
public struct JobEnvironment: Sendable {
  public let catalog: any Catalog
  public let pool: ComputePool
  /// Bytes that the linearizations of one job may take.
  public let memoryLimit: Int
  /// Seconds after which a run of many short steps saves its state again; 0 after every one.
  public let saveInterval: Double

  public init(
    catalog: any Catalog, pool: ComputePool, memoryLimit: Int = 4 << 30, saveInterval: Double = 5
  ) {
    self.catalog = catalog
    self.pool = pool
    self.memoryLimit = memoryLimit
    self.saveInterval = saveInterval
  }
}

/// A kind of job: how its request is read and run.
public struct JobKind: Sendable {
  public let name: String
  /// One sentence for the capabilities.
  public let summary: String
  /// Sentences for the contract.
  public let details: String
  /// The members of a body besides the members of every job.
  public let members: [FieldMember]
  /// Schemas of which a body must fulfil one; empty if there is no condition.
  public let conditions: [JSONValue]
  /// The result, without `artifacts` and `seconds`.
  public let result: ResultObject
  /// Whether such a job usually ends within seconds. One worker is reserved for short jobs.
  public let isShort: Bool
  let read: @Sendable (FieldReader) -> any JobRequest
  private let make: @Sendable (any JobRequest, JobEnvironment) throws -> any JobRun

  public init<Request: JobRequest>(
    _ type: Request.Type, isShort: Bool = false,
    run: @escaping @Sendable (Request, JobEnvironment) throws -> any JobRun
  ) {
    name = type.kind
    summary = type.summary
    details = type.details
    members = type.fields.members(standard: type.standard)
    conditions = Schema.both(type.fields.conditions, type.conditions)
    result = type.result
    self.isShort = isShort
    read = { Request.read($0) }
    make = { request, environment in
      guard let request = request as? Request else {
        throw JobFailure(.internal, "a request of another kind was handed to \(type.kind).")
      }
      return try run(request, environment)
    }
  }

  /// The run of a resolved request.
  public func run(_ request: any JobRequest, in environment: JobEnvironment) throws -> any JobRun {
    try make(request, environment)
  }
}
