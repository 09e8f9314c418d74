import JSON
import Tensor

/// `torch.cat`: values one behind the other along an axis.
struct Concat: LayerKind {
  static let type = "concat"
  static let arity = 1...NodeDescription.mostInputs
  static let standard = Concat()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [
    LayerExample(Concat(), [[3, 4, 2], [2, 4, 2]]),
    LayerExample(Concat(dim: -1), [[3, 2], [3, 4], [3, 1]]),
  ]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    let first = site.shape
    guard let axis = site.axis(dim, rank: first.rank, at: "dim") else { return nil }
    var total = 0
    var inputs: [Int] = []
    for input in site.values.indices {
      let shape = site.shape(input)
      var expected = first.sizes
      if shape.rank == first.rank { expected[axis] = shape.sizes[axis] }
      guard shape.sizes == expected else {
        return site.fault(
          "must have one shape but for the axis \(dim), but the shapes are \(first.words) and \(shape.words)",
          at: "inputs")
      }
      inputs.append(site.ordered(input, first.order).value)
      total += shape.sizes[axis]
    }
    var sizes = first.sizes
    sizes[axis] = total
    guard site.hasRoom(sizes: sizes, at: "dim") else { return nil }
    return .init(
      Placed(
        value: ValueShape(sizes, order: first.order), axis: axis,
        parts: site.values.indices.map { site.shape($0).sizes[axis] }), inputs: inputs)
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let axis: Int
    /// Places along the axis of each input.
    let parts: [Int]

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      // The axes inside of this one in memory move with it.
      let inner = value.strides[axis]
      return .init(
        ConcatLayer<Element>(outputCount: value.count, widths: parts.map { $0 * inner }))
    }
  }
}

/// Rows of the inputs side by side: y = [x₁ x₂ …] in every row of memory.
struct ConcatLayer<Element: Scalar>: Joint {
  let outputCount: Int
  /// Values of each input in a row.
  let widths: [Int]

  var uses: LayerUses { LayerUses(inputs: false, gradient: false) }
  private var width: Int { widths.reduce(0, +) }

  private func gather(
    _ pass: Pass<Element>, _ parts: [UnsafePointer<Element>?], _ y: UnsafeMutablePointer<Element>
  ) {
    let width = width
    var start = 0
    for (part, own) in zip(parts, widths) {
      for row in 0..<pass.count * outputCount / width {
        let target = y + row * width + start
        if let part { target.update(from: part + row * own, count: own) } else { target.clear(own) }
      }
      start += own
    }
  }

  private func scatter(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ parts: [UnsafeMutablePointer<Element>?]
  ) {
    let width = width
    var start = 0
    for (part, own) in zip(parts, widths) {
      if let part {
        for row in 0..<pass.count * outputCount / width {
          (part + row * own).update(from: dy + row * width + start, count: own)
        }
      }
      start += own
    }
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    gather(pass, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) { scatter(pass, dy, dx) }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) { gather(pass, tx, ty) }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) { scatter(pass, tdy, tdx) }
}
