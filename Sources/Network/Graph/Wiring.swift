/// How the stages of a network hang together: what the planner of schedules needs to know of them.
///
/// Value 0 is the network's input. Every stage gives one value, and stands behind the stages whose values it
/// reads.
struct Wiring: Sendable {
  /// The way in which a stage makes its value of its inputs.
  enum Kind: Sendable {
    /// A `Layer`, or a `Joint` of several inputs.
    case layer(LayerUses)
    /// A `FixedMap` of one input.
    case map
    /// The sum of the inputs.
    case sum
  }

  enum Activation: Sendable { case none, piecewiseLinear, curved }

  struct Stage: Sendable {
    let kind: Kind
    let activation: Activation
    let hasParameters: Bool
    let inputs: [Int]
    let output: Int

    /// Whether the value has a derivative by the inputs.
    fileprivate var hasDerivative: Bool {
      if case .layer(let uses) = kind { uses.hasDerivative } else { true }
    }
  }

  let stages: [Stage]
  /// Values a sample of each value.
  let sizes: [Int]
  /// The value that the network gives.
  let output: Int
  static let input = 0

  /// The stages that read each value, once for every input.
  private let readers: [[Int]]
  /// The stage that gives each value; nil for the input.
  private let producers: [Int?]
  /// Whether each value depends on parameters, so that it has a tangent.
  private let dependsOnParameters: [Bool]

  init(stages: [Stage], sizes: [Int], output: Int) {
    self.stages = stages
    self.sizes = sizes
    self.output = output
    var readers = [[Int]](repeating: [], count: sizes.count)
    var producers = [Int?](repeating: nil, count: sizes.count)
    var depends = [Bool](repeating: false, count: sizes.count)
    for (index, stage) in stages.enumerated() {
      for input in stage.inputs { readers[input].append(index) }
      producers[stage.output] = index
      depends[stage.output] =
        stage.hasParameters || stage.hasDerivative && stage.inputs.contains { depends[$0] }
    }
    self.readers = readers
    self.producers = producers
    dependsOnParameters = depends
  }

  func hasTangent(_ value: Int) -> Bool { dependsOnParameters[value] }

  /// Whether anybody asks for the gradient by a value.
  /// - Parameter toInput: whether the gradient by the network's input is asked for.
  func needsGradient(_ value: Int, toInput: Bool) -> Bool {
    if let producer = producer(of: value), !producer.hasDerivative, !producer.hasParameters { return false }
    return toInput || dependsOnParameters[value]
  }

  func producer(of value: Int) -> Stage? { producers[value].map { stages[$0] } }

  private func isCurved(_ value: Int) -> Bool { producer(of: value)?.activation == .curved }

  private func isActivated(_ value: Int) -> Bool {
    producer(of: value).map { $0.activation != .none } ?? false
  }

  /// Whether the only reader of a value is a fixed map. The gradient by the value is then made again from
  /// that by the map's output.
  func isRemakable(_ value: Int) -> Bool {
    guard value != output, readers[value].count == 1 else { return false }
    if case .map = stages[readers[value][0]].kind { return true }
    return false
  }

  /// Whether later passes read a value that the forward pass leaves.
  func keepsOutput(_ value: Int) -> Bool {
    if isActivated(value) { return true }
    if let producer = producer(of: value), case .layer(let uses) = producer.kind, uses.output { return true }
    return readers[value].contains { stage in
      if case .layer(let uses) = stages[stage].kind { uses.inputs } else { false }
    }
  }

  /// Whether the tangent's backward pass reads the tangent of a value.
  func keepsTangent(_ value: Int) -> Bool {
    guard hasTangent(value) else { return false }
    if isCurved(value) { return true }
    if let producer = producer(of: value), case .layer(let uses) = producer.kind, uses.output { return true }
    return readers[value].contains { stage in
      if case .layer(let uses) = stages[stage].kind { uses.inputs } else { false }
    }
  }

  /// Whether the tangent's backward pass reads the gradient of the primal pass by a value.
  func readsPrimal(_ value: Int) -> Bool {
    guard hasTangent(value), let stage = producer(of: value) else { return false }
    if stage.activation == .curved { return true }
    switch stage.kind {
    case .layer(let uses): return uses.gradient
    case .map, .sum: return stage.inputs.contains(where: readsPrimal)
    }
  }

  /// Values a sample that a linearization keeps, besides those that stages keep.
  var keptValues: Int {
    sizes.indices.dropFirst().reduce(0) { sum, value in
      var count = value != output && keepsOutput(value) ? 1 : 0
      if !isRemakable(value), readsPrimal(value) { count += isCurved(value) ? 2 : 1 }
      return sum + count * sizes[value]
    }
  }

  /// The place of the value that each value is summed into, if its only reader is a sum that may write over
  /// it; else its own.
  /// - Parameter isKept: whether a value has memory of its own.
  func storage(_ isKept: (Int) -> Bool) -> [Int] {
    var storage = Array(sizes.indices)
    for stage in stages.reversed() {
      guard case .sum = stage.kind else { continue }
      let first = stage.inputs.first { input in
        input != Self.input && input != output && readers[input].count == 1 && !isKept(input)
      }
      if let first { storage[first] = storage[stage.output] }
    }
    return storage
  }
}

/// The arrays that the passes of a layer read besides the direction and ∂ẏ. No other array is kept for them.
struct LayerUses: Sendable {
  /// x, and ẋ in tangentBackward.
  var inputs = true
  /// y, and ẏ in tangentBackward.
  var output = false
  /// ∂y in tangentBackward.
  var gradient = true
  /// Whether the derivative by the inputs is not zero everywhere. Without one, the value has a tangent only
  /// from parameters of the layer itself.
  var hasDerivative = true
}
