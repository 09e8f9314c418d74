import Datasets
import Formats
import HTTP
import JSON
import Jobs
import Storage
import Synchronization

/// Receives `PUT /v1/datasets/{name}/{split}/{inputs|labels}`: an `.npy` body, stored as it arrives.
///
/// - The first array makes the data set. The set becomes ready once `train` has both arrays, and `test` has
///   both or none.
/// - An array that does not fit is refused and not kept.
/// - The same array again, as after a lost answer, changes nothing (RFC 9110 §9.2.2). A different array is a
///   conflict.
final class DatasetUpload: Sendable {
  private let application: Application
  private let name: String
  private let split: String
  private let part: String
  private let options: UploadOptions
  private let state: Mutex<State>
  private static let settling = Mutex(())

  private struct State {
    /// The bytes so far, until the header is known.
    var head: [UInt8]? = []
    var header: NPYHeader?
    var expected = 0
    let writer: BlobWriter
  }

  static func receive(_ application: Application, _ call: Call, _ exchange: Exchange) throws {
    try call.checkQuery(UploadOptions.names)
    let (name, split, part) = (call.parameter("name"), call.parameter("split"), call.parameter("part"))
    guard split == "train" || split == "test", part == "inputs" || part == "labels" else {
      throw Problem(
        .notFound,
        "arrays are put to /v1/datasets/\(name)/train/inputs, train/labels, test/inputs and test/labels")
    }
    guard ResourceName.isValid(name) else {
      throw Problem(.unprocessableContent, "the name \(ResourceName.rule)")
    }
    try call.checkBlobBody()
    let options = try UploadOptions(call, split: split, part: part)
    let limit = application.configuration.blobLimit
    if let length = exchange.body.contentLength, length > limit { throw HTTPError.bodyTooLarge(limit: limit) }
    let upload = DatasetUpload(application, name: name, split: split, part: part, options: options)
    exchange.body.stream(limit: limit) { bytes in
      try upload.take(bytes)
    } completion: { result in
      do {
        _ = try result.get()
        exchange.respond(try upload.finish())
      } catch {
        exchange.respond(application.response(to: error))
      }
    }
  }

  private init(_ application: Application, name: String, split: String, part: String, options: UploadOptions)
  {
    self.application = application
    self.name = name
    self.split = split
    self.part = part
    self.options = options
    state = Mutex(State(writer: BlobWriter(application.store)))
  }

  private func take(_ bytes: [UInt8]) throws {
    try state.withLock { state in
      if var head = state.head {
        head += bytes
        state.head = head
        // An unusable array is refused as soon as its header has arrived, before the rest is stored. So many
        // bytes show that a body is no array.
        if head.count >= FileKind.prefixByteCount { try readHeader(&state) }
      }
      try state.writer.append(bytes)
      if state.header != nil, state.writer.byteCount > state.expected {
        throw Problem(
          .unprocessableContent, "the array has more bytes than its header says: \(state.expected) are right")
      }
    }
  }

  /// Looks for the header in the bytes so far.
  private func readHeader(_ state: inout State) throws {
    guard let head = state.head else { return }
    do {
      guard let (header, offset) = try NPYHeader.parse(prefix: head) else { return }
      if let fault = SplitArrays.fault(of: header, as: part == "inputs" ? .inputs : .labels) {
        throw DatasetError.array("\(split) \(part)", fault)
      }
      let limit = application.configuration.blobLimit
      let (expected, overflow) = header.dataByteCount.addingReportingOverflow(offset)
      guard !overflow, expected <= limit, header.readByteCount <= limit else {
        throw HTTPError.bodyTooLarge(limit: limit)
      }
      state.header = header
      state.expected = expected
      state.head = nil
    } catch let error as NPYError {
      throw DatasetError.array(
        "\(split) \(part)", .format(error.description(for: part == "inputs" ? .inputs : .labels)))
    }
  }

  private func finish() throws -> Response {
    let (detail, notes) = try state.withLock { state -> (String, [String]) in
      if state.header == nil { try readHeader(&state) }
      guard let header = state.header else {
        throw Problem(.unprocessableContent, "the body ends before its .npy header is complete")
      }
      guard state.writer.byteCount == state.expected else {
        throw Problem(
          .unprocessableContent,
          "the array has \(state.writer.byteCount) bytes where its header says \(state.expected)")
      }
      var detail: JSONObject = ["dtype": .string(header.storage.descr), "shape": JSONValue(header.shape)]
      if !header.isNative { detail["read_as"] = .string(header.dtype.name) }
      return (JSONWriter.text(.object(detail)), header.conversion.map { ["\(split)/\(part) is \($0)"] } ?? [])
    }
    // One at a time: two arrays that arrive together must not each find the other missing.
    let isNew = try Self.settling.withLock { _ in try store(detail) }
    let record = try application.dataset(name)
    var json = try application.representation(record).objectValue ?? [:]
    json["notes"] = JSONValue(notes)
    return .json(
      .object(json), isNew ? .created : .ok,
      headers: ["Location": "/v1/datasets/\(name)"])
  }

  /// Keeps the array. If it completes the set, the same transaction makes the set ready, so no crash leaves a
  /// complete set unusable. Returns true if the set became ready.
  private func store(_ detail: String) throws -> Bool {
    let pending = try state.withLock { try $0.writer.flush() }
    do {
      let (known, parts) = try application.store.snapshot { session in
        (try session.datasets.find(name), try session.datasets.parts(of: name))
      }
      let before =
        try known.map { try $0.recipe } ?? UploadSource.format.standard
      guard before.upload != nil else {
        throw Problem(
          .conflict, "the data set \"\(name)\" was not uploaded; delete it, or choose another name")
      }
      let wanted = options.applied(to: before)
      if try isKept(pending, parts, isReadAlike: wanted == before) {
        try application.store.write(durability: .relaxed) { try $0.blobs.discard(pending) }
        return false
      }
      let missing = missing(parts)
      let made: String? =
        if missing == nil {
          JSONWriter.text(
            .object(
              DatasetDescription(
                try application.library.assemble(
                  name, parts: parts, wanted, arrival: (split, part, pending))
              ).json))
        } else {
          nil
        }
      let source = JSONWriter.text(wanted.json)
      let isNew = try application.store.write { [name, split, part] session in
        let present = try session.datasets.parts(of: name)
        guard try session.datasets.find(name)?.id == known?.id, present == parts else {
          throw Problem(
            .conflict,
            "the data set \"\(name)\" changed while the array arrived; send it again if it is still wanted")
        }
        if let derived = try session.setDerived(from: name) {
          throw Problem(
            .conflict,
            "the data set \"\(name)\" is in use by the data set \"\(derived)\", which is derived from it")
        }
        if known == nil {
          try session.datasets.create(name: name, state: .incomplete, source: source, description: "{}")
        }
        let blob = try session.blobs.seal(pending)
        try session.datasets.put(name, split: split, part: part, detail: detail, blob: blob.id)
        let description =
          try made
          ?? JSONWriter.text(
            .object(
              DatasetDescription(
                of: name, parts: session.datasets.parts(of: name), missing: missing ?? ""
              ).json))
        try session.datasets.update(
          name, state: made == nil ? .incomplete : .ready, source: source, description: description)
        return known == nil
      }
      if let known { application.library.forget(known.id) }
      return isNew
    } catch {
      try? application.store.write(durability: .relaxed) { try $0.blobs.discard(pending) }
      throw error
    }
  }

  /// Whether the set already has this array.
  ///
  /// - Parameter isReadAlike: whether the options of the query agree with the set.
  /// - Throws: a `Problem` (409) if the set has another array in this place.
  private func isKept(
    _ pending: PendingBlob, _ parts: [DatasetPart], isReadAlike: Bool
  ) throws -> Bool {
    guard let present = parts.first(where: { $0.split == split && $0.part == part }) else { return false }
    // Models and derived sets depend on these arrays, so the arrays never change.
    guard present.blob.sha256 == pending.sha256 else {
      throw Problem(
        .conflict,
        "the data set \"\(name)\" has another \(split)/\(part) already; delete the set, or choose another name"
      )
    }
    guard isReadAlike else {
      throw Problem(
        .conflict,
        "the data set \"\(name)\" has its \(split)/\(part) already, and the query reads it in another way; delete the set, or "
          + "choose another name")
    }
    return true
  }

  /// The missing parts of an empty set.
  static let missingAtFirst = "it has no train/inputs and no train/labels yet"

  /// The parts that are missing besides `parts` and this array; nil if the set is complete.
  private func missing(_ parts: [DatasetPart]) -> String? {
    func has(_ split: String, _ part: String) -> Bool {
      (split == self.split && part == self.part) || parts.contains { $0.split == split && $0.part == part }
    }
    var missing: [String] = []
    for part in ["inputs", "labels"] where !has("train", part) { missing.append("train/\(part)") }
    if has("test", "inputs") != has("test", "labels") {
      missing.append(has("test", "inputs") ? "test/labels" : "test/inputs")
    }
    return missing.isEmpty ? nil : "it has no \(missing.joined(separator: " and no ")) yet"
  }
}
