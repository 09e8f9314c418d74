import Influence
import JSON

/// `compare`: the grid of estimators, shares of parameters and selections as one table, each cell what `remove` (or
/// `recover`) would reach, without keeping its weights.
public struct CompareRequest: JobRequest, Hashable {
  public static let kind = "compare"

  public var target: ModelReference
  /// `resolve` fills in the changed samples where a recovery names none.
  public var group: GroupChoice?
  /// Whether the group gets its true labels instead of being taken out.
  public var recovers: Bool
  public var estimators: [Estimator]
  public var ratios: [Double]
  public var selections: [SelectionCriterion]
  public var solvers: [SolverRequest]
  public var dampings: [Double]
  /// With seed, seed + 1, …
  public var repeats: Int
  public var takesGroupOut: Bool
  /// What all cells share; its lists' members are stand-ins.
  public var shared: UpdateRequest
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  static let mostRuns = 10_000

  public static func read(_ reader: FieldReader) -> CompareRequest {
    let target = ModelReference.read(reader)
    let recovers = reader.flag("recover", default: false)
    let defaults: UpdateRequest = recovers ? .recovery : .removal
    let standard = defaults.curvature
    var shared = UpdateRequest.readShared(reader, default: defaults)
    shared.curvature.matrix = reader.choice("hessian", default: standard.matrix)
    shared.curvature.samples = SampleCount.read(reader, "hessian_samples", default: standard.samples)
    return CompareRequest(
      target: target, group: GroupChoice.read(reader, required: !recovers), recovers: recovers,
      estimators: list(reader, "estimator", [.gif]) { FieldReader.choice($0, Estimator.self, at: $1, $2) },
      ratios: list(reader, "modification_ratio", [UpdateRequest.standardRatio]) {
        FieldReader.number($0, .positiveShare, at: $1, $2)
      },
      selections: list(reader, "selection", [.topOutputs]) {
        FieldReader.choice($0, SelectionCriterion.self, at: $1, $2)
      },
      solvers: list(reader, "solver", [standard.solver]) {
        SolverRequest.read($0, at: $1, $2, standardIterations: standard.solver.iterations)
      },
      dampings: list(reader, "damping", [0]) { FieldReader.number($0, .notNegative, at: $1, $2) },
      repeats: reader.integer("repeats", in: 1...1000, default: 1),
      takesGroupOut: reader.flag("group_term", default: true), shared: shared)
  }

  /// A list, or one element by itself.
  private static func list<Element: Hashable>(
    _ reader: FieldReader, _ name: String, _ standard: [Element],
    _ read: (JSONValue, JSONPointer, RequestFaults) -> Element?
  ) -> [Element] {
    guard let value = reader.value(name) else { return standard }
    guard case .array(let elements) = value else {
      return read(value, reader.pointer.appending(name), reader.faults).map { [$0] } ?? standard
    }
    if elements.isEmpty { reader.fault(name, "must have at least one element") }
    let read = reader.list(name, maximumCount: 100) { read($0, $1, reader.faults) } ?? standard
    if Set(read).count != read.count { reader.fault(name, "must name each once") }
    return read
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

  public var members: JSONObject {
    var object = target.members
    if let member = group?.member { object[member.name] = member.value }
    object["recover"] = .bool(recovers)
    object["estimator"] = JSONValue(estimators.map(\.rawValue))
    object["modification_ratio"] = JSONValue(ratios)
    object["selection"] = JSONValue(selections.map(\.rawValue))
    object["solver"] = .array(solvers.map(\.json))
    object["damping"] = JSONValue(dampings)
    object["repeats"] = JSONValue(repeats)
    object["hessian"] = .string(shared.curvature.matrix.rawValue)
    object["hessian_samples"] = shared.curvature.samples.json
    object["group_term"] = .bool(takesGroupOut)
    return object.merging(shared.sharedMembers)
  }

  public var uses: JobUses { target.uses(dataset) }
}

extension CompareRequest {
  /// A row of the table.
  struct Cell: Hashable {
    let estimator: Estimator
    /// Nil for `if`, which changes everything.
    let ratio: Double?
    let selection: SelectionCriterion?
    let solver: SolverRequest
    let damping: Double
  }

  /// Cells times repeats, without making them.
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

  /// The update of a cell with a seed, as `remove` would have it.
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
