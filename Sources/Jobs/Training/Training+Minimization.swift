import Foundation
import Influence
import JSON
import Network
import Tensor

extension Training {
  /// The stage of a minimisation's resume state.
  private static var minimizationStage: String { "minimization" }

  /// Trains by minimising the risk over all samples.
  func minimize(
    from start: NetworkState<Element>, _ samples: Samples, _ options: MinimizationOptions
  ) throws -> Outcome {
    let snapshot = try TrainingSnapshot<Double>(
      context.resumeState(Self.minimizationStage), layout: model.layout, vectors: options.method.vectors)
    if snapshot == nil { begin() }
    var curve = snapshot?.curve ?? []
    let minimization = try RiskMinimization(
      network: model.network, from: start, samples: samples, loss: model.loss,
      weightDecay: model.weightDecay, options: options, memory: try snapshot.map { try MinimizerMemory($0) },
      memoryLimit: environment.memoryLimit, compute: compute)
    var course = MinimizationCourse(options: options, report: minimization.report)
    var (saving, reporting) = (environment.saving, environment.reporting)
    while !minimization.isDone {
      try minimization.step()
      let report = minimization.report
      course.note(report)
      try context.throwIfInterrupted()
      if reporting.isDue() {
        context.progress(0.98 * course.fraction, phase: "train", detail: course.detail)
      }
      // If no step was found, the iteration already has its row.
      let hasRow = curve.last?["epoch"]?.integerValue == report.iterations
      if report.iterations > 0, !hasRow, minimization.isDone || recipe.keepsRow(report.iterations) {
        curve.append(try row(report, minimization.state(Element.self)))
      }
      if saving.isDue(), !minimization.isDone {
        let snapshot = TrainingSnapshot(
          minimization.memory, state: NetworkState<Double>(start), curve: curve)
        try context.saveResumeState(Self.minimizationStage, snapshot.bytes(layout: model.layout))
        saving.noteDone()
      }
    }
    let report = minimization.report
    if report.reason == .nonFinite {
      throw JobFailure(
        .nonFinite, "The risk or its gradient is infinite or NaN where the minimisation begins.",
        advice: "Check the data set for extreme values.")
    }
    let state = minimization.state(Element.self)
    context.progress(0.98, phase: "evaluate", detail: "test samples")
    let verdict = try TrainingVerdict(
      of: state, model, on: samples, minimization: report, precision: Element.precision, compute)
    return Outcome(
      state: state, curve: curve, metrics: .object(try metrics(state).merging(verdict.members)),
      warnings: verdict.warnings)
  }

  private func row(_ report: MinimizationReport, _ state: NetworkState<Element>) throws -> JSONValue {
    var row: JSONObject = [
      "epoch": JSONValue(report.iterations),
      "loss": .number(report.value - model.weightDecay / 2 * state.parameters.dot(state.parameters)),
      "gradient_norm": .number(report.gradientNorm),
    ]
    if let held = try validation(state) { row["validation"] = held.json }
    return .object(row)
  }
}

/// The estimated share done of a minimisation: by the iterations used, and by the logarithm of the gradient
/// norm.
struct MinimizationCourse {
  private let options: MinimizationOptions
  private let firstNorm: Double
  private let lastNorm: Double
  private var report: MinimizationReport
  private(set) var fraction = 0.0

  init(options: MinimizationOptions, report: MinimizationReport) {
    self.options = options
    self.report = report
    firstNorm = report.gradientNorm
    lastNorm = options.gradientNorm ?? options.sufficientNorm ?? report.roundingFloor
    note(report)
  }

  mutating func note(_ report: MinimizationReport) {
    self.report = report
    let iterations = Double(report.iterations) / Double(options.iterationLimit)
    let descent = log(firstNorm / report.gradientNorm) / log(firstNorm / lastNorm)
    fraction = max(fraction, min(1, max(iterations, descent.isFinite ? descent : 0)))
  }

  var detail: String {
    "iteration \(report.iterations) of at most \(options.iterationLimit), "
      + "gradient norm \(report.gradientNorm.shortText)"
  }
}

extension MinimizationMethod {
  /// Vectors of θ's length in a snapshot besides θ: the best point, and the pairs of L-BFGS.
  fileprivate var vectors: ClosedRange<Int> {
    if case .lbfgs(let history) = self { 1...1 + 2 * history } else { 1...1 }
  }
}

extension TrainingSnapshot<Double> {
  fileprivate init(_ memory: MinimizerMemory, state: NetworkState<Double>, curve: [JSONValue]) {
    var state = state
    state.parameters = memory.theta
    func bits(_ number: Double) -> JSONValue { .string(String(number.bitPattern, radix: 16)) }
    self.init(
      state: state,
      optimizerState: memory.best + memory.steps.flatMap { $0 } + memory.changes.flatMap { $0 },
      epoch: memory.iterations,
      memory: [
        "evaluations": JSONValue(memory.evaluations), "products": JSONValue(memory.curvatureProducts),
        "flat": JSONValue(memory.flatSteps), "flat_norm": bits(memory.flatNorm),
        "floor": bits(memory.roundingFloor),
        "lowest": bits(memory.lowest), "best": bits(memory.bestNorm),
        "previous": memory.previousNorm.map(bits) ?? .null,
      ], curve: curve)
  }
}

extension MinimizerMemory {
  /// - Throws: `JobFailure.corrupt`.
  fileprivate init(_ snapshot: TrainingSnapshot<Double>) throws {
    let head = snapshot.memory
    func bits(_ name: String) -> Double? {
      head[name]?.stringValue.flatMap { UInt64($0, radix: 16) }.map { Double(bitPattern: $0) }
    }
    let count = snapshot.state.parameters.count
    let vectors = snapshot.optimizerState
    let pairs = count == 0 ? 0 : (vectors.count / count - 1) / 2
    guard let evaluations = head["evaluations"]?.integerValue, let products = head["products"]?.integerValue,
      let flat = head["flat"]?.integerValue, let floor = bits("floor"),
      let lowest = bits("lowest"),
      let best = bits("best"), vectors.count == count * (1 + 2 * pairs)
    else { throw JobFailure(.corrupt, "The saved state of the training is not what was saved.") }
    func vector(_ index: Int) -> [Double] { Array(vectors[index * count..<(index + 1) * count]) }
    self.init(
      theta: snapshot.state.parameters, best: vector(0), steps: (0..<pairs).map { vector(1 + $0) },
      changes: (0..<pairs).map { vector(1 + pairs + $0) }, iterations: snapshot.epoch,
      evaluations: evaluations, curvatureProducts: products, flatSteps: flat,
      flatNorm: bits("flat_norm") ?? best,
      roundingFloor: floor,
      lowest: lowest, bestNorm: best, previousNorm: bits("previous"))
  }
}
