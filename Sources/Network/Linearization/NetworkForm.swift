import Tensor

/// One way to run a network: layers, and what becomes of θ before they read it. Folded normalizations are computed into
/// the weights, and convolutions by minimal filtering find theirs transformed; each is done once for a θ or a
/// direction, not once a shard.
struct NetworkForm<Element: Scalar>: Sendable {
  let root: Chain<Element>
  /// Lengths of θ and of the running statistics.
  let parameterCount: Int
  let statisticCount: Int
  let folds: [NormalizationFold]
  private let parts: [Part]

  /// A part of θ that one thread prepares at a time.
  private enum Part: Sendable {
    /// Taken as it is.
    case plain(Range<Int>)
    /// Some rows of a layer's weights.
    case rows(Range<Int>, weights: Int, fanIn: Int, fold: NormalizationFold?, winograd: Winograd<Element>?)
  }

  /// Weights in a part.
  private static var partSize: Int { 1 << 16 }

  init(_ architecture: Architecture, foldsNormalization: Bool) {
    var builder = ChainBuilder<Element>(foldsNormalization: foldsNormalization)
    root = builder.chain(architecture.nodes, input: architecture.input)
    folds = builder.folds
    parameterCount = architecture.layout.parameterCount
    statisticCount = architecture.layout.statisticCount
    parts = Self.parts(folds, root.weightTransforms, count: parameterCount)
  }

  private static func parts(
    _ folds: [NormalizationFold], _ transforms: [WeightTransform<Element>], count: Int
  ) -> [Part] {
    var parts: [Part] = []
    var taken: [Range<Int>] = []
    func add(
      _ neurons: Int, weights: Int, fanIn: Int, fold: NormalizationFold?, winograd: Winograd<Element>?
    ) {
      let step = max(1, Self.partSize / max(fanIn, 1))
      for first in stride(from: 0, to: neurons, by: step) {
        parts.append(
          .rows(
            first..<min(first + step, neurons), weights: weights, fanIn: fanIn, fold: fold, winograd: winograd
          ))
      }
    }
    for fold in folds {
      let winograd = transforms.first { $0.weights == fold.weights }?.winograd
      add(fold.neurons, weights: fold.weights, fanIn: fold.fanIn, fold: fold, winograd: winograd)
      taken += fold.ranges
    }
    for transform in transforms where !folds.contains(where: { $0.weights == transform.weights }) {
      let (neurons, fanIn) = (transform.winograd.outputChannels, transform.winograd.window.columns)
      add(neurons, weights: transform.weights, fanIn: fanIn, fold: nil, winograd: transform.winograd)
      taken.append(transform.weights..<transform.weights + neurons * fanIn)
    }
    var next = 0
    for range in taken.sorted(by: { $0.lowerBound < $1.lowerBound }) + [count..<count] {
      for start in stride(from: next, to: range.lowerBound, by: Self.partSize) {
        parts.append(.plain(start..<min(start + Self.partSize, range.lowerBound)))
      }
      next = range.upperBound
    }
    return parts
  }

  /// Whether layers want weights transformed.
  var hasTransforms: Bool {
    parts.contains { if case .rows(_, _, _, _, .some) = $0 { true } else { false } }
  }

  // MARK: To φ

  /// Prepares θ, or a direction v at θ.
  /// - Throws: `Cancelled`.
  func prepare(
    _ operand: Operand<Element>, theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    direction: UnsafePointer<Element>? = nil, _ compute: Compute
  ) throws(Cancelled) {
    let shared = Uncheckedly((theta: theta, running: running, direction: direction))
    try compute.pool.run(parts.count, cancellation: compute.cancellation) { index in
      let (theta, running, direction) = shared.value
      let source = direction ?? theta
      let values = operand.values.pointer
      func fold(_ fold: NormalizationFold, _ rows: Range<Int>, _ target: UnsafeMutablePointer<Element>) {
        if let direction {
          fold.foldDirection(rows, direction, at: theta, running: running, weights: target, into: values)
        } else {
          fold.fold(rows, theta, running: running, weights: target, into: values)
        }
      }
      switch parts[index] {
      case .plain(let range):
        (values + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
      case .rows(let rows, let weights, let fanIn, .some(let normalization), nil):
        fold(normalization, rows, values + weights + rows.lowerBound * fanIn)
      case .rows(let rows, let weights, let fanIn, .some(let normalization), .some(let winograd)):
        // Layers find these weights transformed alone: φ itself stays untouched memory there.
        withUnsafeTemporaryAllocation(of: Element.self, capacity: rows.count * fanIn) { scratch in
          guard let base = scratch.baseAddress else { return }
          fold(normalization, rows, base)
          winograd.transformWeights(
            base - rows.lowerBound * fanIn, rows: rows, into: operand.transformed(weights))
        }
      case .rows(let rows, let weights, _, nil, let winograd):
        winograd?.transformWeights(source + weights, rows: rows, into: operand.transformed(weights))
      }
    }
  }

  // MARK: From φ

  /// φ′(θ)ᵀg, or with `curved` its derivative along v (`NormalizationFold`).
  /// - Throws: `Cancelled`.
  func pullBack(
    _ g: UnsafePointer<Element>, theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    curved: (v: UnsafePointer<Element>, primal: UnsafePointer<Element>)? = nil,
    into result: UnsafeMutablePointer<Element>, _ compute: Compute
  ) throws(Cancelled) {
    let shared = Uncheckedly((g: g, theta: theta, running: running, curved: curved, result: result))
    try compute.pool.run(parts.count, cancellation: compute.cancellation) { index in
      let (g, theta, running, curved, result) = shared.value
      switch parts[index] {
      case .rows(let rows, _, _, .some(let fold), _):
        fold.pullBack(rows, g, at: theta, running: running, curved: curved, into: result)
      case .rows(let rows, let weights, let fanIn, nil, _):
        let start = weights + rows.lowerBound * fanIn
        (result + start).update(from: g + start, count: rows.count * fanIn)
      case .plain(let range):
        (result + range.lowerBound).update(from: g + range.lowerBound, count: range.count)
      }
    }
  }
}
