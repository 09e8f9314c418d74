import JSON

/// The body of `POST /v1/jobs`: a kind, a priority, a time limit, and the request of that kind.
public struct JobBody: Sendable {
  private static let priorities = Form<Int>.integer(-100...100)
  private static let timeLimits = Form<Double>.number(timeLimits(upTo: 1e9))

  /// Seconds.
  private static func timeLimits(upTo longest: Double) -> NumberRange {
    NumberRange(from: .excluding(0), to: .including(longest))
  }

  /// The members that every body may have besides `kind`.
  public static let members = [
    FieldMember(
      "priority", schema: priorities.schema, words: priorities.words, standard: 0, "Higher goes first."),
    FieldMember(
      "time_limit", schema: timeLimits.schema, words: timeLimits.words,
      standardWords: "the configuration's `job_time_limit`",
      "Seconds that the job may run, all attempts together; at most the configuration's `job_time_limit`."),
  ]

  /// The limits that the configuration sets for a job.
  public struct Limits: Sendable {
    /// Seconds; 0 is no limit.
    public var timeLimit: Double

    public init(timeLimit: Double = 0) { self.timeLimit = timeLimit }
  }

  public var kind: JobKind
  /// Jobs of a higher priority run first.
  public var priority: Int
  /// Seconds that the job may run, all attempts together; nil takes the limit of the configuration.
  public var timeLimit: Double?
  public var request: any JobRequest

  /// Reads a body; throws `RequestRejection` with every fault.
  public init(_ body: JSONValue, kinds: [JobKind]) throws(RequestRejection) {
    let faults = RequestFaults()
    let read = Self.read(body, kinds, faults)
    try faults.throwIfAny()
    guard let read else { throw RequestRejection(faults: []) }
    self = read
  }

  /// Reads a body and resolves it. Faults of the body and faults against stored things are thrown together.
  ///
  /// Throws `RequestRejection`. A body without faults of its own may also throw `UnknownResource` and
  /// `NameTaken`.
  public init(
    _ body: JSONValue, kinds: [JobKind], catalog: any Catalog, limits: Limits = .init()
  ) throws {
    let faults = RequestFaults()
    guard var read = Self.read(body, kinds, faults, limits) else {
      throw RequestRejection(faults: faults.list)
    }
    if faults.isEmpty {
      try read.resolve(catalog)
    } else {
      let further = RequestFaults()
      try? read.request.resolve(catalog, further)
      faults.add(further.list, sayingMoreOf: body)
      try faults.throwIfAny()
    }
    self = read
  }

  private static func read(
    _ body: JSONValue, _ kinds: [JobKind], _ faults: RequestFaults, _ limits: Limits = .init()
  ) -> JobBody? {
    let reader = FieldReader(body, faults: faults)
    let names = kinds.map(\.name)
    var chosen: JobKind?
    if let value = reader.requiredValue("kind") {
      chosen = kinds.first { value == .string($0.name) }
      if chosen == nil {
        let suggestion = value.stringValue.map { Spelling.suggestion(for: $0, among: names) } ?? ""
        reader.fault(
          "kind",
          "must be \(FieldReader.words(names, joinedBy: "or")), got \(FieldReader.brief(value))\(suggestion)")
      }
    }
    let priority = reader.value("priority").flatMap {
      Self.priorities.read($0, reader.pointer.appending("priority"), faults)
    }
    let longest = limits.timeLimit > 0 ? limits.timeLimit : 1e9
    let timeLimit = reader.number("time_limit", Self.timeLimits(upTo: longest))
    // Without a kind the allowed members are unknown.
    guard let chosen else { return nil }
    let request = chosen.read(reader)
    reader.finish()
    return JobBody(kind: chosen, priority: priority ?? 0, timeLimit: timeLimit, request: request)
  }

  public init(kind: JobKind, priority: Int = 0, timeLimit: Double? = nil, request: any JobRequest) {
    self.kind = kind
    self.priority = priority
    self.timeLimit = timeLimit
    self.request = request
  }

  /// Checks the request against the stored things and fills in the open members.
  ///
  /// Throws `UnknownResource`, `NameTaken`, or `RequestRejection` with every fault.
  public mutating func resolve(_ catalog: any Catalog) throws {
    let faults = RequestFaults()
    try request.resolve(catalog, faults)
    try faults.throwIfAny()
  }

  /// The body with every default filled in: posting it again gives the same result.
  public var json: JSONValue {
    let head: JSONObject = [
      "kind": .string(kind.name), "priority": JSONValue(priority),
      "time_limit": timeLimit.map(JSONValue.number) ?? .null,
    ]
    return .object(head.merging(request.members))
  }
}
