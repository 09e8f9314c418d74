import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Large blocks of memory that buffers have given back, kept for the next ones: memory fresh from the system is cleared
/// a page at a time as it is first touched, which can cost as much as the pass that writes it.
///
/// It holds at most `limit` bytes; the blocks that have waited longest go back to the system first.
final class BlockCache: @unchecked Sendable {
  static let shared = BlockCache(
    limit: max(1 << 28, min(1 << 30, Int(clamping: ProcessInfo.processInfo.physicalMemory / 16))))

  /// Bytes of a large page on the processors the service runs on: what is smaller is not worth keeping.
  static var page: Int { 2 << 20 }

  /// Blocks are multiples of this many bytes.
  private static var unit: Int { page / 8 }

  private struct Block {
    var memory: UnsafeMutableRawPointer
    var bytes: Int
  }

  private let limit: Int
  private let lock = NSLock()
  /// In the order they came.
  private var blocks: [Block] = []
  private var held = 0

  init(limit: Int) { self.limit = limit }

  /// Bytes held now.
  var bytes: Int {
    lock.lock()
    defer { lock.unlock() }
    return held
  }

  /// A block of at least `bytes`, and its size; its content is undefined. nil where the system has no more.
  func take(_ bytes: Int) -> (memory: UnsafeMutableRawPointer, bytes: Int)? {
    let bytes = (bytes + Self.unit - 1) / Self.unit * Self.unit
    if let block = reused(bytes) { return (block.memory, block.bytes) }
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.page, bytes) == 0, let memory else { return nil }
    // Only advice: without large pages nothing else changes.
    _ = madvise(memory, bytes / Self.page * Self.page, MADV_HUGEPAGE)
    return (memory, bytes)
  }

  /// The smallest block that is large enough and wastes no more than an eighth.
  private func reused(_ bytes: Int) -> Block? {
    lock.lock()
    defer { lock.unlock() }
    let fitting = blocks.indices.filter {
      blocks[$0].bytes >= bytes && blocks[$0].bytes <= bytes + bytes / 8
    }
    guard let best = fitting.min(by: { blocks[$0].bytes < blocks[$1].bytes }) else { return nil }
    held -= blocks[best].bytes
    return blocks.remove(at: best)
  }

  /// Takes a block back.
  func give(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    lock.lock()
    blocks.append(Block(memory: memory, bytes: bytes))
    held += bytes
    var gone: [Block] = []
    while held > limit {
      let oldest = blocks.removeFirst()
      held -= oldest.bytes
      gone.append(oldest)
    }
    lock.unlock()
    for block in gone { free(block.memory) }
  }
}
