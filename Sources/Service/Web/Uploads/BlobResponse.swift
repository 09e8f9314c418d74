import Formats
import HTTP
import Jobs
import Storage
import Synchronization

/// Serves stored blobs: whole, in part, or not at all where the client has them.
enum BlobResponse {
  private static let pieceBytes = 1 << 20

  /// The answer to a `GET` or `HEAD` of a blob (RFC 9110 §8.8.3, §13, §14).
  ///
  /// The entity tag is the blob's SHA-256. How long a client may keep the bytes without asking is the route's to say: a blob
  /// never changes, but the one that a name stands for does.
  ///
  /// The bytes are compared with their SHA-256 before the first is sent, once a process: a client is never handed
  /// others than those that were stored.
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
    // A piece is read when the one before is on its way: a slow client holds no thread. What fails then is too late for a
    // status: the client sees that the body is short.
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
