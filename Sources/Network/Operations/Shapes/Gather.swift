import JSON
import Tensor

/// `torch.gather`: along one axis, the places that whole numbers name.
struct Gather: LayerKind {
  static let type = "gather"
  static let arity = 2...2
  static let standard = Gather()
  static let fields = Fields<Self>([
    .integer(
      "dim", \.dim, -64...64,
      "The axis. 0 is the batch, −1 the last axis. The second input has the places, from 0.")
  ])
  static let examples = [
    LayerExample(Gather(dim: 1), [[3, 4], [5, 4]], .any, .whole(below: 3)),
    LayerExample(Gather(dim: -1), [[2, 3, 4], [2, 2, 6]], .any, .whole(below: 4)),
    LayerExample(Gather(dim: 2), [[2, 5], [1, 3]], .positive, .whole(below: 5)),
  ]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    let (x, source) = site.rowMajor(0)
    let (index, places) = site.rowMajor(1)
    guard let axis = site.axis(dim, rank: x.rank, at: "dim") else { return nil }
    guard index.rank == x.rank,
      index.sizes.indices.allSatisfy({ $0 == axis || index.sizes[$0] <= x.sizes[$0] })
    else {
      return site.fault(
        "must have the same axes, and the second no more places than the first but along dim, got \(x.words) "
          + "and \(index.words)", at: "inputs")
    }
    site.readsWhole(places, below: x.sizes[axis], type: Self.type)
    return .init(Placed(source: x, value: index, axis: axis), inputs: [source, places])
  }

  struct Placed: PlacedLayer {
    let source: ValueShape
    let value: ValueShape
    let axis: Int

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(GatherLayer<Element>(source: source, index: value, axis: axis))
    }
  }
}

/// y[i] = x at the place of i with its number along one axis replaced by a whole number k[i], which has no
/// derivative: ẏ is gathered from ẋ, and ∂y is added to ∂x.
///
/// A number outside of the axis reads the nearest place. Data sets are checked before they get here
/// (`WholeReader`).
struct GatherLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>

  private let inputCount: Int
  let outputCount: Int
  private let places: Int
  private let step: Int
  /// For each output the place of x that k = 0 reads.
  private let starts: [Int32]

  init(source: ValueShape, index: ValueShape, axis: Int) {
    inputCount = source.count
    outputCount = index.count
    places = source.sizes[axis]
    step = source.strides[axis]
    var starts: [Int32] = [0]
    for (number, size) in index.sizes.enumerated() {
      let stride = number == axis ? 0 : Int32(source.strides[number])
      starts = starts.flatMap { start in (0..<Int32(size)).map { start + $0 * stride } }
    }
    self.starts = starts
  }

  var uses: LayerUses { LayerUses(gradient: false) }

  /// Calls `body` for each output, with the place of x that it reads.
  private func forEach(_ pass: Pass<Element>, _ index: Read, _ body: (_ output: Int, _ source: Int) -> Void) {
    for sample in 0..<pass.count {
      for (output, start) in starts.enumerated() {
        let number = index[sample * outputCount + output]
        let place = number.isFinite ? Int(min(max(number, 0), Element(places - 1))) : 0
        body(sample * outputCount + output, sample * inputCount + Int(start) + place * step)
      }
    }
  }

  private func gather(_ pass: Pass<Element>, _ x: Read, _ index: Read, _ y: UnsafeMutablePointer<Element>) {
    forEach(pass, index) { y[$0] = x[$1] }
  }

  private func scatter(
    _ pass: Pass<Element>, _ dy: Read, _ index: Read?, _ dx: [UnsafeMutablePointer<Element>?]
  ) {
    dx[1]?.clear(pass.count * outputCount)
    guard let index, let dx = dx[0] else { return }
    dx.clear(pass.count * inputCount)
    forEach(pass, index) { dx[$1] += dy[$0] }
  }

  func forward(_ pass: Pass<Element>, x: [Read], y: UnsafeMutablePointer<Element>) {
    gather(pass, x[0], x[1], y)
  }

  func backward(
    _ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [UnsafeMutablePointer<Element>?],
    gradient: UnsafeMutablePointer<Element>
  ) { scatter(pass, dy, x[1], dx) }

  func tangentForward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let index = x[1] else { return }
    if let tx = tx[0] { gather(pass, tx, index, ty) } else { ty.clear(pass.count * outputCount) }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [UnsafeMutablePointer<Element>?], product: UnsafeMutablePointer<Element>?
  ) { scatter(pass, tdy, x[1], tdx) }
}
