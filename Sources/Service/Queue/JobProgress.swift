import JSON
import Jobs

/// The progress of a running job, the seconds of its phases, and the time of the last store.
struct JobProgress: Sendable {
  /// Seconds between two stored states.
  private static let interval = 0.25

  private var phase: String?
  private var detail = ""
  private var estimate = ProgressEstimate()
  /// In order of first use. The running phase lacks its last stretch.
  private var seconds: [(phase: String, seconds: Double)] = []
  private var phaseStart = 0.0
  private var lastPublished = -1.0
  var isPublishing = false
  var isEnded = false

  /// Continues from the seconds of earlier attempts.
  mutating func takeUp(_ stored: JSONValue) {
    seconds = (stored["seconds"]?.objectValue ?? [:]).members.compactMap { member in
      member.value.doubleValue.map { (member.name, $0) }
    }
  }

  /// Records a step. Returns true if the step should be stored: at once for a new phase, else a few times a
  /// second.
  mutating func record(_ fraction: Double, phase: String, detail: String, at now: Double) -> Bool {
    let isNewPhase = self.phase != phase
    if isNewPhase {
      seconds = allSeconds(at: now)
      phaseStart = now
      self.phase = phase
    }
    self.detail = detail
    estimate.record(fraction, at: now)
    guard !isEnded, !isPublishing, isNewPhase || now - lastPublished >= Self.interval else { return false }
    isPublishing = true
    lastPublished = now
    return true
  }

  func allSeconds(at now: Double) -> [(phase: String, seconds: Double)] {
    guard let phase else { return seconds }
    var all = seconds
    if let place = all.firstIndex(where: { $0.phase == phase }) {
      all[place].seconds += now - phaseStart
    } else {
      all.append((phase, now - phaseStart))
    }
    return all
  }

  /// The progress as a client sees it, with the seconds of the phases.
  func json(at now: Double) -> JSONValue {
    [
      "fraction": .number((estimate.fraction * 1e4).rounded() / 1e4), "phase": JSONValue(phase),
      "detail": .string(detail),
      "eta": estimate.remaining(at: now).map { .number(($0 * 10).rounded() / 10) } ?? .null,
      "seconds": .object(JSONObject(allSeconds(at: now).map { ($0.phase, .milliseconds($0.seconds)) })),
    ]
  }
}

extension JSONValue {
  /// Seconds, rounded to the millisecond.
  static func milliseconds(_ seconds: Double) -> JSONValue { .number((seconds * 1000).rounded() / 1000) }
}
