import Datasets
import Foundation
import JSON
import Jobs
import Storage
import Synchronization

/// Makes data sets from their stored sources. Keeps the most recently used sets in memory, up to a number of
/// bytes.
///
/// A set is loaded only once, even if several threads ask for it at the same time.
final class DatasetLibrary: Sendable {
  /// One set, or its place while a thread loads it.
  private final class Entry: Sendable {
    let value = Mutex<Dataset?>(nil)
  }

  private struct Held {
    var entries: [String: Entry] = [:]
    /// Names and byte counts of the loaded sets. The most recently used set is last.
    var order: [(key: String, bytes: Int)] = []
  }

  private let store: Store
  private let directory: DataDirectory
  private let byteLimit: Int
  private let held = Mutex(Held())

  init(store: Store, directory: DataDirectory, byteLimit: Int) {
    self.store = store
    self.directory = directory
    self.byteLimit = byteLimit
  }

  /// The samples of a set.
  ///
  /// Throws `JobFailure` (`missing`, `corrupt`), or `DatasetError` if the files of the set have changed.
  func load(_ name: String) throws -> Dataset { try load(name, depth: 0) }

  private func load(_ name: String, depth: Int) throws -> Dataset {
    // Sets are derived from older sets, so there is no cycle. The limit is for a tampered file.
    guard depth < 64 else {
      throw JobFailure(.corrupt, "the data set \"\(name)\" is derived from too many others.")
    }
    guard let record = try store.read({ try $0.datasets.find(name) }) else {
      throw JobFailure(.missing, "there is no data set \"\(name)\" any more.")
    }
    guard record.state == .ready else {
      throw JobFailure(.missing, "the data set \"\(name)\" is not complete.")
    }
    // The id distinguishes the set from a later set of the same name.
    let key = record.id
    let entry = held.withLock { held in
      if let known = held.entries[key] { return known }
      let entry = Entry()
      held.entries[key] = entry
      return entry
    }
    return try entry.value.withLock { value in
      if let value {
        touch(key)
        return value
      }
      do {
        let set = try make(record, depth: depth)
        try check(set, record)
        keep(key, bytes: set.byteCount)
        value = set
        return set
      } catch {
        held.withLock { $0.entries[key] = nil }
        throw error
      }
    }
  }

  /// Forgets a set whose arrays have changed.
  func forget(_ id: String) {
    held.withLock { held in
      held.entries[id] = nil
      held.order.removeAll { $0.key == id }
    }
  }

  /// Makes a set that is not stored yet.
  func make(_ source: DatasetSource, name: String) throws -> Dataset {
    try source.dataset(named: name, in: directory) { try load($0, depth: 1) }
  }

  /// A set made of its uploaded arrays.
  ///
  /// - Parameter arrival: an array that is written but not yet one of the parts.
  func assemble(
    _ name: String, parts: [DatasetPart], _ source: DatasetSource,
    arrival: (split: String, part: String, bytes: PendingBlob)? = nil
  ) throws -> Dataset {
    func bytes(_ split: String, _ part: String) throws -> [UInt8]? {
      if let arrival, arrival.split == split, arrival.part == part {
        return try BlobReader(store, arrival.bytes).bytes()
      }
      guard let found = parts.first(where: { $0.split == split && $0.part == part }) else { return nil }
      return try BlobReader(store, found.blob.id).bytes()
    }
    func arrays(_ split: String) throws -> SplitArrays? {
      guard let inputs = try bytes(split, "inputs"), let labels = try bytes(split, "labels") else {
        return nil
      }
      return SplitArrays(inputs: inputs, labels: labels)
    }
    guard let train = try arrays("train") else {
      throw JobFailure(.missing, "the data set \"\(name)\" has no training arrays.")
    }
    let reading = source.upload?.reading ?? ArrayReading()
    return try Dataset.arrays(name: name, train: train, test: try arrays("test"), reading: reading)
      .normalized(source.normalization ?? .none)
  }

  private func make(_ record: DatasetRecord, depth: Int) throws -> Dataset {
    let source = try record.recipe
    let set: Dataset
    if source.upload != nil {
      let parts = try store.read { try $0.datasets.parts(of: record.name) }
      set = try assemble(record.name, parts: parts, source)
    } else {
      set = try source.dataset(named: record.name, in: directory) { try load($0, depth: depth + 1) }
    }
    // The stored normalization stays in force, even if a later version would compute other last bits.
    guard let described = try DatasetDescription(record).contract?.normalization,
      described.mean.count == set.shape.channels
    else { return set }
    return set.normalized(by: described)
  }

  /// Checks that a job computes on the same samples as described.
  private func check(_ set: Dataset, _ record: DatasetRecord) throws {
    let described = try DatasetDescription(record).json["sha256"]?.stringValue
    guard described == nil || described == set.sha256 else {
      throw JobFailure(
        .corrupt, "the samples of \"\(record.name)\" are not those it was made with.",
        advice: "Its files have changed: put them back, or make a new data set of them.")
    }
  }

  private func touch(_ key: String) {
    held.withLock { held in
      guard let place = held.order.firstIndex(where: { $0.key == key }) else { return }
      held.order.append(held.order.remove(at: place))
    }
  }

  /// Frees the least recently used sets until the rest fits. The newest set always stays.
  private func keep(_ key: String, bytes: Int) {
    held.withLock { held in
      held.order.append((key, bytes))
      var total = held.order.reduce(0) { $0 + $1.bytes }
      while total > byteLimit, held.order.count > 1 {
        let oldest = held.order.removeFirst()
        held.entries[oldest.key] = nil
        total -= oldest.bytes
      }
    }
  }
}

extension Dataset {
  /// Bytes of the samples in memory, about.
  var byteCount: Int {
    func bytes(_ split: Split) -> Int {
      let values = split.count * shape.count
      let inputs =
        switch split.storage {
        case .bytes: values
        case .float32: 4 * values
        case .float64: 8 * values
        }
      return inputs + 8 * split.labels.count + 8 * (split.targets?.elements.count ?? 0)
    }
    return bytes(train) + bytes(test)
  }
}
