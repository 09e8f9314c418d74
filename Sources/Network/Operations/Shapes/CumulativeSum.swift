import JSON
import Tensor

/// `torch.cumsum`: each place of an axis becomes the sum of the places up to it.
struct CumulativeSum: LayerKind {
  static let type = "cumsum"
  static let standard = CumulativeSum()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [
    LayerExample(CumulativeSum(), [[3, 4, 2]]), LayerExample(CumulativeSum(dim: -1), [[3, 4]]),
  ]

  var dim = 1

  func place(at site: LayerSite) -> Architecture.Node? {
    site.axis(dim, rank: site.shape.rank, at: "dim").map { site.node(Placed(value: site.shape, axis: $0)) }
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let axis: Int

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(
        CumulativeSumMap<Element>(
          outputCount: value.count, size: value.sizes[axis], inner: value.strides[axis]))
    }
  }
}

struct CumulativeSumMap<Element: Scalar>: FixedMap {
  let outputCount: Int
  let size: Int
  /// How far apart neighbours along the axis lie.
  let inner: Int

  private func cumulate(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>, backwards: Bool
  ) {
    RowReductions.cumulate(
      x, y, outer: pass.count * outputCount / (size * inner), size: size, inner: inner,
      backwards: backwards)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    cumulate(pass, x, y, backwards: false)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    cumulate(pass, dy, dx, backwards: true)
  }
}
