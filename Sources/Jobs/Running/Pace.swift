import Dispatch

/// Says now and then that a while has passed: for what steps of microseconds cannot each afford.
struct Pace {
  private var interval: UInt64
  private var last: UInt64

  /// - Parameter seconds: 0 for always.
  init(seconds: Double) {
    interval = UInt64(seconds * 1e9)
    last = DispatchTime.now().uptimeNanoseconds
  }

  /// Whether the interval has passed since this was last true, or since the start.
  mutating func isDue() -> Bool {
    let now = DispatchTime.now().uptimeNanoseconds
    guard now - last >= interval else { return false }
    last = now
    return true
  }

  /// To be called when what was due is done: something that takes long is due less often, for a twentieth of the time at
  /// most.
  mutating func noteDone() {
    guard interval > 0 else { return }
    let now = DispatchTime.now().uptimeNanoseconds
    interval = max(interval, 20 * (now - last))
    last = now
  }
}

extension JobEnvironment {
  /// For saving the state of a run.
  var saving: Pace { Pace(seconds: saveInterval) }
  /// For saying how far a run is.
  var reporting: Pace { Pace(seconds: min(0.05, saveInterval / 100)) }
}
