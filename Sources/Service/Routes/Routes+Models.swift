import HTTP
import JSON
import Jobs
import Network
import Storage
import Tensor

extension RouteTable {
  func addModels() {
    blocking(.get, "/v1/models", .never) { application, call in
      try call.checkQuery("limit", "after")
      let paging = try call.paging()
      let items = try application.store.snapshot { session in
        let page = try session.models.list(after: paging.after, limit: paging.limit)
        return (try page.items.map { try session.representation($0, brief: true) }, page.next)
      }
      return try call.respond(items: items.0, next: items.1) { models in
        TextTable.rows(
          [
            "NAME", "DATASET", "ARCHITECTURE", "PRECISION", "PARAMETERS", "CHECKPOINT", "ACCURACY", "CREATED",
          ],
          models.map { model in
            [
              model["name"] ?? .null, model["dataset"] ?? .null,
              model["architecture"]?["name"]
                ?? (model["architecture"]?["layers"] == nil ? model["architecture"] ?? .null : "layers"),
              model["precision"] ?? .null, model["parameters"] ?? .null, model["checkpoint"]?["id"] ?? .null,
              model["metrics"]?["test"]?["accuracy"] ?? model["metrics"]?["accuracy"] ?? .null,
              model["created_at"] ?? .null,
            ]
          })
      }
    }
    deferredJSON(.post, "/v1/models") { application, call, exchange in
      try application.createModel(call, exchange)
    }
    blocking(.get, "/v1/models/{name}", .latest) { application, call in
      try call.checkQuery()
      return try call.respond(try application.modelRepresentation(call.parameter("name")))
    }
    blocking(.delete, "/v1/models/{name}", .never) { application, call in
      try call.checkQuery()
      let name = call.parameter("name")
      try application.store.write { session in
        guard try session.models.find(name) != nil else { throw UnknownResource(.model, name) }
        try session.models.delete(name)
      }
      return Response(.noContent)
    }
  }
}

extension Session {
  /// A model as in `GET /v1/models/{name}`; in lists without its layers and checkpoints.
  func representation(_ record: ModelRecord, brief: Bool = false) throws -> JSONValue {
    let description = try ModelDescription(record)
    let latest =
      try checkpoints.latest(model: record.name, kinds: [.trained, .uploaded])
      ?? checkpoints.latest(model: record.name, kinds: [.initial])
    var object: JSONObject = ["name": .string(record.name), "dataset": .string(record.dataset)]
    object = object.merging(description.json.objectValue ?? [:])
    if object["contract"] == .null {
      // An earlier version did not store the contract. Then the contract of the model's data set counts.
      let contract = try datasets.find(record.dataset).flatMap { try DatasetDescription($0).contract }
      object["contract"] = contract.map { .object($0.json) } ?? .null
    }
    if brief {
      object["layers"] = nil
      object["contract"] = nil
    }
    object["checkpoint"] = try latest?.brief ?? .null
    object["metrics"] = try latest?.metricsJSON ?? .null
    if !brief {
      object["checkpoints"] = .array(
        try checkpoints.list(model: record.name, limit: 50).items.map { try $0.brief })
    }
    object["created_at"] = .string(record.created.description)
    let path = "/v1/models/\(record.name)"
    object["links"] = [
      "self": .string(path), "checkpoints": .string(path + "/checkpoints"),
      "weights": .string(path + "/weights"),
      "dataset": .string("/v1/datasets/\(record.dataset)"), "jobs": .string("/v1/jobs?model=\(record.name)"),
    ]
    return .object(object)
  }
}

extension Application {
  /// A model as in `GET /v1/models/{name}`.
  ///
  /// Throws `UnknownResource`.
  func modelRepresentation(_ name: String) throws -> JSONValue {
    try store.snapshot { session in
      guard let record = try session.models.find(name) else { throw UnknownResource(.model, name) }
      return try session.representation(record)
    }
  }

  fileprivate func createModel(_ call: Call, _ exchange: Exchange) throws {
    try call.checkQuery()
    let key = try call.idempotencyKey()
    if let known = try known(key) {
      exchange.respond(known)
      return
    }
    let request = try CreateModelRequest(call.json(), catalog: catalog)
    guard let network = request.network else { throw Problem(.conflict, "the data set is not complete yet") }
    try checkSize(network, request.precision)
    let name = request.name
    let dataset = request.dataset
    let description = JSONWriter.text(ModelDescription(request.record, network: network).json)
    if let recipe = request.training {
      try requireWorkers()
      guard let kind = kinds.first(where: { $0.name == TrainRequest.kind }) else {
        throw Problem(.notImplemented, "this service does not train")
      }
      let train = TrainRequest(
        model: name, checkpoint: TrainRequest.initial, seed: request.seed, recipe: recipe)
      let body = JobBody(kind: kind, request: train)
      let set = try catalog.dataset(named: dataset)
      let estimate = try checked(
        set.map { try TrainRequest.estimate(recipe, of: request.record, $0, machine) })
      let job = NewJob(
        kind: kind.name, request: JSONWriter.text(body.json),
        estimate: estimate.map { JSONWriter.text($0.json) }, lane: JobQueue.lane(of: kind), models: [name],
        datasets: [dataset])
      let limit = configuration.queueLimit
      return queueJob(key, exchange) { session in
        try session.models.create(name: name, dataset: dataset, description: description)
        let record = try session.jobs.create(job, queueLimit: limit)
        try session.appendState(record.id, .queued)
        try session.record(key, status: 202, made: .job(record.id))
        return record
      }
    }
    let pending = try initialWeights(request, network)
    let resource = MadeResource.model(name)
    do {
      let made = try store.write { session -> Result<JSONValue, Repeated> in
        if let earlier = try session.known(key) { return .failure(earlier) }
        let record = try session.models.create(name: name, dataset: dataset, description: description)
        let blob = try session.blobs.seal(pending)
        try session.checkpoints.create(NewCheckpoint(model: name, kind: .initial, blob: blob.id))
        try session.record(key, status: 201, made: resource)
        return .success(try session.representation(record))
      }
      exchange.respond(.json(try made.get(), .created, headers: ["Location": resource.path]))
    } catch {
      try? store.write(durability: .relaxed) { try $0.blobs.discard(pending) }
      guard let earlier = error as? Repeated else { throw error }
      exchange.respond(try repeated(earlier))
    }
  }

  /// Refuses a model whose weights are too large for a download or an upload.
  private func checkSize(_ network: Architecture, _ precision: Precision) throws {
    let bytes = try Weights(layout: network.layout, precision: precision).byteCount()
    guard bytes > configuration.blobLimit else { return }
    throw RequestRejection(faults: [
      RequestFault(
        pointer: "/architecture",
        detail: "has \(network.layout.parameterCount) parameters, \(bytes) bytes; "
          + "blob_limit allows \(configuration.blobLimit) bytes")
    ])
  }

  /// The initial weights of a model, written as a blob that no row owns yet.
  private func initialWeights(_ request: CreateModelRequest, _ network: Architecture) throws -> PendingBlob {
    let writer = BlobWriter(store)
    let weights = Weights(layout: network.layout, precision: request.precision)
    func write<Element: Scalar>(_: Element.Type) throws {
      let state = NetworkState<Element>(initial: network.layout, seed: UInt64(request.seed))
      try weights.write(state) { try writer.append($0) }
    }
    switch request.precision {
    case .float32: try write(Float.self)
    case .float64: try write(Double.self)
    }
    return try writer.flush()
  }
}
