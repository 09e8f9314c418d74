import Tensor

/// A real matrix A (rows × columns) that is known by its products with vectors.
///
/// Products of an operator are deterministic: the same x gives the same bits, with any number of threads.
public protocol LinearOperator<Element> {
  associatedtype Element: Scalar

  /// The length of A x.
  var rows: Int { get }
  /// The length of x.
  var columns: Int { get }
  /// Curvature products that one application costs: 1 for a Hessian, 2 for AᵀA.
  var productsPerApplication: Int { get }

  /// y ← A x; x has `columns` elements, y has `rows` before and after and is overwritten.
  func apply(_ x: [Element], into y: inout [Element]) throws
  /// y ← Aᵀ x; x has `rows` elements, y has `columns` before and after and is overwritten.
  func applyTransposed(_ x: [Element], into y: inout [Element]) throws

  /// The products of A with every vector of the block, in one pass if the operator can share work. `products`
  /// has as many vectors as the block, of length `rows`, and is overwritten. Each answer is the one that
  /// `apply` gives for that vector alone, up to rounding.
  func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws
}

extension LinearOperator {
  public var productsPerApplication: Int { 1 }

  /// A x in a new vector.
  public func apply(_ x: [Element]) throws -> [Element] {
    var y = [Element].zeros(rows)
    try apply(x, into: &y)
    return y
  }

  /// Aᵀ x in a new vector.
  public func applyTransposed(_ x: [Element]) throws -> [Element] {
    var y = [Element].zeros(columns)
    try applyTransposed(x, into: &y)
    return y
  }

  /// The products with every vector, in new ones.
  public func apply(block: [[Element]]) throws -> [[Element]] {
    if block.isEmpty { return [] }
    for x in block { try requireLength(x.count, columns, "the vector to multiply") }
    var products = VectorBlock<Element>(count: block.count, length: rows, zeroed: false)
    try apply(block: VectorBlock(block), into: &products)
    return products.vectors
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    var y = [Element].zeros(rows)
    for index in 0..<block.count {
      try apply(block[index], into: &y)
      products.set(index, to: y)
    }
  }
}

/// A symmetric matrix H (dimension × dimension) that is known by its products with vectors.
public protocol SymmetricOperator<Element>: LinearOperator {
  var dimension: Int { get }

  /// The same matrix, with cheaper products if possible. `support`: vectors are zero outside these places.
  /// `wanted`: only these entries of products are read, and the others are undefined. Products with blocks of
  /// vectors ignore both.
  func narrowed(support: [Int]?, wanted: [Int]?) -> Self
}

extension SymmetricOperator {
  public func narrowed(support: [Int]?, wanted: [Int]?) -> Self { self }

  public var rows: Int { dimension }
  public var columns: Int { dimension }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    try apply(x, into: &y)
  }
}
