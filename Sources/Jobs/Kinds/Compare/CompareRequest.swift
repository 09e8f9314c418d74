import Influence
import JSON

/// `compare`: a grid of estimators, shares of parameters and selections as one table. Each cell has the
/// numbers that `remove` or `recover` would reach. The weights are not kept.
public struct CompareRequest: JobRequest, Hashable {
  public static let kind = "compare"

  public var target: ModelReference
  /// The group. For a recovery without a group, `resolve` fills in the changed samples.
  public var group: GroupChoice?
  /// Whether the group gets its true labels instead of being removed.
  public var recovers: Bool
  public var estimators: [Estimator]
  public var ratios: [Double]
  public var selections: [SelectionCriterion]
  public var solvers: [SolverRequest]
  public var dampings: [Double]
  /// Runs of each cell, with seed, seed + 1, …
  public var repeats: Int
  public var takesGroupOut: Bool
  /// The options that all cells share. Options that the request gives as lists hold placeholders here.
  public var shared: UpdateRequest
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  static let mostRuns = 10_000

  public static let summary =
    "Compares the updates of a grid of estimators, shares of parameters and selections, with repeats."
  public static let details =
    "A group is required, unless recover is true. A member of the grid is a list or one element. Defaults are those of remove, "
    + "or with recover those of recover."
  public static let standard = CompareRequest(.removal)

  public static func standard(for reader: FieldReader) -> CompareRequest {
    reader.value("recover") == true ? CompareRequest(.recovery) : standard
  }

  private init(_ update: UpdateRequest) {
    target = .none
    recovers = false
    estimators = [update.estimator]
    ratios = [update.modificationRatio]
    selections = [update.selection]
    solvers = [update.curvature.solver]
    dampings = [0]
    repeats = 1
    takesGroupOut = true
    shared = update
  }

  public static let fields = Fields<CompareRequest>([
    .part(\.target, ModelReference.fields()),
    GroupChoice.optional(\.group, unless: ["recover": ["const": true]]) { $0.value("recover") != true },
    .flag("recover", \.recovers, "The group gets its true labels instead of being taken out."),
    .member("estimator", \.estimators, grid(of: .choice), "The methods."),
    .member(
      "modification_ratio", \.ratios, grid(of: .number(.positiveShare)),
      "Shares of parameters that may change."),
    .member("selection", \.selections, grid(of: .choice), "The rules that pick those parameters."),
    .member(
      "solver", \.solvers, grid(of: SolverRequest.ofUpdates.described(by: Schema.ref("UpdateSolver"))),
      "The solvers."),
    .member("damping", \.dampings, grid(of: .number(.notNegative)), "δ, added to the diagonal."),
    .integer("repeats", \.repeats, 1...1000, "Runs of each cell, with seed, seed + 1, …"),
    .part(\.shared.curvature, CurvatureRequest.matrixFields),
    .flag("group_term", \.takesGroupOut, "The group's own Hessian is taken out of the curvature."),
    .part(\.shared, UpdateRequest.sharedFields),
  ])

  /// A list of up to a hundred different elements, or one element by itself.
  private static func grid<Element: Hashable & Sendable>(of element: Form<Element>) -> Form<[Element]> {
    .oneOrMany(
      element,
      .list(
        of: element, atMost: 100, empty: "must have at least one element",
        repeated: { _ in "must name each once" }))
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    if recovers, set.poisonedCount + set.relabelledCount == 0 {
      faults.add(
        "must be false: the data set \"\(set.name)\" has no samples with a changed label",
        at: .root.appending("recover"))
    } else {
      let data = try catalog.editedData(of: model)
      if recovers { group = group ?? data?.changedGroup(set) ?? set.changedGroup }
      group?.check(set, at: .root, faults)
      if faults.isEmpty { group?.checkPresent(in: data, at: .root, faults) }
    }
    shared.augment.check(set, at: .root.appending("augment"), faults)
    if estimators.contains(.gif), solvers.contains(where: { $0.name == .lissa }) {
      faults.add(
        "cannot have \"lissa\" beside the estimator \"gif\", which is a least-squares problem",
        at: .root.appending("solver"))
    }
    if runCount > Double(Self.mostRuns) {
      faults.add(
        "makes \(Int(runCount)) runs of the grid; at most \(Self.mostRuns) are done",
        at: .root.appending("repeats")
      )
    }
    if shared.seed > Int.max - repeats {
      faults.add(
        "must leave room for \(repeats) seeds up to \(Int.max), got \(shared.seed)",
        at: .root.appending("seed"))
    }
  }

  public var uses: JobUses { target.uses(dataset) }
}

extension CompareRequest {
  /// A row of the table.
  struct Cell: Hashable {
    let estimator: Estimator
    /// Nil for `if`, which changes every parameter.
    let ratio: Double?
    let selection: SelectionCriterion?
    let solver: SolverRequest
    let damping: Double
  }

  /// Cells times repeats, computed without making the cells.
  private var runCount: Double {
    let inner = estimators.reduce(0.0) {
      $0 + ($1 == .if ? 1 : Double(ratios.count) * Double(selections.count))
    }
    return Double(solvers.count) * Double(dampings.count) * inner * Double(repeats)
  }

  /// Solvers outermost, then dampings, estimators, ratios, selections.
  var cells: [Cell] {
    solvers.flatMap { solver in
      dampings.flatMap { damping in
        estimators.flatMap { estimator -> [Cell] in
          if estimator == .if {
            return [Cell(estimator: .if, ratio: nil, selection: nil, solver: solver, damping: damping)]
          }
          return ratios.flatMap { ratio in
            selections.map {
              Cell(estimator: estimator, ratio: ratio, selection: $0, solver: solver, damping: damping)
            }
          }
        }
      }
    }
  }

  /// The update of a cell with a seed, as a `remove` job makes it.
  func update(_ cell: Cell, seed: Int) -> UpdateRequest {
    var update = shared
    update.estimator = cell.estimator
    update.modificationRatio = cell.ratio ?? UpdateRequest.standardRatio
    update.selection = cell.selection ?? .topOutputs
    update.curvature.solver = cell.solver
    update.curvature.damping = cell.damping
    update.seed = seed
    return update
  }
}

// MARK: - Estimate

extension CompareRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    work.apart(times: Double(repeats)) { work in
      let measured = work.testCount + work.count(of: group)
      // At most, every cell needs a solve of its own.
      guard shared.rounds == 1 else {
        for cell in cells {
          work.makeRounds(update(cell, seed: shared.seed), group)
          work.evaluate(measured)
        }
        return
      }
      let curvature = work.prepare(shared, group)
      for cell in cells {
        work.apart(times: 1) { work in
          work.update(update(cell, seed: shared.seed), curvature)
          work.evaluate(measured)
        }
      }
    }
    return work.estimate
  }
}
