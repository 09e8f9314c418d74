import Foundation
import Storage
import Synchronization

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("storage-\(UUID().uuidString)").path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func file(_ name: String) -> String { path + "/" + name }
}

/// A clock that moves only when a test moves it.
final class ManualClock: Sendable {
  private let time = Mutex<Int64>(1_700_000_000_000)

  func advance(seconds: Double) { time.withLock { $0 += Int64(seconds * 1000) } }

  var read: @Sendable () -> Timestamp { { Timestamp(milliseconds: self.time.withLock { $0 }) } }
}

/// A store in a file of its own, which can be closed and opened again.
final class TestStore {
  let directory = TemporaryDirectory()
  let clock = ManualClock()
  private(set) var store: Store

  var path: String { directory.file("test.db") }

  init() throws {
    store = try Store(path: directory.file("test.db"), clock: clock.read)
  }

  /// Opens the file again, as after a crash or an exit of the program: running jobs have no worker, and only
  /// the disk's content is left.
  func reopen() throws {
    store.close()
    store = try Store(path: path, clock: clock.read)
  }

  /// A data set and a model of it.
  func makeModel(_ name: String = "net", dataset: String = "digits") throws {
    try store.write { session in
      if try session.datasets.find(dataset) == nil {
        try session.datasets.create(name: dataset, state: .ready, source: "{}", description: "{}")
      }
      try session.models.create(name: name, dataset: dataset, description: "{}")
    }
  }

  func blobCount() throws -> Int {
    try store.read { try $0.connection.first("SELECT count(*) FROM blob") { $0.int(0) } ?? 0 }
  }

  func chunkCount() throws -> Int {
    try store.read { try $0.connection.first("SELECT count(*) FROM blob_chunk") { $0.int(0) } ?? 0 }
  }
}

/// Bytes without a pattern that a chunk border could hide in.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
}
