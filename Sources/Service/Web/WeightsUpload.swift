import HTTP
import Jobs
import Network
import Storage
import Synchronization
import Tensor

/// Receives `PUT /v1/models/{name}/weights`: a safetensors body, checked against the network as it comes and stored in
/// the form of a download.
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

  private final class Receiver<Element: Scalar>: Sendable {
    private let application: Application
    private let model: CatalogModel
    private let layout: ParameterLayout
    private let reader: Mutex<WeightsReader<Element>>

    init(_ application: Application, _ model: CatalogModel, _ layout: ParameterLayout) {
      self.application = application
      self.model = model
      self.layout = layout
      reader = Mutex(WeightsReader(layout: layout))
    }

    func take(_ exchange: Exchange, limit: Int) {
      exchange.body.stream(limit: limit) { [self] bytes in
        try reader.withLock { reader in try bytes.withUnsafeBytes { try reader.feed($0) } }
      } completion: { [self] result in
        do {
          _ = try result.get()
          let record = try store()
          exchange.respond(
            .json(
              record.json(dataset: model.dataset), .created,
              headers: ["Location": "/v1/checkpoints/\(record.id)"]))
        } catch {
          exchange.respond(application.response(to: error))
        }
      }
    }

    private func store() throws -> CheckpointRecord {
      let state = try reader.withLock { try $0.finish() }
      let writer = BlobWriter(application.store)
      try Weights(layout: layout, precision: Element.precision).write(state) { try writer.append($0) }
      return try writer.finish { [name = model.name] session, blob in
        // Weights that are there already stand for what they stood for. Others are taken for trained on the data of the newest
        // weights, by the recipe that the model has now, whatever the model is trained by later.
        let known = try session.checkpoints.newest(model: name, sha256: blob.sha256)
        let latest = try session.checkpoints.latest(model: name, kinds: [.trained, .uploaded])
        let recipe = try ModelDescription(try session.models.get(name)).model.training
        return try session.checkpoints.create(
          NewCheckpoint(
            model: name, kind: .uploaded,
            training: known.map(\.training) ?? recipe.map { JSONWriter.text($0.json) },
            record: (known ?? latest)?.record, blob: blob.id))
      }
    }
  }
}
