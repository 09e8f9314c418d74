import Glibc
import Synchronization

/// The connection of a client: a parser, the exchange under way, and the output that waits.
///
/// Everything mutable belongs to the queue of `loop`. Calls from other threads are moved to it. One request
/// is under way at a time; the bytes behind it stay in `stash` and in the socket.
final class Connection: Transport, @unchecked Sendable {
  /// How much of the request under way is read.
  enum Intake { case head, body, ended }
  /// How much of it is answered.
  enum Outcome { case idle, awaited, streaming, done }

  /// The most bytes that are read ahead while no body is expected.
  static let headRead = 16 << 10
  /// Unsent bytes above which no further request is taken.
  static let sendWindow = 256 << 10
  /// The most bytes of an unwanted body that are read to keep the connection.
  static let discardBudget = 64 << 10

  let descriptor: Int32
  let loop: EventLoop
  let core: ServerCore
  let key: AddressKey
  let remoteAddress: String
  /// The place in the table of the loop. Events name the connection by it.
  var slot = -1
  var token: UInt64 = 0
  /// The time of the next call of `expired`.
  var deadline = UInt64.max

  var parser: RequestParser
  var stash = Stash()
  var intake = Intake.head
  var outcome = Outcome.idle
  var taker = BodyTaker.nobody
  var exchange: UInt64 = 0

  // The request under way.
  var request: Request?
  var label: Int?
  var started: UInt64 = 0
  var answersHead = false
  var isVersion10 = false
  var expectsContinue = false
  var remainingLength: Int?
  var closesAfterResponse = false
  var closeActions: [@Sendable () -> Void] = []
  weak var writer: BodyWriter?

  // Output that waits to be sent.
  var pending: [Pending] = []
  var pendingFirst = 0
  var pendingBytes = 0
  var finalStatus = Status.ok
  var bodyBytes = 0

  // The life of the connection.
  /// Whether an event of the loop is under way. Its output is gathered in `loop.output` until its end.
  var isActive = false
  var inputEnded = false
  var closesWhenSent = false
  var lingering = false
  var lingered = 0
  /// Whether the body of the last request was refused before its end. Then lingering goes on to that end.
  var isBodyRefused = false
  var closed = false

  // Deadlines, in nanoseconds of the monotonic clock; 0 for none.
  var headStart: UInt64 = 0
  var idleStart: UInt64
  var served = false
  var bodyBudget: UInt64 = 0
  var bodyWait: UInt64 = 0
  var writeLimit: UInt64 = 0

  private var interest = Poller.Interest.reading

  struct Pending {
    var bytes: [UInt8]
    var offset: Int
    var completion: (@Sendable (Bool) -> Void)?
  }

  init(descriptor: Int32, key: AddressKey, remoteAddress: String, loop: EventLoop, core: ServerCore) {
    self.descriptor = descriptor
    self.key = key
    self.remoteAddress = remoteAddress
    self.loop = loop
    self.core = core
    parser = RequestParser(limits: core.configuration.parserLimits)
    idleStart = monotonicNow()
  }

  // MARK: Life

  /// Joins the loop; called on it.
  func open() {
    guard loop.add(self, interest), !core.isStopping else { return close() }
    settle()
  }

  /// Ends an event: sends its output, then decides what comes next.
  func leave() {
    if inputEnded, intake == .body, stash.isEmpty, takerWantsMore {
      if case .discard = taker { closesWhenSent = true }
      failBody(.disconnected)
    }
    flush()
    isActive = false
    settle()
  }

  /// Ends the connection at once.
  func close() {
    guard !closed else { return }
    closed = true
    deadline = .max
    loop.remove(self)
    failTaker(.disconnected)
    writer?.disconnect()
    for action in closeActions { action() }
    closeActions = []
    if outcome == .awaited || outcome == .streaming { complete(whole: false) }
    let unsent = pending[pendingFirst...]
    pending = []
    pendingFirst = 0
    core.unreserveUnsent(pendingBytes)
    pendingBytes = 0
    for piece in unsent { piece.completion?(false) }
    stash.clear()
    _ = Glibc.close(descriptor)
    core.connectionClosed(key)
  }

  /// Takes no new request. An idle connection closes now.
  func wind() {
    guard !closed else { return }
    if lingering { return hastenLinger() }
    closesAfterResponse = true
    if intake == .head, outcome == .idle, pending.isEmpty, !parser.isInHead { linger() }
  }

  // MARK: After each event

  /// Decides what the connection waits for: closing, reading, and the deadline.
  func settle() {
    guard !closed, !lingering else { return }
    if pendingBytes == 0, outcome != .streaming {
      if closesWhenSent { return linger() }
      if inputEnded, stash.isEmpty, outcome != .awaited { return close() }
    }
    let wantsBody = intake == .body && takerWantsMore
    setReading(!inputEnded && stash.isEmpty && (intake != .body || wantsBody))
    updateDeadline(wantsBody: wantsBody)
  }

  private func updateDeadline(wantsBody: Bool) {
    let now = loop.eventTime
    if pendingBytes > 0 {
      deadline = writeLimit
    } else if wantsBody {
      if bodyWait == 0 { bodyWait = now }
      deadline = bodyWait &+ bodyBudget
    } else if intake == .head, outcome == .idle {
      if parser.isInHead {
        if headStart == 0 { headStart = now }
        deadline = headStart &+ core.headDeadline
      } else {
        deadline = idleStart &+ (served ? core.idleDeadline : core.headDeadline)
      }
    } else {
      deadline = .max
    }
    if !wantsBody, bodyWait != 0 {
      chargeBody(now: now, received: 0)
      bodyWait = 0
    }
  }

  /// Subtracts the time waited from the budget of the body, and adds the worth of the bytes.
  func chargeBody(now: UInt64, received: Int) {
    guard bodyWait != 0 else { return }
    let waited = now &- bodyWait
    bodyBudget = waited < bodyBudget ? bodyBudget - waited : 0
    bodyBudget = min(core.bodyDeadline, bodyBudget &+ core.worth(received))
    bodyWait = now
  }

  /// The loop has found `deadline` in the past.
  func expired(_ now: UInt64) {
    loop.eventTime = now
    if lingering || pendingBytes > 0 { return close() }
    switch intake {
    case .body:
      if case .discard = taker { return close() }
      isActive = true
      failBody(.bodyTimeout)
      leave()
    case .head where outcome == .idle:
      guard parser.isInHead else { return close() }
      isActive = true
      refuse(.headTimeout)
      leave()
    default:
      deadline = .max
    }
  }

  // MARK: Readiness

  func setReading(_ wanted: Bool) {
    setInterest(wanted ? interest.union(.reading) : interest.subtracting(.reading))
  }

  func setWriting(_ wanted: Bool) {
    setInterest(wanted ? interest.union(.writing) : interest.subtracting(.writing))
  }

  private func setInterest(_ wanted: Poller.Interest) {
    guard wanted != interest, !closed else { return }
    interest = wanted
    loop.change(self, wanted)
  }

  /// The loop has seen the descriptor ready.
  func ready(_ event: Poller.Event) {
    if interest.contains(.writing), event.isWritable || event.isBroken { writable() }
    guard !closed, event.isReadable || event.isBroken else { return }
    if interest.contains(.reading) {
      readable()
    } else if event.isBroken {
      // Nobody reads now and would see the failure, and nothing can be sent any more.
      close()
    }
  }
}
