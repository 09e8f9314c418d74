import Dispatch

/// Limits how often costly work is done between steps of microseconds.
struct Pace {
  private var interval: UInt64
  private var last: UInt64

  /// - Parameter seconds: 0 for always.
  init(seconds: Double) {
    interval = UInt64(seconds * 1e9)
    last = DispatchTime.now().uptimeNanoseconds
  }

  /// Whether the interval has passed since the last `true`, or since the start.
  mutating func isDue() -> Bool {
    let now = DispatchTime.now().uptimeNanoseconds
    guard now - last >= interval else { return false }
    last = now
    return true
  }

  /// Must be called when the due work is done. Slow work becomes due less often, so it takes at most a
  /// twentieth of the time.
  mutating func noteDone() {
    guard interval > 0 else { return }
    let now = DispatchTime.now().uptimeNanoseconds
    interval = max(interval, 20 * (now - last))
    last = now
  }
}

extension JobEnvironment {
  /// The pace of saving the state of a run.
  var saving: Pace { Pace(seconds: saveInterval) }
  /// The pace of progress reports.
  var reporting: Pace { Pace(seconds: min(0.05, saveInterval / 100)) }
}
