public enum JobState: String, Sendable, CaseIterable {
  case queued, running, succeeded, failed, cancelled

  public var isFinished: Bool {
    switch self {
    case .queued, .running: false
    case .succeeded, .failed, .cancelled: true
    }
  }
}

/// A job as it is kept. `progress`, `error`, `request`, `estimate` and `result` are JSON.
public struct JobRecord: Hashable, Sendable {
  public let id: String
  public let kind: String
  public let state: JobState
  /// Higher goes first.
  public let priority: Int
  /// Which workers may take it; see `JobStore.claim`.
  public let lane: Int
  /// 1 and the number of crashes it ran into.
  public let attempt: Int
  public let cancelRequested: Bool
  public let created: Timestamp
  public let started: Timestamp?
  public let finished: Timestamp?
  public let progress: String?
  public let error: String?
  public let request: String
  public let estimate: String?
  /// Nil in lists: results can be large.
  public let result: String?
}

public struct NewJob: Sendable {
  public var kind: String
  public var request: String
  /// What it will take, as JSON.
  public var estimate: String?
  public var priority: Int
  public var lane: Int
  /// What must not be deleted before the job is finished.
  public var models: [String]
  public var datasets: [String]
  public var checkpoints: [String]

  public init(
    kind: String, request: String, estimate: String? = nil, priority: Int = 0, lane: Int = 0,
    models: [String] = [],
    datasets: [String] = [],
    checkpoints: [String] = []
  ) {
    self.kind = kind
    self.request = request
    self.estimate = estimate
    self.priority = priority
    self.lane = lane
    self.models = models
    self.datasets = datasets
    self.checkpoints = checkpoints
  }
}

/// How a job ended; the texts are JSON.
public enum JobOutcome: Sendable {
  case succeeded(result: String)
  case failed(error: String)
  case cancelled

  var state: JobState {
    switch self {
    case .succeeded: .succeeded
    case .failed: .failed
    case .cancelled: .cancelled
    }
  }
}

/// Which jobs a list has; what is nil does not matter.
public struct JobFilter: Sendable {
  public var state: JobState?
  public var kind: String?
  /// A model that the job uses.
  public var model: String?

  public init(state: JobState? = nil, kind: String? = nil, model: String? = nil) {
    self.state = state
    self.kind = kind
    self.model = model
  }
}

/// How many jobs of a kind are in a state.
public struct JobCount: Hashable, Sendable {
  public let kind: String
  public let state: JobState
  public let count: Int
}
