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

  public func apply(block: [[Element]]) throws -> [[Element]] {
    for x in block { try requireLength(x.count, columns, "the vector to multiply") }
    return try base.apply(block: block.map { scattered($0, to: indices, of: rows) })
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

  public func apply(block: [[Element]]) throws -> [[Element]] {
    let spread = block.map { scattered($0, to: indices, of: base.dimension) }
    return try base.apply(block: spread).map { full in indices.map { full[$0] } }
  }
}

/// The vector of length `count` with the elements of x at `indices` and zero elsewhere.
private func scattered<Element: Scalar>(_ x: [Element], to indices: [Int], of count: Int) -> [Element] {
  var full = [Element].zeros(count)
  for (position, index) in indices.enumerated() { full[index] = x[position] }
  return full
}
