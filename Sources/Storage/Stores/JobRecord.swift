public enum JobState: String, Sendable, CaseIterable {
  case queued, running, succeeded, failed, cancelled

  public var isFinished: Bool {
    switch self {
    case .queued, .running: false
    case .succeeded, .failed, .cancelled: true
    }
  }
}

/// A stored job. `progress`, `error`, `request`, `estimate` and `result` are JSON.
public struct JobRecord: Hashable, Sendable {
  public let id: String
  public let kind: String
  public let state: JobState
  /// Jobs of higher priority run first.
  public let priority: Int
  /// Decides which workers may take the job; see `JobStore.claim`.
  public let lane: Int
  /// 1 plus the number of crashes while it ran.
  public let attempt: Int
  public let cancelRequested: Bool
  public let created: Timestamp
  public let started: Timestamp?
  public let finished: Timestamp?
  public let progress: String?
  public let error: String?
  public let request: String
  public let estimate: String?
  /// Nil in lists, because results can be large.
  public let result: String?
}

public struct NewJob: Sendable {
  public var kind: String
  public var request: String
  /// The estimate of time and memory, as JSON.
  public var estimate: String?
  public var priority: Int
  public var lane: Int
  /// Models that must not be deleted before the job is finished.
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

/// The end of a job. The texts are JSON.
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

/// The jobs that a list has. A nil member does not restrict it.
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

/// The number of jobs of a kind in a state.
public struct JobCount: Hashable, Sendable {
  public let kind: String
  public let state: JobState
  public let count: Int
}
