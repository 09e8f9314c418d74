import Tensor

/// H + δI.
public struct DampedOperator<Base: SymmetricOperator>: SymmetricOperator {
  public typealias Element = Base.Element
  public let base: Base
  public let damping: Double

  public init(_ base: Base, damping: Double) {
    self.base = base
    self.damping = damping
  }

  public var dimension: Int { base.dimension }
  public var productsPerApplication: Int { base.productsPerApplication }

  public func narrowed(support: [Int]?, wanted: [Int]?) -> DampedOperator {
    DampedOperator(base.narrowed(support: support, wanted: wanted), damping: damping)
  }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try base.apply(x, into: &y)
    if damping != 0 { y.add(Element(damping), times: x) }
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try base.apply(block: block, into: &products)
    if damping != 0 { products.add(Element(damping), times: block) }
  }
}

/// AᵀA + δ²I, the matrix of the damped normal equations (columns × columns).
public struct NormalOperator<Base: LinearOperator>: SymmetricOperator {
  public typealias Element = Base.Element
  public let base: Base
  /// δ, not squared: the damping of min ‖Ax − g‖² + δ²‖x‖².
  public let damping: Double

  public init(_ base: Base, damping: Double = 0) {
    self.base = base
    self.damping = damping
  }

  public var dimension: Int { base.columns }
  public var productsPerApplication: Int { 2 * base.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try base.applyTransposed(base.apply(x), into: &y)
    if damping != 0 { y.add(Element(damping * damping), times: x) }
  }
}

/// A stacked over δI, (rows + columns) × columns: damped least squares as plain least squares.
public struct StackedDampingOperator<Base: LinearOperator>: LinearOperator {
  public typealias Element = Base.Element
  public let base: Base
  public let damping: Double

  public init(_ base: Base, damping: Double) {
    self.base = base
    self.damping = damping
  }

  public var rows: Int { base.rows + base.columns }
  public var columns: Int { base.columns }
  public var productsPerApplication: Int { base.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    let top = try base.apply(x)
    let delta = Element(damping)
    for index in 0..<base.rows { y[index] = top[index] }
    for index in 0..<columns { y[base.rows + index] = delta * x[index] }
  }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    try base.applyTransposed(Array(x[0..<base.rows]), into: &y)
    y.add(Element(damping), times: Array(x[base.rows...]))
  }
}
