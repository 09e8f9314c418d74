/// A dense array of numbers, row-major: the last index of `shape` runs fastest.
public struct Tensor<Element: Scalar>: Sendable, Equatable {
  public let shape: [Int]
  public var elements: [Element]

  /// - Precondition: the product of `shape` is the number of elements.
  public init(shape: [Int], elements: [Element]) {
    precondition(
      shape.reduce(1, *) == elements.count,
      "A tensor of shape \(shape) cannot hold \(elements.count) elements.")
    self.shape = shape
    self.elements = elements
  }

  public init(repeating value: Element, shape: [Int]) {
    self.init(shape: shape, elements: Array(repeating: value, count: shape.reduce(1, *)))
  }

  public var count: Int { elements.count }
}
