import Dispatch
import HTTP
import JSON
import Jobs
import Storage
import Synchronization

/// Server-sent events of a job: `progress` and `state`, from the one after `Last-Event-ID` until the job has
/// ended. The answer is 204 if no event is left.
final class EventStream: Sendable {
  /// A client with this many unread bytes is disconnected. It can resume.
  private static let backlogLimit = 1 << 20
  /// Seconds between comments that keep the connection and its proxies open.
  private static let heartbeat = 15

  private let application: Application
  private let job: String
  private let writer: BodyWriter
  private let queue = DispatchQueue(label: "service.events")
  private let last: Mutex<Int>
  private let token = Mutex<JobSignals.Token?>(nil)
  private let isEnded = Atomic<Bool>(false)

  static func answer(_ application: Application, _ call: Call, _ exchange: Exchange) throws {
    try call.checkQuery()
    let job = call.parameter("id")
    let isFinished = try application.job(job).state.isFinished
    guard Negotiation.preferred(["text/event-stream"], accept: call.request.headers) != nil else {
      throw Problem(.notAcceptable, "events are available as text/event-stream")
    }
    var after = 0
    if let text = call.request.headers.first(named: "Last-Event-ID") {
      guard let id = Int(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw Problem(
          .badRequest, "Last-Event-ID must be the id of an event, got \(FieldReader.brief(.string(text)))")
      }
      after = id
    }
    // A client reconnects to a stream that just ends. The 204 says that there is no more (HTML, 9.2
    // Server-sent events).
    if isFinished,
      try application.store.read({ try $0.events.list(job: job, after: after, limit: 1).isEmpty })
    {
      exchange.respond(Response(.noContent, headers: ["Cache-Control": "no-store"]))
      return
    }
    let body = Response.Body.channel(length: nil) { [after] writer in
      EventStream(application, job: job, writer: writer, after: after).begin()
    }
    exchange.respond(
      Response(.ok, headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store"], body: body))
  }

  private init(_ application: Application, job: String, writer: BodyWriter, after: Int) {
    self.application = application
    self.job = job
    self.writer = writer
    last = Mutex(after)
  }

  private func begin() {
    // The subscription holds the stream until it ends.
    let subscription = application.signals.subscribe(job) { [self] in queue.async { self.send() } }
    token.withLock { $0 = subscription }
    // A signal may have ended the stream before the token existed.
    if isEnded.load(ordering: .sequentiallyConsistent) { application.signals.unsubscribe(subscription) }
    queue.async { self.send() }
    beat()
  }

  private func beat() {
    queue.asyncAfter(deadline: .now() + .seconds(Self.heartbeat)) { [weak self] in
      guard let self, !isEnded.load(ordering: .relaxed) else { return }
      if (try? writer.send(": still here\n\n")) == nil { return end() }
      beat()
    }
  }

  /// Sends the events since the last call. Runs on the stream's queue.
  private func send() {
    guard !isEnded.load(ordering: .relaxed) else { return }
    guard writer.isOpen, writer.pendingBytes < Self.backlogLimit else { return end() }
    do {
      let after = last.withLock { $0 }
      let (events, record) = try application.store.snapshot { session in
        (try session.events.list(job: job, after: after), try session.jobs.find(job))
      }
      var text = ""
      for event in events {
        text += "id: \(event.id)\nevent: \(event.name)\ndata: \(event.data)\n\n"
      }
      if let newest = events.last { last.withLock { $0 = newest.id } }
      if !text.isEmpty { try writer.send(text) }
      // An ended job has no later events. If the service stops, the client follows the job elsewhere.
      if record?.state.isFinished ?? true || !application.queue.isReady { end() }
    } catch {
      end()
    }
  }

  private func end() {
    guard !isEnded.exchange(true, ordering: .relaxed) else { return }
    let subscription = token.withLock { token in
      defer { token = nil }
      return token
    }
    if let subscription { application.signals.unsubscribe(subscription) }
    writer.finish()
  }
}
