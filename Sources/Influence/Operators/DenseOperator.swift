import Tensor

/// A matrix that is stored, row-major (rows × columns).
public struct DenseOperator<Element: Scalar>: LinearOperator, Sendable {
  public let rows: Int
  public let columns: Int
  public let elements: [Element]

  public init(_ elements: [Element], rows: Int, columns: Int) {
    precondition(elements.count == rows * columns, "A dense operator needs rows × columns elements.")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, columns, "the vector to multiply")
    multiplyRows(elements, rows, columns, x, &y)
  }

  public func applyTransposed(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, rows, "the vector to multiply by the transpose")
    for index in y.indices { y[index] = 0 }
    elements.withUnsafeBufferPointer { a in
      y.withUnsafeMutableBufferPointer { y in
        guard let a = a.baseAddress, let y = y.baseAddress else { return }
        for row in 0..<rows { Element.axpy(x[row], a + row * columns, y, columns) }
      }
    }
  }
}

/// A symmetric matrix that is stored, row-major (dimension × dimension).
public struct DenseSymmetricOperator<Element: Scalar>: SymmetricOperator, Sendable {
  public let dimension: Int
  public let elements: [Element]

  public init(_ elements: [Element], dimension: Int) {
    precondition(elements.count == dimension * dimension, "A dense symmetric operator needs n × n elements.")
    self.dimension = dimension
    self.elements = elements
  }

  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, dimension, "the vector to multiply")
    multiplyRows(elements, dimension, dimension, x, &y)
  }
}

/// y ← A x, each element one dot product accumulated in `Double`.
private func multiplyRows<Element: Scalar>(
  _ matrix: [Element], _ rows: Int, _ columns: Int, _ x: [Element], _ y: inout [Element]
) {
  matrix.withUnsafeBufferPointer { a in
    x.withUnsafeBufferPointer { x in
      guard let a = a.baseAddress, let x = x.baseAddress else { return }
      for row in 0..<rows { y[row] = Element(Element.dot(a + row * columns, x, columns)) }
    }
  }
}
