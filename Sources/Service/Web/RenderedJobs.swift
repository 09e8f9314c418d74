import Synchronization

/// Recently requested representations of jobs, each valid for one version of the database.
final class RenderedJobs: Sendable {
  /// Bytes of all kept representations. A single one above a tenth is not kept.
  private static let byteLimit = 16 << 20
  private static let countLimit = 4096

  private struct State {
    var lines: [String: (version: Int, line: [UInt8])] = [:]
    var byteCount = 0
  }

  private let state = Mutex(State())

  /// The kept representation of a job at this version.
  func find(_ id: String, version: Int) -> [UInt8]? {
    state.withLock { state in
      guard let known = state.lines[id], known.version == version else { return nil }
      return known.line
    }
  }

  /// Keeps a representation of data that was read after `version` was taken.
  func keep(_ id: String, _ line: [UInt8], version: Int) {
    guard line.count < Self.byteLimit / 10 else { return }
    state.withLock { state in
      if state.byteCount + line.count > Self.byteLimit || state.lines.count >= Self.countLimit {
        state = State()
      }
      let old = state.lines.updateValue((version, line), forKey: id)
      state.byteCount += line.count - (old?.line.count ?? 0)
    }
  }
}
