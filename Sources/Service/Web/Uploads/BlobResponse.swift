import Formats
import HTTP
import Jobs
import Storage
import Synchronization

/// Serves stored blobs in full, in part, or with 304 if the client has them.
enum BlobResponse {
  private static let pieceBytes = 1 << 20

  /// The answer to a `GET` or `HEAD` of a blob (RFC 9110 §8.8.3, §13, §14).
  ///
  /// - The entity tag is the blob's SHA-256.
  /// - The route decides how long a client may keep the bytes: a blob never changes, but a name may later
  ///   stand for another blob.
  /// - The bytes are checked against their SHA-256 before the first is sent, once in the life of a process. A
  ///   client never receives other bytes than the stored ones.
  ///
  /// - Throws: `StorageError.notFound`, `.corruptBlob`.
  static func of(
    _ blob: BlobRecord, in store: Store, request: Request, fileName: String, type: String
  ) throws -> Response {
    let reader = try BlobReader(store, blob.id)
    let length = blob.byteCount
    let tag = EntityTag(blob.sha256.hexadecimal)
    var headers: Headers = ["ETag": tag.description, "Accept-Ranges": "bytes"]
    switch Precondition.evaluate(request, entityTag: tag) {
    case .notModified: return Response(.notModified, headers: headers)
    case .failed: throw Problem(.preconditionFailed, "the blob is not the one that If-Match names")
    case .proceed: break
    }
    headers.set("Content-Type", type)
    headers.set("Content-Disposition", "attachment; filename=\"\(fileName)\"")
    let range = ByteRange.of(request, length: length, entityTag: tag)
    let bounds: Range<Int>
    switch range {
    case .whole: bounds = 0..<length
    case .part(let part): bounds = part
    case .unsatisfiable:
      throw Problem(
        .rangeNotSatisfiable, "the blob has \(length) bytes",
        headers: ["Content-Range": range.contentRange(length: length) ?? "", "Accept-Ranges": "bytes"])
    }
    if let part = range.contentRange(length: length) { headers.set("Content-Range", part) }
    if request.method != .head { try reader.verifyOnce() }
    // A piece is read when the piece before is on its way, so a slow client holds no thread. A failure then
    // is too late for a status. The client sees a short body.
    let place = Mutex(bounds.lowerBound)
    let body = Response.Body.pull(length: bounds.count) {
      try place.withLock { place in
        let count = min(pieceBytes, bounds.upperBound - place)
        guard count > 0 else { return nil }
        let piece = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
          filled = try reader.read(at: place, into: UnsafeMutableRawBufferPointer(buffer))
        }
        place += piece.count
        return piece.isEmpty ? nil : piece
      }
    }
    return Response(
      bounds.count == length && range == .whole ? .ok : .partialContent, headers: headers, body: body)
  }
}
