import Datasets
import Formats
import HTTP
import JSON
import Jobs
import Storage

extension RouteTable {
  func addDatasets() {
    blocking(.get, "/v1/datasets", .never) { application, call in
      try call.checkQuery("limit", "after")
      let paging = try call.paging()
      let page = try application.store.read { try $0.datasets.list(after: paging.after, limit: paging.limit) }
      return try call.respond(
        items: try page.items.map { try application.representation($0, brief: true) }, next: page.next
      ) { items in
        TextTable.rows(
          ["NAME", "STATE", "SHAPE", "CLASSES", "TRAIN", "TEST", "FORMAT", "CREATED"],
          items.map { item in
            [
              item["name"] ?? .null, item["state"] ?? .null,
              .string(
                item["shape"]?.arrayValue.map { $0.map(TextTable.cell).joined(separator: "×") } ?? "-"),
              item["classes"] ?? .null, item["splits"]?["train"]?["count"] ?? .null,
              item["splits"]?["test"]?["count"] ?? .null, item["source"]?["format"] ?? .null,
              item["created_at"] ?? .null,
            ]
          })
      }
    }
    json(.post, "/v1/datasets") { application, call in try application.createDataset(call) }
    blocking(.get, "/v1/datasets/{name}", .latest) { application, call in
      try call.checkQuery()
      let record = try application.dataset(call.parameter("name"))
      return try call.respond(try application.representation(record))
    }
    blocking(.delete, "/v1/datasets/{name}", .never) { application, call in
      try call.checkQuery()
      try application.deleteDataset(call.parameter("name"))
      return Response(.noContent)
    }
    loading(.get, "/v1/datasets/{name}/{split}/{part}", .latest) { application, call in
      try call.checkQuery()
      return try application.sample(call)
    }
    exchange(.put, "/v1/datasets/{name}/{split}/{part}") { application, call, exchange in
      try DatasetUpload.receive(application, call, exchange)
    }
  }
}

extension Session {
  /// The name of a data set that is derived from this one whenever it is loaded.
  func setDerived(from name: String) throws -> String? {
    var after: String?
    repeat {
      let page = try datasets.list(after: after, limit: 200)
      // Another set whose source cannot be read may be derived from this one, so its fault is thrown.
      for other in page.items where other.name != name {
        if try other.sourceJSON["of"] == .string(name) { return other.name }
      }
      after = page.next
    } while after != nil
    return nil
  }
}

extension Application {
  func dataset(_ name: String) throws -> DatasetRecord {
    guard let record = try store.read({ try $0.datasets.find(name) }) else {
      throw UnknownResource(.dataset, name)
    }
    return record
  }

  /// A data set as in `GET /v1/datasets/{name}`; in lists without the numbers of every feature.
  func representation(_ record: DatasetRecord, brief: Bool = false) throws -> JSONValue {
    var object: JSONObject = [
      "name": .string(record.name), "state": .string(record.state.rawValue),
      "created_at": .string(record.created.description), "source": try record.sourceJSON,
    ]
    var description = try DatasetDescription(record).json
    if brief {
      description["normalization"] = nil
      description["overflow"] = nil
      for split in ["train", "test"] {
        if let count = JSONValue.object(description)["splits"]?[split]?["count"] {
          var splits = description["splits"]?.objectValue ?? [:]
          splits[split] = ["count": count]
          description["splits"] = .object(splits)
        }
      }
    }
    object = object.merging(description)
    object["links"] = ["self": .string("/v1/datasets/\(record.name)")]
    return .object(object)
  }

  fileprivate func createDataset(_ call: Call) throws -> Response {
    try call.checkQuery()
    let key = try call.idempotencyKey()
    if let known = try known(key) { return known }
    let request = try CreateDatasetRequest(call.json())
    if try store.read({ try $0.datasets.find(request.name) }) != nil {
      throw NameTaken(.dataset, request.name)
    }
    var base: DatasetRecord?
    if let name = request.source.base {
      let record = try dataset(name)
      guard record.state == .ready else {
        throw RequestRejection(faults: [
          RequestFault(pointer: "/source/of", detail: "names the data set \"\(name)\", which is not complete")
        ])
      }
      base = record
    }
    let state: DatasetState
    let described: DatasetDescription
    if request.source.upload != nil {
      state = .incomplete
      described = try DatasetDescription(
        of: request.name, parts: [], missing: DatasetUpload.missingAtFirst)
    } else {
      // The set is made once to check it and to describe it.
      (state, described) = (.ready, DatasetDescription(try library.make(request.source, name: request.name)))
    }
    let description = JSONWriter.text(.object(described.json))
    let source = JSONWriter.text(request.source.json)
    let resource = MadeResource.dataset(request.name)
    let made = try store.write { [base] session -> Result<DatasetRecord, Repeated> in
      if let earlier = try session.known(key) { return .failure(earlier) }
      // The base may have been deleted and made again while the set was made.
      if let base, try session.datasets.find(base.name)?.id != base.id {
        throw Problem(.conflict, "the data set \"\(base.name)\" was deleted meanwhile")
      }
      let record = try session.datasets.create(
        name: request.name, state: state, source: source, description: description)
      try session.record(key, status: 201, made: resource)
      return .success(record)
    }
    switch made {
    case .failure(let earlier): return try repeated(earlier)
    case .success(let record):
      return .json(try representation(record), .created, headers: ["Location": resource.path])
    }
  }

  fileprivate func deleteDataset(_ name: String) throws {
    _ = try dataset(name)
    try store.write { session in
      if let derived = try session.setDerived(from: name) {
        throw StorageError.inUse(.dataset, name, by: "the data set '\(derived)', which is derived from it")
      }
      try session.datasets.delete(name)
    }
  }

  // MARK: Samples

  fileprivate func sample(_ call: Call) throws -> Response {
    let record = try dataset(call.parameter("name"))
    let splitName = call.parameter("split")
    guard splitName == "train" || splitName == "test" else {
      throw Problem(
        .notFound,
        "a data set has the splits \"train\" and \"test\", not \(FieldReader.brief(.string(splitName)))")
    }
    guard record.state == .ready else {
      throw Problem(.conflict, "the data set \"\(record.name)\" is not complete yet")
    }
    let set = try library.load(record.name)
    let split = splitName == "train" ? set.train : set.test
    let text = call.parameter("part")
    guard let index = Int(text), split.labels.indices.contains(index) || (0..<split.count).contains(index),
      String(index) == text
    else {
      throw Problem(
        .notFound,
        "the split \"\(splitName)\" has the samples 0 to \(split.count - 1), not \(FieldReader.brief(.string(text)))"
      )
    }
    let offers =
      set.isPictures ? ["application/json", "image/png", "text/plain"] : ["application/json", "text/plain"]
    switch Negotiation.preferred(offers, accept: call.request.headers) {
    case "image/png":
      guard let picture = split.picture(at: index) else {
        throw Problem(.notAcceptable, "samples of the shape \(set.shape) cannot be shown as a picture")
      }
      let bytes = try PNG.encode(
        picture.pixels, width: picture.width, height: picture.height,
        color: picture.channels == 1 ? .grayscale : .rgb)
      return Response(
        .ok,
        headers: [
          "Content-Type": "image/png", "Vary": "Accept",
          "Content-Disposition": "inline; filename=\"\(set.name)-\(splitName)-\(index).png\"",
        ], body: .bytes(bytes))
    case "text/plain":
      return .table(TextTable.object(json(of: index, split, splitName, set).objectValue ?? [:]))
    case .some: return .json(json(of: index, split, splitName, set))
    case nil: throw Problem(.notAcceptable, "a sample is available as \(offers.joined(separator: ", "))")
    }
  }

  private func json(of index: Int, _ split: Split, _ splitName: String, _ set: Dataset) -> JSONValue {
    var object: JSONObject = [
      "dataset": .string(set.name), "split": .string(splitName), "index": JSONValue(index),
      "shape": JSONValue(set.shape.dimensions),
    ]
    if let targets = split.targets {
      let outputs = targets.shape[1]
      object["target"] = JSONValue(Array(targets.elements[index * outputs..<(index + 1) * outputs]))
    } else if let positions = split.positions {
      let own = positions.elements[index * positions.width..<(index + 1) * positions.width]
      object["labels"] = JSONValue(own.map { $0 < 0 ? JSONValue.null : JSONValue(Int($0)) })
    } else {
      object["label"] = JSONValue(Int(split.labels[index]))
      if let names = set.kind.classNames, names.indices.contains(Int(split.labels[index])) {
        object["class_name"] = .string(names[Int(split.labels[index])])
      }
      if let trueLabels = split.trueLabels { object["true_label"] = JSONValue(Int(trueLabels[index])) }
    }
    let groups = split.groups.filter { $0.value.contains(index) }.map(\.key.rawValue).sorted()
    if !groups.isEmpty { object["groups"] = JSONValue(groups) }
    // The values that the network sees, in PyTorch's order: channel, row, column.
    let values: [Double] = split.inputs([index]).elements
    let shape = set.shape
    let ordered = (0..<shape.count).map { place in
      let (channel, position) = place.quotientAndRemainder(dividingBy: shape.positions)
      return values[position * shape.channels + channel]
    }
    object["values"] = JSONValue(ordered)
    return .object(object)
  }
}
