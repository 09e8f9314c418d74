import JSON
import Tensor

/// An operation that leaves one number for each place of the other axes.
protocol ReductionKind: LayerKind {
  var dims: [Int] { get set }
  var keepsAxes: Bool { get set }
}

extension ReductionKind {
  static var axesFields: Fields<Self> {
    Fields([
      .required(
        "dim", \.dims, .list(of: .integer(-64...64), atMost: 64),
        "The axes. 0 is the batch, −1 the last axis."),
      .flag("keepdim", \.keepsAxes, "Whether the axes stay with one place each."),
    ])
  }

  /// The axes of the input that are reduced; nil after a fault.
  func axes(at site: LayerSite) -> Set<Int>? {
    var axes: Set<Int> = []
    for dim in dims {
      guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
      axes.insert(axis)
    }
    if axes.isEmpty { site.addFault("must name at least one axis", at: "dim") }
    return axes.isEmpty ? nil : axes
  }

  /// The reduction, and its axes taken away unless they stay.
  func finish(_ reduction: some PlacedLayer, of input: Int, _ axes: Set<Int>, at site: LayerSite)
    -> Architecture.Node
  {
    if keepsAxes { return .init(reduction, inputs: [input]) }
    let value = site.insert(.init(reduction, inputs: [input]))
    return .init(
      Relabelled(value: axes.sorted(by: >).reduce(reduction.value) { $0.removing($1) }), inputs: [value])
  }

  /// The sum over the axes times a factor that may depend on the number of summed places.
  func placeSum(at site: LayerSite, _ factor: (Int) -> Double) -> Architecture.Node? {
    guard let axes = axes(at: site) else { return nil }
    let source = site.shape
    let sum = PlacedReduction(
      source: source, value: source.reduced(axes), factor: factor(source.places(along: axes)))
    return finish(sum, of: site.value, axes, at: site)
  }
}

extension ValueShape {
  /// With one place along some axes.
  func reduced(_ axes: Set<Int>) -> ValueShape {
    ValueShape(sizes.enumerated().map { axes.contains($0) ? 1 : $1 }, order: order)
  }

  func places(along axes: Set<Int>) -> Int { axes.reduce(1) { $0 * sizes[$1] } }
}

/// `torch.mean` over axes.
struct Mean: ReductionKind {
  static let type = "mean"
  static let standard = Mean()
  static let fields = axesFields
  static let examples = [
    LayerExample(Mean(dims: [2, 3]), [[3, 4, 2]]),
    LayerExample(Mean(dims: [1], keepsAxes: true), [[3, 4, 2]]), LayerExample(Mean(dims: [-1]), [[3, 4]]),
  ]
  var dims: [Int] = []
  var keepsAxes = false

  func place(at site: LayerSite) -> Architecture.Node? { placeSum(at: site) { 1 / Double($0) } }
}

/// `torch.sum` over axes.
struct Sum: ReductionKind {
  static let type = "sum"
  static let standard = Sum()
  static let fields = axesFields
  static let examples = [
    LayerExample(Sum(dims: [3]), [[3, 4, 2]]),
    LayerExample(Sum(dims: [1, 3], keepsAxes: true), [[3, 4, 2]]),
    LayerExample(Sum(dims: [1, 2]), [[3, 4]]),
  ]
  var dims: [Int] = []
  var keepsAxes = false

  func place(at site: LayerSite) -> Architecture.Node? { placeSum(at: site) { _ in 1 } }
}

/// `torch.linalg.vector_norm` of order 2 over axes: √Σx².
struct Norm: ReductionKind {
  static let type = "norm"
  static let standard = Norm()
  static let fields = axesFields
  static let examples = [LayerExample(Norm(dims: [-1], keepsAxes: true), [[3, 4]])]
  var dims: [Int] = []
  var keepsAxes = false

  func place(at site: LayerSite) -> Architecture.Node? {
    let squares = site.insert(
      .init(PlacedPointFunction(function: PointFunction(.square), value: site.shape), inputs: [site.value]))
    guard let sum = placeSum(at: site.reading([squares]), { _ in 1 }) else { return nil }
    let total = site.insert(sum)
    return .init(
      PlacedPointFunction(function: PointFunction(.root), value: site.shape(ofValue: total)), inputs: [total])
  }
}

struct PlacedReduction: PlacedLayer {
  let source: ValueShape
  let value: ValueShape
  let factor: Double

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(ReductionMap<Element>(source: source, value: value, factor: Element(factor)))
  }
}

/// y = factor·Σ x over some axes.
///
/// Memory is gone through row by row. A row is the longest inner part of memory that is summed as a whole, or
/// not at all.
struct ReductionMap<Element: Scalar>: FixedMap {
  let inputCount: Int
  let outputCount: Int
  private let factor: Element
  /// Neighbours in memory that go into one sum, or into sums side by side.
  private let run: Int
  private let sumsRuns: Bool
  /// The first output of each run.
  private let targets: [Int32]

  init(source: ValueShape, value: ValueShape, factor: Element) {
    inputCount = source.count
    outputCount = value.count
    self.factor = factor
    let outputStrides = value.strides
    let long = source.order.filter { source.sizes[$0] > 1 }
    let sumsRuns = long.last.map { value.sizes[$0] == 1 } ?? false
    let inner = long.reversed().prefix { (value.sizes[$0] == 1) == sumsRuns }
    run = inner.reduce(1) { $0 * source.sizes[$1] }
    self.sumsRuns = sumsRuns
    var targets: [Int32] = [0]
    for axis in long.dropLast(inner.count) {
      let step = value.sizes[axis] == 1 ? 0 : outputStrides[axis]
      targets = targets.flatMap { start in
        (0..<source.sizes[axis]).map { start + Int32($0 * step) }
      }
    }
    self.targets = targets
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    y.clear(pass.count * outputCount)
    for sample in 0..<pass.count {
      var row = x + sample * inputCount
      let sums = y + sample * outputCount
      for target in targets {
        if sumsRuns {
          sums[Int(target)] += Element(Element.sum(row, run))
        } else {
          Element.add(row, sums + Int(target), run)
        }
        row += run
      }
    }
    if factor != 1 { Element.scale(factor, y, pass.count * outputCount) }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    for sample in 0..<pass.count {
      var row = dx + sample * inputCount
      let sums = dy + sample * outputCount
      for target in targets {
        if sumsRuns {
          row.update(repeating: sums[Int(target)], count: run)
        } else {
          row.update(from: sums + Int(target), count: run)
        }
        row += run
      }
    }
    if factor != 1 { Element.scale(factor, dx, pass.count * inputCount) }
  }
}
