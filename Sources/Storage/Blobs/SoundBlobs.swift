/// The blobs whose SHA-256 was found right since the store was opened.
final class SoundBlobs: Sendable {
  private static let limit = 100_000
  private let ids = Lock<Set<BlobID>>([])

  func contains(_ id: BlobID) -> Bool { ids.withLock { $0.contains(id) } }

  func insert(_ id: BlobID) {
    ids.withLock { ids in
      if ids.count >= Self.limit { ids.removeAll() }
      ids.insert(id)
    }
  }
}
