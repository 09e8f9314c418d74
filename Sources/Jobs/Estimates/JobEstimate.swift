import JSON

/// The estimated cost of a job, shown before the job is queued and checked against the configured limits.
///
/// Seconds are for an otherwise idle machine, within a factor of about 3 if the number of steps is known
/// beforehand. A solve that converges early takes less. Memory is an upper bound.
public struct JobEstimate: Hashable, Sendable {
  public var memoryBytes: Double
  /// The part of `memoryBytes` that would go if a batch were one sample.
  public var batchBytes: Double
  public var seconds: Double
  /// Bytes of the checkpoints and artifacts that the job leaves.
  public var resultBytes: Double

  public init(memoryBytes: Double, batchBytes: Double = 0, seconds: Double, resultBytes: Double) {
    self.memoryBytes = memoryBytes
    self.batchBytes = batchBytes
    self.seconds = seconds
    self.resultBytes = resultBytes
  }

  /// A job's `estimate` member.
  public var json: JSONValue {
    [
      "memory_bytes": JSONValue(Self.whole(memoryBytes)),
      "seconds": .number(Self.rounded(seconds)), "result_bytes": JSONValue(Self.whole(resultBytes)),
    ]
  }

  /// The bytes as an integer, also for the largest request.
  private static func whole(_ bytes: Double) -> Int { Int(exactly: min(bytes, 1e18).rounded()) ?? 0 }

  /// Two digits, because the estimate is no more precise.
  private static func rounded(_ seconds: Double) -> Double {
    guard seconds.isFinite, seconds < 1e15 else { return 1e15 }
    var unit = 0.001
    while seconds >= 100 * unit { unit *= 10 }
    return (seconds / unit).rounded() * unit * 1000 / 1000
  }
}

/// The largest estimate that the service accepts.
public struct JobLimits: Sendable {
  /// Bytes of memory.
  public var memoryBytes: Double
  /// Bytes of the checkpoints and artifacts of a job.
  public var resultBytes: Double
  /// Seconds after which a job is ended; nil for no limit.
  public var seconds: Double?

  public init(memoryBytes: Double = .infinity, resultBytes: Double = .infinity, seconds: Double? = nil) {
    self.memoryBytes = memoryBytes
    self.resultBytes = resultBytes
    self.seconds = seconds
  }

  /// Estimates of time may be wrong by this factor. Only a job that certainly takes too long is refused.
  public static let secondsTolerance = 3.0

  /// The faults of an estimate above the limits. Each fault says which field to lower.
  public func faults(_ estimate: JobEstimate) -> [RequestFault] {
    var faults: [RequestFault] = []
    func add(_ detail: String) { faults.append(RequestFault(pointer: "", detail: detail)) }
    if estimate.memoryBytes > memoryBytes {
      let helps =
        estimate.memoryBytes - estimate.batchBytes <= memoryBytes
        ? "give the training a smaller batch_size"
        : "ask for fewer test points, eigenvalues or a lower rank"
      add(
        "needs about \(Self.size(estimate.memoryBytes)) of memory, and job_memory_limit allows \(Self.size(memoryBytes)): "
          + helps + ", or take a smaller model or data set")
    }
    if estimate.resultBytes > resultBytes {
      add(
        "would leave about \(Self.size(estimate.resultBytes)), and artifact_limit allows \(Self.size(resultBytes)): ask for fewer "
          + "test points or training samples")
    }
    if let seconds, estimate.seconds > Self.secondsTolerance * seconds {
      add(
        "would take about \(Self.time(estimate.seconds)), and job_time_limit allows \(Self.time(seconds)): ask for fewer epochs, "
          + "iterations, samples, candidates or repeats")
    }
    return faults
  }

  private static func size(_ bytes: Double) -> String {
    for (name, unit) in [("TiB", 0x1p40), ("GiB", 0x1p30), ("MiB", 0x1p20)] where bytes >= unit {
      return "\((bytes / unit * 10).rounded() / 10) \(name)"
    }
    return "\((bytes / 1024).rounded()) KiB"
  }

  private static func time(_ seconds: Double) -> String {
    for (name, unit) in [("days", 86400.0), ("hours", 3600), ("minutes", 60)] where seconds >= 2 * unit {
      return "\((seconds / unit * 10).rounded() / 10) \(name)"
    }
    return "\((seconds * 10).rounded() / 10) seconds"
  }
}
