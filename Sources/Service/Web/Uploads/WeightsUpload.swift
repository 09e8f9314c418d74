import Formats
import HTTP
import JSON
import Jobs
import Network
import Storage
import Synchronization
import Tensor

/// Receives `PUT /v1/models/{name}/weights`: a safetensors body, checked against the network as it arrives
/// and stored in the form of a download.
///
/// The same body again, as after a lost answer, is answered with the checkpoint that it made. This holds as
/// long as `GET` of the same path gives that checkpoint (RFC 9110 §9.2.2).
enum WeightsUpload {
  static func receive(_ application: Application, _ call: Call, _ exchange: Exchange) throws {
    try call.checkQuery()
    try call.checkBlobBody()
    let name = call.parameter("name")
    guard let model = try application.catalog.model(named: name) else { throw UnknownResource(.model, name) }
    guard let set = try application.catalog.dataset(named: model.dataset) else {
      throw UnknownResource(.dataset, model.dataset)
    }
    let limit = application.configuration.blobLimit
    if let length = exchange.body.contentLength, length > limit { throw HTTPError.bodyTooLarge(limit: limit) }
    let layout = try model.network(for: set).layout
    switch model.precision {
    case .float32: Receiver<Float>(application, model, layout).take(exchange, limit: limit)
    case .float64: Receiver<Double>(application, model, layout).take(exchange, limit: limit)
    }
  }

  /// Seconds that a body is remembered.
  private static let memorySeconds = 365.0 * 86400

  /// The body has already made this checkpoint.
  private struct MadeBefore: Error {
    let record: CheckpointRecord
  }

  private final class Receiver<Element: Scalar>: Sendable {
    private struct State {
      var reader: WeightsReader<Element>
      var hash = SHA256()
    }

    private let application: Application
    private let model: CatalogModel
    private let layout: ParameterLayout
    private let state: Mutex<State>

    init(_ application: Application, _ model: CatalogModel, _ layout: ParameterLayout) {
      self.application = application
      self.model = model
      self.layout = layout
      state = Mutex(State(reader: WeightsReader(layout: layout)))
    }

    func take(_ exchange: Exchange, limit: Int) {
      exchange.body.stream(limit: limit) { [self] bytes in
        try state.withLock { state in
          state.hash.update(bytes)
          try bytes.withUnsafeBytes { try state.reader.feed($0) }
        }
      } completion: { [self] result in
        do {
          _ = try result.get()
          exchange.respond(try answer())
        } catch {
          exchange.respond(application.response(to: error))
        }
      }
    }

    private func answer() throws -> Response {
      let (weights, body, notes, warnings) = try state.withLock { state in
        let weights = try state.reader.finish()
        return (weights, state.hash.digest(), state.reader.notes, state.reader.warnings)
      }
      var status = Status.created
      var record: CheckpointRecord
      do {
        record = try store(weights, body)
      } catch let known as MadeBefore {
        status = .ok
        record = known.record
      }
      var json = try record.json(dataset: model.dataset).objectValue ?? [:]
      json["notes"] = JSONValue(notes)
      json["warnings"] = JSONValue(warnings)
      return .json(.object(json), status, headers: ["Location": "/v1/checkpoints/\(record.id)"])
    }

    /// Throws `MadeBefore` if the body is known; then nothing is stored.
    private func store(_ weights: NetworkState<Element>, _ body: SHA256.Digest) throws -> CheckpointRecord {
      let writer = BlobWriter(application.store)
      try Weights(layout: layout, precision: Element.precision).write(weights) { try writer.append($0) }
      return try writer.finish { [name = model.name] session, blob in
        // If two equal bodies arrive at once, the second finds the checkpoint of the first.
        let latest = try session.checkpoints.latest(model: name, kinds: [.trained, .uploaded])
        let key = "PUT /v1/models/\(name)/weights \(body.hexadecimal)"
        let prefix = "/v1/checkpoints/"
        if let latest, try session.idempotency.find(key: key, body: body)?.resource == prefix + latest.id {
          throw MadeBefore(record: latest)
        }
        // Known weights keep their recipe and record. Unknown weights count as trained on the data of the
        // newest weights, by the present recipe of the model. Later training of the model does not change
        // this.
        let known = try session.checkpoints.newest(model: name, sha256: blob.sha256)
        let recipe = try ModelDescription(try session.models.get(name)).model.training
        let record = try session.checkpoints.create(
          NewCheckpoint(
            model: name, kind: .uploaded,
            training: known.map(\.training) ?? recipe.map { JSONWriter.text($0.json) },
            record: (known ?? latest)?.record, blob: blob.id))
        try session.idempotency.record(
          key: key, body: body, status: Status.created.code, resource: prefix + record.id,
          lifetimeSeconds: memorySeconds)
        return record
      }
    }
  }
}
