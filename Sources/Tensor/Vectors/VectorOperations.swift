/// Operations on whole vectors, as solvers write them. Sums are accumulated in `Double` in a fixed order.
extension Array where Element: Scalar {
  /// A vector of zeros.
  @inlinable
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public static func zeros(_ count: Int) -> [Element] { Array(repeating: 0, count: count) }

  /// ⟨self, other⟩
  @inlinable
  public func dot(_ other: [Element]) -> Double {
    precondition(count == other.count, "A dot product needs vectors of one length.")
    return withUnsafeBufferPointer { x in
      other.withUnsafeBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return 0 }
        return Element.dot(x, y, count)
      }
    }
  }

  /// ‖self‖₂
  @inlinable
  public var norm: Double { dot(self).squareRoot() }

  /// self ← self + a·x
  @inlinable
  public mutating func add(_ a: Element, times x: [Element]) {
    precondition(count == x.count, "A sum needs vectors of one length.")
    let n = count
    withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        Element.axpy(a, x, y, n)
      }
    }
  }

  /// self[indices] ← self[indices] + a·x
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public mutating func add(_ a: Element, times x: [Element], at indices: [Int]) {
    precondition(x.count == indices.count, "A sum at some places needs an index for each element.")
    for (place, index) in indices.enumerated() { self[index] += a * x[place] }
  }

  /// self ← x + b·self
  @inlinable
  public mutating func scale(_ b: Element, adding x: [Element]) {
    precondition(count == x.count, "A sum needs vectors of one length.")
    let n = count
    withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        Element.xpby(x, b, y, n)
      }
    }
  }

  /// self ← a·self
  @inlinable
  public mutating func scale(_ a: Element) {
    let n = count
    withUnsafeMutableBufferPointer { x in
      guard let x = x.baseAddress else { return }
      Element.scale(a, x, n)
    }
  }

  /// Whether every element is a number.
  @inlinable
  public var isFinite: Bool {
    withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return true }
      // A sum of squares in `Double` is finite exactly when no element is infinite or NaN.
      return Element.dot(x, x, count).isFinite || !x.hasNonFinite(count)
    }
  }
}

extension UnsafePointer where Pointee: Scalar {
  /// Whether one of the first `count` elements is infinite or NaN.
  @inlinable
  public func hasNonFinite(_ count: Int) -> Bool {
    for index in 0..<count where !self[index].isFinite { return true }
    return false
  }
}
