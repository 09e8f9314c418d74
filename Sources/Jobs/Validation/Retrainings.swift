import Foundation
import Influence
import Network
import Synchronization
import Tensor

/// The part of a training without some samples that the validation needs.
struct Retrained: Sendable, Equatable {
  /// Of every test point.
  var losses: [Double]
  /// ‖θ − θ_control‖.
  var change: Double
  var gradientNorm: Double
  var converged: Bool?
  var steps: Int
}

/// The control training and the trainings without some samples. They run side by side if memory allows, each
/// on one thread. The bits do not depend on it.
struct Retrainings<Element: Scalar> {
  let retrainer: Retrainer<Element>
  let points: TestPoints
  let environment: JobEnvironment
  let context: any JobContext
  let compute: Compute
  /// The name of the resume state that keeps finished trainings.
  let stage: String
  /// Receives the share done of all trainings, from any thread.
  let progress: @Sendable (Double, String) -> Void

  struct Outcome {
    /// The control's `change` is its distance from the start.
    let control: Retrained
    /// In the order of the request.
    let others: [Retrained]
  }

  /// - Parameter omitted: the places that each training leaves out.
  func run(_ omitted: [[Int]]) throws -> Outcome {
    let count = omitted.count + 1
    var pace = environment.reporting
    let control = try retrainer.run(omitting: [], compute) { share in
      try context.throwIfInterrupted()
      guard pace.isDue() else { return }
      progress(share / Double(count), "control")
    }
    let origin = control.state.parameters
    let reference = try retrained(control, from: retrainer.start.parameters, compute)

    let store = RetrainingStore(context, stage, pace: environment.saving, tests: points.count)
    var done = try store.read(count: omitted.count)
    let open = omitted.indices.filter { done[$0] == nil }
    let course = Mutex((shares: [Double](repeating: 0, count: omitted.count), finished: done.count))
    course.withLock { course in for place in done.keys { course.shares[place] = 1 } }
    let reporting = Mutex(environment.reporting)
    let results = Mutex<(done: [Int: Retrained], failure: (place: Int, error: any Error)?)>((done, nil))

    /// Runs one of the trainings. Failures are kept; the failure of the first place wins.
    @Sendable func train(_ place: Int, _ compute: Compute) {
      if results.withLock({ $0.failure != nil }) { return }
      do {
        let outcome = try retrainer.run(omitting: omitted[place], compute) { share in
          try context.throwIfInterrupted()
          guard reporting.withLock({ $0.isDue() }) else { return }
          // Reported under the lock, so that the reported share only grows.
          course.withLock { course in
            course.shares[place] = share
            progress(
              (1 + course.shares.reduce(0, +)) / Double(count),
              "\(course.finished) of \(omitted.count) trainings")
          }
        }
        let row = try retrained(outcome, from: origin, compute)
        course.withLock { course in
          course.shares[place] = 1
          course.finished += 1
        }
        try results.withLock { results in
          results.done[place] = row
          try store.save(results.done)
        }
      } catch {
        results.withLock { results in
          if results.failure.map({ place < $0.place }) ?? true { results.failure = (place, error) }
        }
      }
    }
    if open.count >= compute.pool.threads, runsSideBySide {
      let alone = Compute(pool: .single, cancellation: compute.cancellation)
      try compute.pool.run(open.count, cancellation: compute.cancellation) { train(open[$0], alone) }
    } else {
      for place in open { train(place, compute) }
    }
    if let failure = results.withLock({ $0.failure }) { throw failure.error }
    done = results.withLock { $0.done }
    return Outcome(control: reference, others: omitted.indices.compactMap { done[$0] })
  }

  /// Whether every thread of the pool has a training of its own. For a small network one thread is as fast as
  /// several. For a large network the trainings would compete for memory.
  private var runsSideBySide: Bool {
    let threads = compute.pool.threads
    let values = Retrainings.values(retrainer)
    return threads > 1 && values * MemoryLayout<Element>.size <= environment.memoryLimit / (2 * threads)
  }

  /// Values that one training holds: its passes over a minibatch or over all samples, θ, the gradient, and
  /// the vectors of the optimizer or of a truncated Newton step.
  private static func values(_ retrainer: Retrainer<Element>) -> Int {
    let network = retrainer.model.network
    let batch: Int
    var vectors = 8
    if case .count(let size) = retrainer.recipe.batchSize {
      batch = min(size, retrainer.samples.count)
    } else {
      batch = retrainer.samples.count
    }
    if case .lbfgs(let history, _) = retrainer.recipe.optimizer { vectors += 2 * history }
    return 2 * network.keptValues * batch + vectors * network.layout.parameterCount
  }

  private func retrained(
    _ outcome: Retrainer<Element>.Outcome, from origin: [Element], _ compute: Compute
  ) throws -> Retrained {
    var change = outcome.state.parameters
    change.add(-1, times: origin)
    let losses = try points.losses(retrainer.model, outcome.state, compute)
    guard losses.allSatisfy(\.isFinite) else {
      throw JobFailure(
        .nonFinite, "The loss of a test point became infinite or NaN in a training.",
        advice: "Give training with a lower learning rate.")
    }
    return Retrained(
      losses: losses, change: change.norm, gradientNorm: outcome.gradientNorm, converged: outcome.converged,
      steps: outcome.steps)
  }
}

/// Finished trainings, as bytes between attempts.
private final class RetrainingStore: Sendable {
  private let context: any JobContext
  private let stage: String
  private let tests: Int
  private let pace: Mutex<Pace>

  init(_ context: any JobContext, _ stage: String, pace: Pace, tests: Int) {
    self.context = context
    self.stage = stage
    self.tests = tests
    self.pace = Mutex(pace)
  }

  /// Numbers of a training besides its losses: place, change, gradient norm, converged, steps.
  private static var numbers: Int { 5 }

  func save(_ done: [Int: Retrained]) throws {
    guard pace.withLock({ $0.isDue() }) else { return }
    var bytes: [UInt8] = []
    for (place, row) in done.sorted(by: { $0.key < $1.key }) {
      let converged = row.converged.map { $0 ? 1.0 : 0 } ?? -1
      for number in [Double(place), row.change, row.gradientNorm, converged, Double(row.steps)] + row.losses {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    try context.saveResumeState(stage, bytes)
    pace.withLock { $0.noteDone() }
  }

  /// - Throws: `JobFailure.corrupt`.
  func read(count: Int) throws -> [Int: Retrained] {
    guard let bytes = try context.resumeState(stage) else { return [:] }
    let width = Self.numbers + tests
    let values = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 8).map {
        Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
    let corrupt = JobFailure(.corrupt, "The saved state of the trainings is not what was saved.")
    guard bytes.count % (8 * width) == 0 else { throw corrupt }
    var done: [Int: Retrained] = [:]
    for start in stride(from: 0, to: values.count, by: width) {
      let row = values[start..<start + width]
      guard let place = Int(exactly: row[start]), let steps = Int(exactly: row[start + 4]),
        (0..<count).contains(place)
      else { throw corrupt }
      done[place] = Retrained(
        losses: Array(row[(start + Self.numbers)...]), change: row[start + 1], gradientNorm: row[start + 2],
        converged: row[start + 3] < 0 ? nil : row[start + 3] == 1, steps: steps)
    }
    return done
  }
}
