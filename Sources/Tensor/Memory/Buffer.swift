#if canImport(Glibc)
  import Glibc
#endif

/// Scratch memory of the passes: `count` elements on a 64-byte boundary, freed with the object.
///
/// Threads share the memory by the rule of `Disjoint`.
public final class Buffer<Element: BitwiseCopyable>: Sendable {
  @usableFromInline
  let memory: Disjoint<UnsafeMutablePointer<Element>>
  public let count: Int
  /// Bytes of the block if the memory is a block of the cache; 0 if it is allocated by itself; nil if it is
  /// lent.
  private let cachedBytes: Int?

  /// The first element. The buffer owns the memory, which lives as long as the buffer and may be written.
  @inlinable
  public var pointer: UnsafeMutablePointer<Element> { memory.value }

  /// - Parameter zeroed: if false, the elements are undefined.
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
    memory = Disjoint(raw.bindMemory(to: Element.self, capacity: max(count, 1)))
  }

  /// Memory of the caller, who keeps it until the buffer is not used any more.
  public init(lent pointer: UnsafeMutablePointer<Element>, count: Int) {
    self.count = count
    cachedBytes = nil
    memory = Disjoint(pointer)
  }

  private static func fail(_ bytes: Int) -> Never {
    fatalError("The system has no \(bytes) bytes of memory left for a buffer.")
  }

  deinit {
    guard let cachedBytes else { return }
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
  /// Sets every byte of the first `count` elements to zero. In generic code that is not specialised,
  /// `update(repeating:)` makes a call for every element.
  public func clear(_ count: Int) { memset(self, 0, count * MemoryLayout<Pointee>.stride) }
}

extension UnsafeMutablePointer where Pointee: Scalar {
  /// Copies `count` elements of either precision. In generic code that is not specialised, `Pointee(_:)`
  /// makes a dynamic cast for every element.
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
