import Synchronization
import Tensor

/// H[:, J]: all rows and the columns J of a symmetric H (dimension × |J|), the matrix of GIF.
public struct ColumnRestriction<Base: SymmetricOperator>: LinearOperator {
  public typealias Element = Base.Element
  /// J, ascending.
  public let indices: [Int]
  private let onColumns: Base
  private let toColumns: Base
  private let places: Places<Element>

  public init(_ base: Base, indices: [Int]) {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < base.dimension }, "An index of J lies outside H.")
    self.indices = indices
    onColumns = base.narrowed(support: indices, wanted: nil)
    toColumns = base.narrowed(support: nil, wanted: indices)
    places = Places(indices, of: base.dimension)
  }

  public var rows: Int { onColumns.dimension }
  public var columns: Int { indices.count }
  public var productsPerApplication: Int { onColumns.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, columns, "the vector to multiply")
    try places.spread(x) { try onColumns.apply($0, into: &y) }
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, columns, "the vector to multiply")
    try onColumns.apply(block: scattered(block, to: indices, of: rows), into: &products)
  }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    try places.collect(into: &y) { try toColumns.apply(x, into: &$0) }
  }
}

/// H[J, J]: the rows and columns J of a symmetric H (|J| × |J|), the matrix of FIF.
public struct PrincipalRestriction<Base: SymmetricOperator>: SymmetricOperator {
  public typealias Element = Base.Element
  /// J, ascending.
  public let indices: [Int]
  private let narrowed: Base
  private let places: Places<Element>

  public init(_ base: Base, indices: [Int]) {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < base.dimension }, "An index of J lies outside H.")
    self.indices = indices
    narrowed = base.narrowed(support: indices, wanted: indices)
    places = Places(indices, of: base.dimension)
  }

  public var dimension: Int { indices.count }
  public var productsPerApplication: Int { narrowed.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, dimension, "the vector to multiply")
    try places.spread(x) { spread in
      try places.collect(into: &y) { try narrowed.apply(spread, into: &$0) }
    }
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, dimension, "the vector to multiply")
    var full = VectorBlock<Element>(count: block.count, length: narrowed.dimension, zeroed: false)
    try narrowed.apply(block: scattered(block, to: indices, of: narrowed.dimension), into: &full)
    for row in 0..<block.count {
      full.withPointer(row) { source in
        products.withMutablePointer(row) { target in
          for (position, index) in indices.enumerated() { target[position] = source[index] }
        }
      }
    }
  }
}

/// Places J in vectors of one length, with a store of such vectors that are used again.
private final class Places<Element: Scalar>: Sendable {
  private let indices: [Int]
  private let count: Int
  /// Vectors of zeros that are not in use.
  private let zeros = Mutex<[[Element]]>([])
  /// Vectors of any values that are not in use.
  private let results = Mutex<[[Element]]>([])

  init(_ indices: [Int], of count: Int) {
    self.indices = indices
    self.count = count
  }

  /// Lends the vector with the elements of x at J and zero elsewhere.
  func spread<Result>(_ x: [Element], _ body: ([Element]) throws -> Result) rethrows -> Result {
    var full = zeros.withLock { $0.popLast() } ?? .zeros(count)
    for (position, index) in indices.enumerated() { full[index] = x[position] }
    defer {
      for index in indices { full[index] = 0 }
      let cleared = full
      zeros.withLock { $0.append(cleared) }
    }
    return try body(full)
  }

  /// y ← the entries J of what `body` writes.
  func collect(into y: inout [Element], _ body: (inout [Element]) throws -> Void) rethrows {
    var full = results.withLock { $0.popLast() } ?? .zeros(count)
    defer {
      let used = full
      results.withLock { $0.append(used) }
    }
    try body(&full)
    for (position, index) in indices.enumerated() { y[position] = full[index] }
  }
}

/// The block whose vectors have the elements of the given ones at J and zero elsewhere.
private func scattered<Element: Scalar>(
  _ block: VectorBlock<Element>, to indices: [Int], of count: Int
) -> VectorBlock<Element> {
  var full = VectorBlock<Element>(count: block.count, length: count)
  for row in 0..<block.count {
    block.withPointer(row) { source in
      full.withMutablePointer(row) { target in
        for (position, index) in indices.enumerated() { target[index] = source[position] }
      }
    }
  }
  return full
}
