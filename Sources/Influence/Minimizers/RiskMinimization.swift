import Network
import Tensor

/// The minimisation of a network's risk, computed in `Double` in well scaled coordinates, and rounded to the
/// network's precision once, at the end. The report is on the rounded weights.
///
/// Without weight decay a cross-entropy or hinge may have no minimum. If the network can separate the
/// classes, the risk falls for ever while the weights grow (Albert and Anderson 1984). The report says so.
public final class RiskMinimization {
  public let options: MinimizationOptions
  private let risk: ScaledRisk
  private let minimizer: Minimizer<ScaledRisk>
  private let samples: Samples
  private let weightDecay: Double
  private let compute: Compute
  /// The nearest number of the network's precision.
  private let rounded: (Double) -> Double
  /// The mean loss in the network's own arithmetic; nil if that is `Double`.
  private let ownLoss: ((NetworkState<Double>) throws -> Double)?
  private var finished: MinimizationReport?

  /// - Parameters:
  ///   - start: the start of the search; its running statistics are used at every θ.
  ///   - memory: the state of an earlier minimisation of the same function, which then goes on.
  ///   - memoryLimit: bytes for kept samples, and for the linearizations of a curvature.
  /// - Precondition: there is at least one sample.
  public init<Element: Scalar>(
    network: Network<Element>, from start: NetworkState<Element>, samples: Samples, loss: Loss,
    weightDecay: Double, options: MinimizationOptions, memory: MinimizerMemory? = nil,
    memoryLimit: Int = 1 << 30, compute: Compute
  ) throws {
    self.options = options
    self.samples = samples
    self.weightDecay = weightDecay
    self.compute = compute
    risk = ScaledRisk(
      network: network, state: start, samples: samples, loss: loss, weightDecay: weightDecay,
      memoryLimit: memoryLimit, compute: compute)
    rounded = { Double(Element($0)) }
    ownLoss =
      Element.precision == .float64
      ? nil
      : { state in
        try network.evaluate(NetworkState<Element>(state), on: samples, loss: loss, compute: compute).meanLoss
      }
    let theta = start.parameters.map { Double($0) }
    minimizer = try Minimizer(
      risk, from: memory == nil ? try Self.start(theta, risk) : [], options: options, memory: memory)
    if minimizer.isDone { try finish() }
  }

  /// On columns of size 10⁷ initial weights give outputs of that size, at which the loss has no curvature. If
  /// their risk is ten times that of weights of the same size on standardized columns, the search begins with
  /// the second. A linear model then begins at zero.
  private static func start(_ theta: [Double], _ risk: ScaledRisk) throws -> [Double] {
    let phi = risk.phi(theta)
    guard risk.scaling != nil else { return phi }
    let isLinear = risk.base.network.architecture.isLinearInParameters
    let other = isLinear ? .zeros(theta.count) : theta
    let (value, otherValue) = (try risk.evaluate(phi).value, try risk.evaluate(other).value)
    return value <= 10 * otherValue || !otherValue.isFinite ? phi : other
  }

  public var isDone: Bool { finished != nil }
  /// On the present point, in `Double`. After the end it is on the rounded weights.
  public var report: MinimizationReport { finished ?? minimizer.report }
  /// The state that a later minimisation needs to go on with the same bits.
  public var memory: MinimizerMemory { minimizer.memory }

  /// The present weights, rounded. After the end they are the answer.
  public func state<Element: Scalar>(_: Element.Type) -> NetworkState<Element> {
    NetworkState<Element>(risk.base.state(risk.theta(minimizer.theta)))
  }

  /// Makes one step, unless the end is reached.
  public func step() throws {
    if isDone { return }
    try minimizer.step()
    if !minimizer.isDone, try isParted(minimizer.theta, below: Self.partedRisk) {
      minimizer.stop(.noMinimum)
    }
    if minimizer.isDone { try finish() }
  }

  /// Makes steps until the end is reached.
  /// - Parameter progress: called after every step; an error that it throws ends the minimisation.
  public func run(progress: (MinimizationReport) throws -> Void = { _ in }) throws -> MinimizationReport {
    while !isDone {
      try step()
      try progress(report)
    }
    return report
  }

  // MARK: The end

  /// Rounding the weights may raise the risk by this share of its size.
  private static let roundingShare = 1e-6
  /// If there is no minimum, the search ends below this risk: nothing more can be gained.
  private static let partedRisk = 1e-8

  private func finish() throws {
    var report = minimizer.report
    defer { finished = report }
    guard report.reason != .nonFinite else { return }
    var state = risk.base.state(risk.theta(minimizer.theta))
    state.parameters = state.parameters.map(rounded)
    let plain = NetworkRisk(
      network: risk.base.network, state: state, samples: samples, loss: risk.base.loss,
      weightDecay: weightDecay, memoryLimit: 0, compute: compute)
    let end = try plain.evaluate(state.parameters)
    let scale = risk.decreaseScale(end)
    report.decreaseTolerance = options.decreaseShare * scale
    report.roundingRise = max(0, end.value - report.value)
    report.value = end.value
    report.gradientNorm = end.gradient.norm
    let isTooSteep = options.gradientNorm.map { report.gradientNorm > $0 } ?? false
    if report.converged, isTooSteep || !(report.roundingRise <= Self.roundingShare * scale) {
      report.converged = false
      report.reason = .precision
    }
    if let ownLoss {
      let decay = weightDecay / 2 * state.parameters.dot(state.parameters)
      report.arithmeticError = abs(try ownLoss(state) + decay - end.value) / max(scale, .leastNormalMagnitude)
    }
    try lookForDivergence(&report)
  }

  /// Whether the loss can fall for ever because no weight decay holds the weights.
  private var canFallForEver: Bool { weightDecay == 0 && risk.base.loss.fallsForEver(samples.targets) }

  private func isParted(_ phi: [Double], below value: Double) throws -> Bool {
    guard canFallForEver, options.gradientNorm == nil, options.sufficientNorm == nil,
      minimizer.report.value < value
    else { return false }
    return try isParted(outputs(phi))
  }

  /// Whether every sample is on the right side. Then larger weights of the last layer make the risk as small
  /// as one likes.
  private func isParted(_ outputs: [Double]) -> Bool {
    risk.base.network.architecture.endsInLinear && margins(outputs).joined().allSatisfy { $0 > 0 }
  }

  private func lookForDivergence(_ report: inout MinimizationReport) throws {
    guard canFallForEver else { return }
    let here = try outputs(minimizer.theta)
    if isParted(here) {
      report.converged = false
      report.reason = .noMinimum
      report.expectedDecrease = report.value
      return
    }
    guard risk.base.network.architecture.isLinearInParameters else { return }
    if try isPartedInPart(here) {
      report.converged = false
      report.reason = .noMinimum
      return
    }
    // At a minimum the Newton step moves nothing.
    guard report.converged, let step = minimizer.lastStep else { return }
    var moved = minimizer.theta
    moved.add(1, times: step)
    var change = try outputs(moved)
    change.add(-1, times: here)
    let (least, most) = range(margins(change).joined())
    guard max(most, -least) >= 1e-2 * risk.base.loss.marginUnit else { return }
    report.converged = false
    report.reason = least >= -1e-3 * most ? .noMinimum : .unresolvedCurvature
  }

  /// The most numbers of the matrix of margins.
  private static let mostEntries = 1 << 24

  /// Whether some wide margins can grow for ever while the other margins stay. The weights then move along
  /// directions that change no other margin. Margins are linear in θ here, so the answer is no guess.
  private func isPartedInPart(_ outputs: [Double]) throws -> Bool {
    let loss = risk.base.loss
    let present = Array(margins(outputs).joined())
    let held = present.indices.filter { present[$0] < loss.farMargin }
    let n = risk.dimension
    guard !held.isEmpty, held.count < present.count, n <= NewtonDirection.denseLimit,
      present.count <= Self.mostEntries / n
    else { return false }
    // A column of margins for every parameter.
    let columns = try (0..<n).map { index in
      var unit = [Double].zeros(n)
      unit[index] = 1
      return Array(margins(try self.outputs(unit)).joined())
    }
    let heldColumns = columns.map { column in held.map { column[$0] } }
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let product = heldColumns[i].dot(heldColumns[j])
        (matrix[i * n + j], matrix[j * n + i]) = (product, product)
      }
    }
    let (values, vectors) = try DenseAlgebra.eigen(matrix, order: n)
    let floor = 1e-11 * (values.last ?? 0)
    var direction = [Double].zeros(n)
    for index in 0..<n where values[index] <= floor {
      let vector = Array(vectors[index * n..<(index + 1) * n])
      direction.add(vector.dot(minimizer.theta), times: vector)
    }
    var change = [Double].zeros(present.count)
    for (index, column) in columns.enumerated() { change.add(direction[index], times: column) }
    let (least, most) = range(change)
    return most >= loss.marginUnit && least >= -1e-4 * most
  }

  /// The margins of every sample.
  private func margins(_ outputs: [Double]) -> [[Double]] {
    let columns = risk.base.network.architecture.output.count
    return (0..<samples.count).map { place in
      risk.base.loss.margins(
        Array(outputs[place * columns..<(place + 1) * columns]), samples.targets, place)
    }
  }

  private func range(_ numbers: some Sequence<Double>) -> (least: Double, most: Double) {
    numbers.reduce((0, 0)) { (min($0.0, $1), max($0.1, $1)) }
  }

  /// The outputs for every sample, row-major.
  private func outputs(_ phi: [Double]) throws -> [Double] {
    let columns = risk.base.network.architecture.output.count
    let buffer = Buffer<Double>(count: samples.count * columns)
    let rows = Disjoint(buffer.pointer)
    _ = try risk.base.network.evaluate(
      risk.base.state(phi), on: risk.base.samples, loss: risk.base.loss, compute: compute
    ) { place, row in
      for column in 0..<columns { rows.value[place * columns + column] = row[column] }
    }
    return Array(UnsafeBufferPointer(start: buffer.pointer, count: buffer.count))
  }
}
