import Tensor

extension LayerSite {
  /// All inputs under the sizes that PyTorch's broadcasting gives them, in one order of memory; nil after a
  /// fault.
  func broadcast() -> (value: ValueShape, inputs: [Int])? {
    let shapes = values.indices.map { self.shape($0) }
    let rank = shapes.map(\.rank).max() ?? 0
    var sizes = [Int](repeating: 1, count: rank)
    for shape in shapes.map({ $0.padded(to: rank) }) {
      for (axis, size) in shape.sizes.enumerated() where size != 1 {
        guard sizes[axis] == 1 || sizes[axis] == size else {
          addFault(
            "shapes must agree axis by axis, or be 1 there, but are "
              + shapes.map(\.words).joined(separator: " and "), at: "inputs")
          return nil
        }
        sizes[axis] = size
      }
    }
    guard hasRoom(sizes: sizes, at: "inputs") else { return nil }
    // The order of memory is that of the largest input.
    let largest = shapes.max { $0.count < $1.count } ?? shapes[0]
    let value = ValueShape(sizes, order: largest.padded(to: rank).order)
    let inputs = values.indices.compactMap { input in
      expanded(input, to: sizes).map { ordered(value: $0, as: value) }
    }
    return (value, inputs)
  }

  /// y = factor·x + offset of a value of the network.
  func affine(_ value: Int, factor: Double, offset: Double = 0) -> Int {
    insert(
      .init(PlacedAffine(value: shape(ofValue: value), factor: factor, offset: offset), inputs: [value]))
  }
}

/// y = factor·x + offset.
struct PlacedAffine: PlacedLayer {
  let value: ValueShape
  let factor: Double
  let offset: Double

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(AffineMap<Element>(outputCount: value.count, factor: Element(factor), offset: Element(offset)))
  }
}

struct AffineMap<Element: Scalar>: FixedMap {
  let outputCount: Int
  let factor: Element
  let offset: Element

  private func scale(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) {
    let n = pass.count * outputCount
    y.update(from: x, count: n)
    if factor != 1 { Element.scale(factor, y, n) }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    scale(pass, x, y)
    if offset != 0 { for index in 0..<pass.count * outputCount { y[index] += offset } }
  }

  func push(_ pass: Pass<Element>, tx: UnsafePointer<Element>, ty: UnsafeMutablePointer<Element>) {
    scale(pass, tx, ty)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    scale(pass, dy, dx)
  }
}
