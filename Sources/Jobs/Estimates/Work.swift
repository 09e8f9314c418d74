import Foundation
import Influence
import Network
import Tensor

/// Adds up the work of a job on one model: passes over samples, solves, and the memory in use.
///
/// Everything is in `Double`, so that no request is too large to be estimated.
struct Work {
  let machine: Machine
  let network: NetworkCost
  let model: CatalogModel
  let set: CatalogDataset
  /// Bytes of an element.
  let element: Double
  /// Multiply-adds, in units of large float32 products.
  private(set) var operations = 0.0
  /// Seconds that are independent of sizes.
  private(set) var fixedSeconds = 0.01
  private var held = 0.0
  /// The part of `held` that would go if a batch were one sample.
  private var heldForBatches = 0.0
  /// The largest value of `held` so far, and its `heldForBatches`.
  private var peak = 0.0
  private var peakForBatches = 0.0
  private(set) var results = 0.0

  /// - Parameter precision: the precision of the computation, by default the model's.
  init(
    _ model: CatalogModel, _ set: CatalogDataset, _ machine: Machine, precision: Precision? = nil
  ) throws {
    self.machine = machine
    self.model = model
    self.set = set
    network = try machine.network(of: model, set)
    element = Double((precision ?? model.precision).bytes)
    // θ in the engine, as stored, and prepared for passes.
    hold(set.memoryBytes + 7 * network.parameters * element + Self.unit)
    hold(network.inWork(largestCount, threads: machine.threads) * element)
  }

  /// The work of a kind's usual body, on the named model.
  init(_ target: ModelReference, _ catalog: any Catalog, _ machine: Machine, precision: Precision? = nil)
    throws
  {
    guard let model = try catalog.model(of: target) else {
      throw UnknownResource(.model, target.model)
    }
    guard let set = try catalog.dataset(named: model.dataset) else {
      throw UnknownResource(.dataset, model.dataset)
    }
    try self.init(model, set, machine, precision: precision)
  }

  private static let unit = 32.0 * 1024 * 1024

  var estimate: JobEstimate {
    JobEstimate(
      memoryBytes: peak, batchBytes: peakForBatches,
      seconds: fixedSeconds + operations / machine.multiplyAdds, resultBytes: results)
  }

  // MARK: Sizes

  var parameterBytes: Double { network.parameters * element }
  var trainCount: Double { Double(set.trainCount) }
  var testCount: Double { Double(set.testCount) }
  /// The samples of the larger split.
  private var largestCount: Double { max(trainCount, testCount) }
  /// Samples held out by the model's training.
  var heldCount: Double { (model.training?.validationShare ?? 0) * trainCount }
  /// The most samples that the model was trained on.
  var trainedCount: Double { trainCount - heldCount }

  func drawn(_ samples: SampleCount) -> Double {
    if case .count(let count) = samples { min(Double(count), trainedCount) } else { trainedCount }
  }

  // MARK: Memory in use

  mutating func hold(_ bytes: Double) {
    held += bytes
    guard held > peak else { return }
    peak = held
    peakForBatches = heldForBatches
  }

  /// The gradients that the threads add up, in passes over so many samples.
  private mutating func holdGradients(of samples: Double) {
    hold(vectors: 2 * network.lanes(samples, threads: machine.threads))
  }

  /// Bytes that depend on the size of a batch.
  mutating func hold(batch: Double, _ bytes: (Double) -> Double) {
    let all = bytes(batch)
    heldForBatches += max(0, all - bytes(1))
    hold(all)
  }

  mutating func hold(vectors: Double) { hold(vectors * parameterBytes) }
  mutating func leave(_ bytes: Double) { results += bytes }
  mutating func leaveCheckpoint() { results += parameterBytes + 65536 }
  mutating func takeSeconds(_ seconds: Double) { fixedSeconds += seconds }

  /// Work that is repeated in sequence. The time of the repetitions adds up; each releases its memory.
  mutating func apart(times: Double, _ work: (inout Work) -> Void) {
    let before = self
    work(&self)
    operations = before.operations + times * (operations - before.operations)
    fixedSeconds = before.fixedSeconds + times * (fixedSeconds - before.fixedSeconds)
    held = before.held
    heldForBatches = before.heldForBatches
  }

  // MARK: Passes

  /// Passes over samples, each as long as `forwards` forward passes.
  mutating func pass(_ samples: Double, times forwards: Double) {
    operations += samples * forwards * network.forwardOperations * element / 4
  }

  mutating func evaluate(_ samples: Double) { pass(samples, times: 1) }

  /// `times` vector operations on θ, at the speed of memory.
  mutating func touch(_ times: Double) { operations += 100 * times * network.parameters * element / 4 }

  /// Multiply-adds of dense matrices in `Double`.
  mutating func takeProducts(_ count: Double) { operations += 3.5 * count }

  // MARK: Curvature

  /// Linearizes samples and gives the cost of a product with their curvature.
  mutating func linearize(
    _ samples: Double, matrix: CurvatureKind, limit: Double? = nil
  ) -> CurvatureCost {
    pass(samples, times: 3)
    let all = samples * network.kept * element
    // One piece is always kept. If not all pieces fit, a second one is in memory while it is computed.
    let piece = min(all, max(256 * network.kept * element, 0x1p28))
    let room = limit ?? Double(machine.memoryLimit)
    let kept = min(all, max(room, piece))
    hold(kept + (kept < all ? piece : 0) + 5 * parameterBytes)
    holdGradients(of: samples)
    hold(network.inWork(samples, threads: machine.threads, tangents: true) * element)
    let again = all > 0 ? 3 * (1 - kept / all) : 0
    return CurvatureCost(samples: samples, forwards: (matrix == .hessian ? 6 : 4) + again)
  }

  mutating func multiply(_ curvature: CurvatureCost, times: Double) {
    pass(curvature.samples, times: curvature.forwards * times)
    touch(4 * times)
    fixedSeconds += 3e-5 * times
  }

  /// A solve with the curvature, and its memory.
  /// - Parameters:
  ///   - count: right-hand sides.
  ///   - productsAStep: 2 for a least-squares problem.
  ///   - usual: the usual steps of `cg` and `minres`, if the caller has a better number.
  mutating func solve(
    _ solver: SolverRequest, _ curvature: CurvatureCost, count: Double = 1, productsAStep: Double = 1,
    columns: Double? = nil, usual known: Double? = nil
  ) {
    let size = SolveSize(
      parameters: network.parameters, unknowns: columns ?? network.parameters, count: count,
      productsAStep: productsAStep, usualSteps: known, isWatched: solver.iterations == .auto)
    let cost = solver.choice(damping: 0, pathLimit: nil, seed: 0).expectedCost(size)
    multiply(curvature, times: cost.setupProducts)
    if let samples = solver.solver.samplesABatch {
      let batch = CurvatureCost(samples: Double(samples), forwards: curvature.forwards + 3)
      multiply(batch, times: cost.batchProducts)
    }
    multiply(curvature, times: cost.products)
    takeProducts(cost.multiplyAdds)
    touch(cost.sweeps)
    hold(vectors: cost.vectors)
    hold(cost.bytes)
  }

  /// The cost of a product with a block of `count` vectors, in products with one vector.
  static func block(of count: Double) -> Double { SolveSize.block(of: count) }

  /// The steps that a solve for a ranking usually takes: about as many for every digit of its residual.
  func rankingSteps(_ solver: SolverRequest) -> Double {
    let tolerance = solver.tolerance ?? (element == 4 ? 1e-2 : 1e-10)
    return max(8, -15 * log10(tolerance)) * (solver.name == .minres ? 1.2 : 1)
  }

  // MARK: Training

  /// A training by a recipe, or a share of one.
  mutating func train(
    _ recipe: TrainingRecipe, share: Double = 1, samples: Double? = nil, measured: Bool = true
  ) {
    let samples = samples ?? (1 - recipe.validationShare) * trainCount
    let epochs = share * Double(recipe.epochs)
    let held = recipe.validationShare * trainCount
    // Minimisations are computed in `Double`.
    let wide = 8 / element
    holdGradients(of: samples)
    // The gradient and the losses at the end of the training.
    if measured { pass(min(samples, Double(RiskSlope.mostSamples)), times: 4) }
    switch recipe.optimizer {
    case .sgd, .adam:
      let batch: Double =
        if case .count(let size) = recipe.batchSize { min(Double(size), samples) } else { samples }
      let steps = epochs * max(1, samples / max(1, batch))
      pass(epochs * samples, times: 3)
      touch(steps * (recipe.optimizer.name == .adam ? 6 : 3))
      takeSeconds(steps * 3e-5)
      if measured { evaluate(epochs * held + held + testCount) }
      hold(vectors: 8)
      let (machine, network, element) = (machine, network, element)
      hold(batch: batch) { batch in
        let inWork =
          network.couplesSamples ? batch : Double(machine.threads) * min(batch, network.shardSamples)
        return inWork * network.kept * element
      }
    case .lbfgs(let history, _):
      pass(min(epochs, 150) * 1.3 * samples, times: 3 * wide)
      touch(min(epochs, 150) * 4 * Double(history) * wide)
      hold(vectors: (10 + 2 * Double(history)) * wide)
      hold(min(Double(machine.memoryLimit), samples * network.inputs * element * wide))
    case .newton:
      let curvature = linearize(samples, matrix: .hessian)
      multiply(curvature, times: min(epochs, 8) * 10 * wide)
      hold(vectors: 20 * wide)
      hold(min(Double(machine.memoryLimit), samples * network.inputs * element * wide))
    }
  }
}

/// A product with a curvature.
struct CurvatureCost {
  let samples: Double
  /// The cost in forward passes.
  let forwards: Double
}

extension CatalogDataset {
  /// The memory of the set's samples in bytes: the stored count, or an upper bound if no count is stored.
  var memoryBytes: Double {
    if let byteCount { return Double(byteCount) }
    let values = inputShape.reduce(1.0) { $0 * Double($1) }
    return Double(trainCount + testCount) * (8 * values + 16)
  }
}
