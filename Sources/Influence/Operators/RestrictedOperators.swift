import Tensor

/// H[:, J]: all rows and the columns J of a symmetric H (dimension × |J|), the matrix of GIF.
public struct ColumnRestriction<Base: SymmetricOperator>: LinearOperator {
  public typealias Element = Base.Element
  public let base: Base
  /// J, ascending.
  public let indices: [Int]

  public init(_ base: Base, indices: [Int]) {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < base.dimension }, "An index of J lies outside H.")
    self.base = base
    self.indices = indices
  }

  public var rows: Int { base.dimension }
  public var columns: Int { indices.count }
  public var productsPerApplication: Int { base.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, columns, "the vector to multiply")
    try base.apply(scattered(x, to: indices, of: rows), into: &y)
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, columns, "the vector to multiply")
    try base.apply(block: scattered(block, to: indices, of: rows), into: &products)
  }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    let full = try base.apply(x)
    for (position, index) in indices.enumerated() { y[position] = full[index] }
  }
}

/// H[J, J]: the rows and columns J of a symmetric H (|J| × |J|), the matrix of FIF.
public struct PrincipalRestriction<Base: SymmetricOperator>: SymmetricOperator {
  public typealias Element = Base.Element
  public let base: Base
  /// J, ascending.
  public let indices: [Int]

  public init(_ base: Base, indices: [Int]) {
    precondition(indices.allSatisfy { 0 <= $0 && $0 < base.dimension }, "An index of J lies outside H.")
    self.base = base
    self.indices = indices
  }

  public var dimension: Int { indices.count }
  public var productsPerApplication: Int { base.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, dimension, "the vector to multiply")
    let full = try base.apply(scattered(x, to: indices, of: base.dimension))
    for (position, index) in indices.enumerated() { y[position] = full[index] }
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, dimension, "the vector to multiply")
    var full = VectorBlock<Element>(count: block.count, length: base.dimension, zeroed: false)
    try base.apply(block: scattered(block, to: indices, of: base.dimension), into: &full)
    for row in 0..<block.count {
      full.withPointer(row) { source in
        products.withMutablePointer(row) { target in
          for (position, index) in indices.enumerated() { target[position] = source[index] }
        }
      }
    }
  }
}

/// The vector of length `count` with the elements of x at `indices` and zero elsewhere.
private func scattered<Element: Scalar>(_ x: [Element], to indices: [Int], of count: Int) -> [Element] {
  var full = [Element].zeros(count)
  for (position, index) in indices.enumerated() { full[index] = x[position] }
  return full
}

/// The same for every vector of a block.
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
