import Tensor

/// One way to run a network: its layers, and how θ is prepared for them. Folded normalizations become part of
/// the weights, and weights for minimal filtering are transformed. This is done once for θ or a direction,
/// not once for each shard.
struct NetworkForm<Element: Scalar>: Sendable {
  let program: Program<Element>
  /// Length of φ: θ, and the frozen parameters behind it.
  let parameterCount: Int
  private let frozen: Part?
  private let thetaCount: Int
  private let layers: [WeightLayer<Element>]
  private let parts: [Part]

  /// A part of θ that one thread prepares at a time.
  enum Part: Sendable {
    /// Parameters that are copied.
    case plain(Range<Int>)
    /// Frozen parameters, and their place in the statistics. They have no direction and no gradient.
    case frozen(Range<Int>, statistics: Int)
    /// Some rows of a layer's weights, by their places among the rows that the layer reads.
    case rows(WeightLayer<Element>, Range<Int>)
  }

  /// How many weights a part has.
  private static var partSize: Int { 1 << 16 }

  init(_ architecture: Architecture, foldsNormalization: Bool) {
    var builder = ProgramBuilder<Element>(architecture, foldsNormalization: foldsNormalization)
    program = builder.program()
    let layout = architecture.layout
    parameterCount = layout.valueCount
    frozen =
      layout.frozenCount == 0
      ? nil : .frozen(layout.parameterCount..<layout.valueCount, statistics: layout.runningCount)
    let transforms = program.weightTransforms
    layers = architecture.layout.neuronLayers.map { layer in
      WeightLayer(
        weights: layer.weights, neurons: layer.neurons, fanIn: layer.fanIn, bias: layer.bias,
        fold: builder.folds.first { $0.weights == layer.weights },
        winograd: transforms.first { $0.weights == layer.weights }?.winograd, chosen: nil,
        isNarrowable: layer.isNarrowable)
    }
    transformRoom =
      Operand<Element>.room
      * (layers.lazy.filter { $0.winograd != nil }.map { $0.weights + $0.rows * $0.fanIn }.max() ?? 0)
    parts = Self.parts(layers, count: layout.parameterCount) + (frozen.map { [$0] } ?? [])
    thetaCount = layout.parameterCount
    isIdentity = frozen == nil && layers.allSatisfy { $0.fold == nil && $0.winograd == nil }
  }

  private static func parts(_ layers: [WeightLayer<Element>], count: Int) -> [Part] {
    var parts: [Part] = []
    for layer in layers {
      let step = max(1, partSize / max(layer.fanIn, 1))
      for first in stride(from: 0, to: layer.rows, by: step) {
        parts.append(.rows(layer, first..<min(first + step, layer.rows)))
      }
    }
    for range in rest(layers, count) {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: partSize) {
        parts.append(.plain(start..<min(start + partSize, range.upperBound)))
      }
    }
    return parts
  }

  /// Parameters that belong to no weight layer and no folded normalization.
  private static func rest(_ layers: [WeightLayer<Element>], _ count: Int) -> [Range<Int>] {
    var next = 0
    let taken = layers.flatMap(\.ranges).sorted { $0.lowerBound < $1.lowerBound }
    return (taken + [count..<count]).compactMap { range in
      defer { next = range.upperBound }
      return next < range.lowerBound ? next..<range.lowerBound : nil
    }
  }

  /// Whether any layer reads its weights transformed.
  var hasTransforms: Bool { transformRoom > 0 }

  /// How many values the transformed weights of θ take, up to the last of them. The large layers behind the
  /// convolutions of a network have none.
  let transformRoom: Int

  /// Whether φ(θ) = θ, so that passes can read θ and directions where they are.
  let isIdentity: Bool

  // MARK: Subsets

  /// A subset of the parameters, in the form that the passes use.
  /// - Precondition: the indices lie in θ.
  func subset(_ indices: [Int]) -> ParameterSubset<Element> {
    var marks = [Bool](repeating: false, count: parameterCount)
    for index in indices { marks[index] = true }
    let narrowed = layers.map { layer in
      layer.narrowed(to: layer.touched(by: marks).map { Int32($0) })
    }
    var sums = Self.rest(layers, thetaCount)
    for layer in narrowed {
      sums.append(layer.weights..<layer.weights + layer.rows * layer.fanIn)
      if let fold = layer.fold { sums.append(fold.shift..<fold.shift + fold.neurons) }
    }
    return ParameterSubset(
      indices: indices, rows: RowTable(narrowed),
      parts: Self.parts(narrowed, count: thetaCount) + (frozen.map { [$0] } ?? []), sums: sums)
  }

  /// The threads to use. For a short θ it is the caller's thread alone: waking others takes longer than the
  /// work.
  private func threads(_ compute: Compute) -> ComputePool {
    parameterCount <= 1 << 15 ? .single : compute.pool
  }

  // MARK: To φ

  /// Prepares θ, or a direction v at θ.
  /// - Parameter support: v is zero outside it. The rows of narrowed layers then lie one after the other, and
  ///   their biases behind them.
  /// - Throws: `Cancelled`.
  func prepare(
    _ operand: Operand<Element>, theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    direction: UnsafePointer<Element>? = nil, support: ParameterSubset<Element>? = nil, _ compute: Compute
  ) throws(Cancelled) {
    let parts = support?.parts ?? parts
    let shared = Disjoint((theta: theta, running: running, direction: direction))
    try threads(compute).run(parts.count, cancellation: compute.cancellation) { index in
      let (theta, running, direction) = shared.value
      switch parts[index] {
      case .plain(let range):
        let source = (direction ?? theta) + range.lowerBound
        (operand.values.pointer + range.lowerBound).update(from: source, count: range.count)
      case .frozen(let range, let start):
        let target = operand.values.pointer + range.lowerBound
        if direction == nil {
          target.update(from: running + start, count: range.count)
        } else {
          target.clear(range.count)
        }
      case .rows(let layer, let places):
        layer.prepare(places, theta, running: running, direction: direction, operand)
      }
    }
  }

  // MARK: From φ

  /// φ′(θ)ᵀg, or with `curved` its derivative along v (`NormalizationFold`).
  /// - Parameter wanted: the entries of the result that are needed; the others are undefined. In g the rows
  ///   of narrowed layers then lie one after the other.
  /// - Throws: `Cancelled`.
  func pullBack(
    _ g: UnsafePointer<Element>, theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    curved: (v: UnsafePointer<Element>, primal: UnsafePointer<Element>)? = nil,
    wanted: ParameterSubset<Element>? = nil, into result: UnsafeMutablePointer<Element>, _ compute: Compute
  ) throws(Cancelled) {
    let parts = wanted?.parts ?? parts
    let shared = Disjoint((g: g, theta: theta, running: running, curved: curved, result: result))
    try threads(compute).run(parts.count, cancellation: compute.cancellation) { index in
      let (g, theta, running, curved, result) = shared.value
      switch parts[index] {
      case .plain(let range):
        (result + range.lowerBound).update(from: g + range.lowerBound, count: range.count)
      case .frozen: break
      case .rows(let layer, let places):
        layer.pullBack(places, g, theta, running: running, curved: curved, into: result)
      }
    }
  }
}
