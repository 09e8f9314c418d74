import HTTP
import JSON
import Jobs
import Storage

extension RouteTable {
  func addCheckpoints() {
    immediate(.get, "/v1/models/{name}/checkpoints", .never) { application, call in
      try call.checkQuery("limit", "after")
      let paging = try call.paging()
      let name = call.parameter("name")
      let page = try application.store.snapshot { session in
        guard try session.models.find(name) != nil else { throw UnknownResource(.model, name) }
        return try session.checkpoints.list(model: name, after: paging.after, limit: paging.limit)
      }
      return try call.respond(items: try page.items.map { try $0.brief }, next: page.next) { checkpoints in
        TextTable.rows(
          ["ID", "KIND", "JOB", "PARENT", "BYTES", "CREATED"],
          checkpoints.map { item in
            ["id", "kind", "job", "parent", "bytes", "created_at"].map { item[$0] ?? .null }
          })
      }
    }
    immediate(.get, "/v1/checkpoints/{id}", .latest) { application, call in
      try call.checkQuery()
      let checkpoint = try application.checkpoint(call.parameter("id"))
      return try call.respond(
        try checkpoint.json(dataset: try application.catalog.model(named: checkpoint.model)?.dataset))
    }
    blocking(.delete, "/v1/checkpoints/{id}", .never) { application, call in
      try call.checkQuery()
      let id = call.parameter("id")
      _ = try application.checkpoint(id)
      try application.store.write { try $0.checkpoints.delete(id) }
      return Response(.noContent)
    }
    loading(.get, "/v1/checkpoints/{id}/weights", .forever) { application, call in
      try call.checkQuery()
      return try application.weights(try application.checkpoint(call.parameter("id")), call)
    }
    loading(.get, "/v1/models/{name}/weights", .latest) { application, call in
      try call.checkQuery()
      let name = call.parameter("name")
      guard try application.catalog.model(named: name) != nil else { throw UnknownResource(.model, name) }
      guard let latest = try application.catalog.latestCheckpoint(ofModel: name) else {
        throw Problem(.conflict, "the model \"\(name)\" has no weights yet: its training has not ended")
      }
      return try application.weights(try application.checkpoint(latest.id), call)
    }
    exchange(.put, "/v1/models/{name}/weights") { application, call, exchange in
      try WeightsUpload.receive(application, call, exchange)
    }
  }
}

extension CheckpointRecord {
  /// Throws `JobFailure.corrupt`, as what follows does.
  var metricsJSON: JSONValue { get throws { try read { try JSONParser.parse(metrics) } } }

  /// A checkpoint as in `GET /v1/checkpoints/{id}`: with the training data that it stands for.
  func json(dataset: String?) throws -> JSONValue {
    let known = try edits
    let record = (["dataset": JSONValue(dataset)] as JSONObject).merging(known.json.objectValue ?? [:])
    let recipe = try read { try training.map { try JSONParser.parse($0) } ?? .null }
    return .object(try members.merging(["training": recipe, "record": .object(record)]))
  }

  /// A checkpoint as in lists and models. Its recipe and its record are left out, because they may name very
  /// many samples.
  var brief: JSONValue { get throws { .object(try members) } }

  private var members: JSONObject {
    get throws {
      [
        "id": .string(id), "model": .string(model), "kind": .string(kind.rawValue), "job": JSONValue(job),
        "parent": JSONValue(parent), "metrics": try metricsJSON, "bytes": JSONValue(blob.byteCount),
        "sha256": .string(blob.sha256.hexadecimal), "created_at": .string(created.description),
        "links": [
          "self": .string("/v1/checkpoints/\(id)"), "weights": .string("/v1/checkpoints/\(id)/weights"),
          "model": .string("/v1/models/\(model)"),
        ],
      ]
    }
  }
}

extension Application {
  func checkpoint(_ id: String) throws -> CheckpointRecord {
    guard let record = try store.read({ try $0.checkpoints.find(id) }) else {
      throw UnknownResource(.checkpoint, id)
    }
    return record
  }

  fileprivate func weights(_ record: CheckpointRecord, _ call: Call) throws -> Response {
    try BlobResponse.of(
      record.blob, in: store, request: call.request,
      fileName: "\(record.model)-\(record.kind.rawValue)-\(record.id).safetensors",
      type: "application/octet-stream")
  }
}
