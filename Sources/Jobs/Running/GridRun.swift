import Dispatch
import Influence
import JSON
import Network
import Tensor

/// The runs of a grid for one kind of change and goal.
struct GridRun<Element: Scalar, Goal: UpdateGoal, Group: UpdateGroup> {
  let request: CompareRequest
  let model: LoadedModel<Element>
  let state: NetworkState<Element>
  let environment: JobEnvironment
  let compute: Compute
  let choice: Goal
  let report: Goal
  let reference: CatalogCheckpoint?
  let group: (UpdateRequest) throws -> Group

  /// Cells that are made together: a single cell, or all cells that take entries of one solution.
  private struct Unit {
    let seed: Int
    /// Places in the grid's cells.
    let places: [Int]
    let isShared: Bool
  }

  private static var stage: String { "runs" }

  private func units(_ cells: [CompareRequest.Cell]) -> [Unit] {
    (0..<request.repeats).flatMap { number -> [Unit] in
      let seed = request.shared.seed + number
      var units: [Unit] = []
      var next = 0
      while next < cells.count {
        let cell = cells[next]
        let same = cells.indices.filter {
          cells[$0].solver == cell.solver && cells[$0].damping == cell.damping
        }
        for place in same where !cells[place].estimator.isOfTheWhole {
          units.append(Unit(seed: seed, places: [place], isShared: false))
        }
        let whole = same.filter { cells[$0].estimator.isOfTheWhole }
        if !whole.isEmpty { units.append(Unit(seed: seed, places: whole, isShared: true)) }
        next = (same.last ?? next) + 1
      }
      return units
    }
  }

  func result(_ context: any JobContext) throws -> JSONObject {
    let cells = request.cells
    let units = units(cells)
    var record = try GridRecord(context.resumeState(Self.stage), cells: cells.count, units: units.count)
    var saving = environment.saving
    var group: Group?
    var basis: UpdateBasis<Element>?
    let total = Double(cells.count * request.repeats)
    var done = units.prefix(record.units).reduce(0) { $0 + $1.places.count }
    for unit in units.dropFirst(record.units) {
      let named = try self.group(request.update(cells[unit.places[0]], seed: unit.seed))
      if named != group {
        basis = nil
        basis = named.basis(model, state, environment, compute)
        group = named
      }
      guard let basis else { continue }
      let part = PartContext(
        context, name: "cell", span: Double(done) / total...Double(done + unit.places.count) / total,
        title: title(unit, cells))
      try make(unit, cells, basis, part, &record)
      done += unit.places.count
      record.units += 1
      if saving.isDue() {
        try context.saveResumeState(Self.stage, record.bytes)
        saving.noteDone()
      }
    }
    context.progress(0.999, phase: "measure", detail: "before and retrained")
    let before = try report.evaluate(model, state, compute)
    var counts = try (group ?? self.group(request.shared)).json.objectValue ?? [:]
    counts["runs"] = JSONValue(cells.count * request.repeats)
    return [
      "rows": .array(zip(cells, record.runs).map { row($0, $1) }),
      "runs": .array(
        record.runs.enumerated().flatMap { place, runs in
          runs.map { JSONValue.object(JSONObject([("row", JSONValue(place))]).merging($0)) }
        }), "before": before.json,
      "retrained": try model.metrics(of: reference, on: report, environment, compute),
      "samples": .object(counts), "curvature_products": JSONValue(record.products),
      "warnings": JSONValue(record.warnings),
    ]
  }

  private func title(_ unit: Unit, _ cells: [CompareRequest.Cell]) -> String {
    unit.places.count > 1
      ? "seed \(unit.seed), \(unit.places.count) cells of one solution"
      : title(cells[unit.places[0]], unit.seed)
  }

  private func title(_ cell: CompareRequest.Cell, _ seed: Int) -> String {
    ["seed \(seed)", cell.estimator.rawValue, cell.ratio.map { "\($0.shortText)" }, cell.selection?.rawValue]
      .compactMap { $0 }.joined(separator: ", ")
  }

  /// Makes the updates of a unit. A failed update becomes a row of the table and does not end the others.
  private func make(
    _ unit: Unit, _ cells: [CompareRequest.Cell], _ basis: UpdateBasis<Element>, _ context: PartContext,
    _ record: inout GridRecord
  ) throws {
    let phases = UpdateProgress(context)
    let requests = unit.places.map { request.update(cells[$0], seed: unit.seed) }
    let start = DispatchTime.now().uptimeNanoseconds
    var solved: [UpdateBasis<Element>.Solved<Goal>]?
    if unit.isShared {
      do {
        let together = try basis.solveTogether(requests, choosingBy: choice, phases)
        record.products += together.map(\.solution.report.curvatureProducts).max() ?? 0
        solved = together
      } catch {
        let message = try Self.failure(error)
        for place in unit.places { record.fail(place, unit.seed, message) }
        return
      }
    }
    let sharedSeconds = Self.seconds(since: start) / Double(unit.places.count)
    for (number, place) in unit.places.enumerated() {
      let start = DispatchTime.now().uptimeNanoseconds
      do {
        let rounds = UpdateRounds(request: requests[number], basis: basis, goal: choice, group: self.group)
        let update = try rounds.follow(phases) { phases in
          if let solved { return try basis.update(solved[number], requests[number], phases) }
          let update = try basis.update(requests[number], choosingBy: choice, phases)
          record.products += update.solution.report.curvatureProducts
          return update
        }
        record.products += update.rounds.dropFirst().reduce(0) { $0 + $1.products }
        if let lost = update.lostRound { record.warn("\(title(cells[place], unit.seed)): \(lost)") }
        try phases.enter(.measure, "test samples")
        let metrics = try update.metrics(on: report, basis)
        record.runs[place].append(
          run(
            update, metrics, unit.seed,
            seconds: Self.seconds(since: start) + (solved == nil ? 0 : sharedSeconds)))
      } catch {
        record.fail(place, unit.seed, try Self.failure(error))
      }
    }
  }

  private static func seconds(since start: UInt64) -> Double {
    Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
  }

  /// The message for an update that failed.
  /// - Throws: the error itself, unless only the numbers of this update failed.
  private static func failure(_ error: any Error) throws -> String {
    guard let failure = JobFailure(ofComputation: error), failure.isOfNumbers || error is SolveError else {
      throw error
    }
    return failure.description
  }

  private func run(
    _ update: ModelUpdate<Element>, _ metrics: Goal.Metrics, _ seed: Int, seconds: Double
  ) -> JSONObject {
    var run: JSONObject = ["seed": JSONValue(seed)]
    for number in metrics.numbers { run[number.name] = JSONValue(number.value) }
    let report = update.solution.report
    // The score that chose the step and the scale; clients may choose between rows by it.
    let rounds = update.rounds.isEmpty ? [UpdateRound(update, isKept: true)] : update.rounds
    let kept = rounds.filter(\.isKept)
    run["validation_score"] = JSONValue(kept.last?.score)
    if request.shared.rounds > 1 { run["rounds"] = JSONValue(kept.count) }
    run["scale"] = .number(update.sweep.best.scale)
    run["converged"] = report.isLeftEarly ? .null : .bool(report.converged)
    run["iterations"] = JSONValue(report.chosenIteration ?? report.iterations)
    run["relative_residual"] = .number(report.relativeResidual)
    run["products"] = JSONValue(rounds.reduce(0) { $0 + $1.products })
    run["seconds"] = .number((seconds * 1000).rounded() / 1000)
    return run
  }

  /// A row of the table: the mean and the standard deviation of every number over the runs.
  private func row(_ cell: CompareRequest.Cell, _ runs: [JSONObject]) -> JSONValue {
    var row: JSONObject = [
      "estimator": .string(cell.estimator.rawValue), "modification_ratio": JSONValue(cell.ratio),
      "selection": JSONValue(cell.selection?.rawValue), "solver": .string(cell.solver.name.rawValue),
      "damping": .number(cell.damping),
    ]
    let whole = runs.filter { $0["failure"] == nil }
    for name in whole.first?.names ?? [] where name != "seed" && name != "converged" {
      let values = whole.compactMap { $0[name]?.doubleValue }
      row[name] =
        Spread(values).map { ["mean": .number($0.mean), "deviation": JSONValue($0.deviation)] } ?? .null
    }
    row["converged"] = JSONValue(whole.filter { $0["converged"] == true }.count)
    row["failed"] = JSONValue(runs.count - whole.count)
    return .object(row)
  }
}

extension Estimator {
  /// Whether the method takes entries of the solution over every parameter, for any choice of J.
  fileprivate var isOfTheWhole: Bool { self == .pif || self == .if }
}
