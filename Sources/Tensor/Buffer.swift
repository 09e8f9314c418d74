#if canImport(Glibc)
  import Glibc
#endif

/// Memory for `count` elements on a 64-byte boundary, freed with the object: the scratch of the passes.
///
/// Sharing is safe only as the passes do it: one shard, one owner at a time.
public final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int

  /// Memory of `count` elements, zeroed when `zeroed`, otherwise undefined.
  public init(count: Int, zeroed: Bool = false) {
    self.count = count
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
    guard let raw = aligned_alloc(64, bytes) else {
      fatalError("The system has no \(bytes) bytes of memory left for a buffer.")
    }
    if zeroed { memset(raw, 0, bytes) }
    pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { free(pointer) }

  /// Sets every byte to zero.
  public func clear() { memset(pointer, 0, count * MemoryLayout<Element>.stride) }
}

/// A pointer that a parallel loop writes to in disjoint parts: the one place where this is asserted.
public struct Disjoint<Element>: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Element>

  @inlinable
  public init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
}

/// A pointer that a parallel loop only reads.
public struct Shared<Element>: @unchecked Sendable {
  public let pointer: UnsafePointer<Element>

  @inlinable
  public init(_ pointer: UnsafePointer<Element>) { self.pointer = pointer }
}
