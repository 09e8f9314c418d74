#if canImport(Glibc)
  import Glibc
#endif

/// Memory for `count` elements on a 64-byte boundary, freed with the object: the scratch of the passes.
///
/// Sharing is safe only as the passes do it: one shard, one owner at a time.
public final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int
  /// Bytes of a block of the cache; 0 for memory of one's own.
  private let cachedBytes: Int

  /// Memory of `count` elements, zeroed when `zeroed`, otherwise undefined.
  public init(count: Int, zeroed: Bool = false) {
    self.count = count
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
    let raw: UnsafeMutableRawPointer
    if bytes >= BlockCache.page {
      guard let block = BlockCache.shared.take(bytes) else { Self.fail(bytes) }
      (raw, cachedBytes) = block
    } else {
      var memory: UnsafeMutableRawPointer?
      guard posix_memalign(&memory, 64, bytes) == 0, let memory else { Self.fail(bytes) }
      (raw, cachedBytes) = (memory, 0)
    }
    if zeroed { memset(raw, 0, bytes) }
    pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  private static func fail(_ bytes: Int) -> Never {
    fatalError("The system has no \(bytes) bytes of memory left for a buffer.")
  }

  deinit {
    if cachedBytes > 0 {
      BlockCache.shared.give(pointer, bytes: cachedBytes)
    } else {
      free(pointer)
    }
  }

  /// Sets every byte to zero.
  public func clear() { pointer.clear(count) }
}

extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
  /// Sets every byte of the first `count` elements to zero. `update(repeating:)` in generic code that is not
  /// specialised takes a call an element.
  public func clear(_ count: Int) { memset(self, 0, count * MemoryLayout<Pointee>.stride) }
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

extension UnsafeMutablePointer where Pointee: Scalar {
  /// Takes `count` elements of either precision. `Pointee(_:)` in generic code that is not specialised takes a
  /// dynamic cast an element.
  public func update<Source: Scalar>(converting source: UnsafePointer<Source>, count: Int) {
    let (from, to) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(self))
    switch (Source.precision, Pointee.precision) {
    case (.float32, .float64):
      let source = from.assumingMemoryBound(to: Float.self)
      let target = to.assumingMemoryBound(to: Double.self)
      for index in 0..<count { target[index] = Double(source[index]) }
    case (.float64, .float32):
      let source = from.assumingMemoryBound(to: Double.self)
      let target = to.assumingMemoryBound(to: Float.self)
      for index in 0..<count { target[index] = Float(source[index]) }
    default: memmove(to, from, count * MemoryLayout<Pointee>.stride)
    }
  }
}
