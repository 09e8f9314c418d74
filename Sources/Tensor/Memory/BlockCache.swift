import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Large blocks of memory that buffers have given back, kept for the next buffers.
///
/// The system clears a fresh page of memory when the page is first touched. Clearing can cost as much as the
/// pass that writes the memory. The cache holds at most `limit` bytes, and gives the oldest blocks back
/// first.
final class BlockCache: Sendable {
  static let shared = BlockCache(
    limit: max(1 << 28, min(1 << 30, Int(clamping: ProcessInfo.processInfo.physicalMemory / 16))))

  /// Bytes of a large page. A smaller block is not worth keeping.
  static var page: Int { 2 << 20 }

  /// Blocks are multiples of this many bytes.
  private static var unit: Int { page / 8 }

  private struct Block: Sendable {
    /// The cache owns the memory: no buffer uses a block that is in the cache.
    let memory: Disjoint<UnsafeMutableRawPointer>
    let bytes: Int
  }

  private struct State: Sendable {
    /// The oldest first.
    var blocks: [Block] = []
    var held = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// Bytes held now.
  var bytes: Int { state.withLock { $0.held } }

  /// A block of at least `bytes`, and its size; its content is undefined. nil if the system has no more.
  func take(_ bytes: Int) -> (memory: UnsafeMutableRawPointer, bytes: Int)? {
    let bytes = (bytes + Self.unit - 1) / Self.unit * Self.unit
    if let block = reused(bytes) { return (block.memory.value, block.bytes) }
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.page, bytes) == 0, let memory else { return nil }
    // Only advice: without large pages nothing else changes.
    _ = madvise(memory, bytes / Self.page * Self.page, MADV_HUGEPAGE)
    return (memory, bytes)
  }

  /// The smallest block that is large enough and wastes no more than an eighth.
  private func reused(_ bytes: Int) -> Block? {
    state.withLock { state in
      let fitting = state.blocks.indices.filter {
        state.blocks[$0].bytes >= bytes && state.blocks[$0].bytes <= bytes + bytes / 8
      }
      guard let best = fitting.min(by: { state.blocks[$0].bytes < state.blocks[$1].bytes }) else {
        return nil
      }
      state.held -= state.blocks[best].bytes
      return state.blocks.remove(at: best)
    }
  }

  /// Takes a block back.
  func give(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    let block = Block(memory: Disjoint(memory), bytes: bytes)
    let gone = state.withLock { state in
      state.blocks.append(block)
      state.held += bytes
      var gone: [Block] = []
      while state.held > limit {
        let oldest = state.blocks.removeFirst()
        state.held -= oldest.bytes
        gone.append(oldest)
      }
      return gone
    }
    for block in gone { free(block.memory.value) }
  }
}
