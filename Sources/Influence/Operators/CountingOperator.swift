import Synchronization
import Tensor

/// Counts curvature products, across all operators that share it.
public final class ProductCounter: Sendable {
  private let total = Atomic<Int>(0)

  public init() {}

  public var count: Int { total.load(ordering: .relaxed) }

  public func add(_ products: Int) { total.wrappingAdd(products, ordering: .relaxed) }
}

/// An operator whose products are counted.
public struct CountingOperator<Base: LinearOperator>: LinearOperator {
  public typealias Element = Base.Element
  public let base: Base
  public let counter: ProductCounter

  public init(_ base: Base, counter: ProductCounter = ProductCounter()) {
    self.base = base
    self.counter = counter
  }

  public var rows: Int { base.rows }
  public var columns: Int { base.columns }
  public var productsPerApplication: Int { base.productsPerApplication }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    counter.add(base.productsPerApplication)
    try base.apply(x, into: &y)
  }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    counter.add(base.productsPerApplication)
    try base.applyTransposed(x, into: &y)
  }

  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    counter.add(base.productsPerApplication * block.count)
    try base.apply(block: block, into: &products)
  }
}

extension CountingOperator: SymmetricOperator where Base: SymmetricOperator {
  public var dimension: Int { base.dimension }
}
