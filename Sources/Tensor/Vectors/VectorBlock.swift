/// Vectors of one length, one after the other in memory. Products and solvers with several right-hand sides
/// work on them. A block is a value like an array: memory that two blocks share is copied before one of them
/// changes it.
public struct VectorBlock<Element: Scalar>: Sendable {
  /// How many vectors the block has.
  public private(set) var count: Int
  /// Elements of each vector.
  public let length: Int
  /// Elements from the start of one vector to the start of the next. They are an odd number of cache lines,
  /// so equal places of several vectors are in different sets of the cache.
  public let stride: Int
  private var storage: Buffer<Element>

  /// - Parameter zeroed: otherwise the elements are undefined.
  public init(count: Int, length: Int, zeroed: Bool = true) {
    precondition(count >= 0 && length >= 0, "A block has no negative size.")
    self.count = count
    self.length = length
    let line = 64 / MemoryLayout<Element>.stride
    stride = ((length + line - 1) / line | 1) * line
    storage = Buffer(count: count * stride, zeroed: zeroed)
  }

  /// - Precondition: all have one length.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(_ vectors: [[Element]]) {
    self.init(count: vectors.count, length: vectors.first?.count ?? 0, zeroed: false)
    for (index, vector) in vectors.enumerated() {
      precondition(vector.count == length, "The vectors of a block have one length.")
      (storage.pointer + index * stride).update(from: vector, count: length)
    }
  }

  /// A copy of one vector.
  public subscript(index: Int) -> [Element] {
    withPointer(index) { Array(UnsafeBufferPointer(start: $0, count: length)) }
  }

  /// Copies of all vectors.
  public var vectors: [[Element]] { (0..<count).map { self[$0] } }

  /// Calls `body` with the first element of a vector, by default of the first vector.
  public func withPointer<Result, Failure: Error>(
    _ index: Int = 0, _ body: (UnsafePointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index <= max(0, count - 1), "There are \(count) vectors in the block.")
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafePointer(storage.pointer + index * stride))
  }

  /// Calls `body` with the first element of a vector, by default of the first vector. `body` may write.
  public mutating func withMutablePointer<Result, Failure: Error>(
    _ index: Int = 0, _ body: (UnsafeMutablePointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(index >= 0 && index <= max(0, count - 1), "There are \(count) vectors in the block.")
    if !isKnownUniquelyReferenced(&storage) {
      let copy = Buffer<Element>(count: count * stride)
      copy.pointer.update(from: storage.pointer, count: count * stride)
      storage = copy
    }
    defer { withExtendedLifetime(storage) {} }
    return try body(storage.pointer + index * stride)
  }

  /// Changes the number of vectors. If the number falls, the first `count` vectors stay. If it rises, the
  /// elements of all vectors are undefined.
  public mutating func resize(to count: Int) {
    if count * stride > storage.count { storage = Buffer(count: count * stride) }
    self.count = count
  }

  /// The block of the vectors at some indices.
  public func selecting(_ indices: [Int]) -> VectorBlock {
    var result = VectorBlock(count: indices.count, length: length, zeroed: false)
    result.set(to: self, indices)
    return result
  }

  /// Replaces the vectors by those of another block at some indices.
  public mutating func set(to other: VectorBlock, _ indices: [Int]) {
    resize(to: indices.count)
    for (place, index) in indices.enumerated() { set(place, to: other, index) }
  }

  // MARK: One vector

  /// ‖vᵢ‖₂
  public func norm(_ index: Int) -> Double {
    withPointer(index) { Element.dot($0, $0, length) }.squareRoot()
  }

  /// vᵢ ← a·vᵢ
  public mutating func scale(_ index: Int, by a: Element) {
    let length = length
    withMutablePointer(index) { Element.scale(a, $0, length) }
  }

  /// vᵢ ← x
  public mutating func set(_ index: Int, to x: [Element]) {
    precondition(x.count == length, "The vectors of a block have one length.")
    let length = length
    withMutablePointer(index) { $0.update(from: x, count: length) }
  }

  /// vᵢ ← the vector at `source` of another block.
  public mutating func set(_ index: Int, to other: VectorBlock, _ source: Int) {
    precondition(other.length == length, "The vectors of both blocks have one length.")
    let length = length
    withMutablePointer(index) { target in
      other.withPointer(source) { target.update(from: $0, count: length) }
    }
  }

  /// vᵢ ← vᵢ + a·wⱼ, with j = `source` and i = `index`.
  public mutating func add(_ a: Element, times other: VectorBlock, _ source: Int, to index: Int) {
    precondition(other.length == length, "The vectors of both blocks have one length.")
    let length = length
    withMutablePointer(index) { y in other.withPointer(source) { Element.axpy(a, $0, y, length) } }
  }

  /// vᵢ ← vᵢ + a·wᵢ for every i.
  public mutating func add(_ a: Element, times other: VectorBlock) {
    precondition(other.length == length && other.count == count, "A sum needs blocks of one size.")
    for index in 0..<count { add(a, times: other, index, to: index) }
  }
}
