import Formats
import Influence
import JSON

/// `domain_mismatch`: groups of training samples, ranked by their mean influence on test points (Koh and
/// Liang 2017, §5.3).
public struct DomainMismatchRequest: JobRequest, Hashable {
  public static let kind = "domain_mismatch"

  /// A named set of training samples.
  public struct Group: Hashable, Sendable {
    public var name: String
    public var choice: GroupChoice
  }

  public var target: ModelReference
  public var test: TestChoice
  /// Nil stands for a group for each class.
  public var groups: [Group]?
  public var curvature: CurvatureRequest
  public var seed: Int
  public var convergence: ConvergenceDemand
  /// The model's data set, known after `resolve`.
  public var dataset = ""

  public static let mostGroups = 10_000

  public init(
    model: String, checkpoint: String? = nil, test: TestChoice = TestChoice(.mean), groups: [Group]? = nil,
    curvature: CurvatureRequest = .ranking, seed: Int = 0, convergence: ConvergenceDemand = .reliable
  ) {
    target = ModelReference(model: model, checkpoint: checkpoint)
    self.test = test
    self.groups = groups
    self.curvature = curvature
    self.seed = seed
    self.convergence = convergence
  }

  public static let summary = "Ranks groups of training samples by their mean influence on test points."
  public static let standard = DomainMismatchRequest(model: "")

  public static let fields = Fields<DomainMismatchRequest>([
    .part(\.target, ModelReference.fields()),
    .member(
      "test", \.test, TestChoice.form(), standard: "the mean loss of the test split",
      "The points whose loss is explained."),
    .member(
      "groups", \.groups, groupForm, standard: "the classes", "The groups, each with a `name` if wanted."),
    .part(\.curvature, CurvatureRequest.rankingFields), .seed(\.seed, "Seeds the samples that are drawn."),
    ConvergenceDemand.field(\.convergence),
  ])

  /// Nil stands for a group for each class.
  private static let groupForm = Form<[Group]?>(
    schema: Schema.anyOf(
      Schema.constant("class"),
      Schema.list(
        GroupChoice.schema(with: ["name": Form<String>.text(maximumLength: 200).schema]), from: 1,
        to: mostGroups, isSet: false)), words: "`class`, or a list of groups",
    read: { value, pointer, faults in
      if value == "class" { return .some(nil) }
      guard value.arrayValue != nil else {
        faults.add("must be \"class\" or a list of groups, got \(FieldReader.brief(value))", at: pointer)
        return nil
      }
      return read(groups: value, at: pointer, faults)
    },
    write: { groups in
      groups.map { groups in
        .array(groups.map { .object(JSONObject([("name", .string($0.name)), $0.choice.member])) })
      } ?? .null
    })

  private static func read(
    groups value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> [Group]? {
    let read = GroupChoice.named(standardName)
    var number = 0
    var names: Set<ExactText> = []
    let groups = FieldReader.list(value, maximumCount: mostGroups, at: pointer, faults) { element, place in
      number += 1
      let own = FieldReader(element, at: place, faults: faults)
      let (choice, given) = read(own)
      let name = given ?? "\(number)"
      own.finish()
      if !names.insert(ExactText(name)).inserted {
        own.fault("name", "must be another one for each group, got \(name) twice")
      }
      return choice.map { Group(name: name, choice: $0) }
    }
    if value.arrayValue?.isEmpty ?? false { faults.add("must have at least one group", at: pointer) }
    return groups
  }

  private static func standardName(_ choice: GroupChoice) -> String {
    switch choice {
    case .label(let label): "class \(label)"
    case .indices(let indices): "samples from \(indices.first ?? 0)"
    case .known(let group): group.rawValue
    }
  }

  public mutating func resolve(_ catalog: any Catalog, _ faults: RequestFaults) throws {
    let model = try target.resolve(catalog, faults)
    dataset = model.dataset
    let set = try catalog.usableDataset(dataset, at: .root.appending("model"), faults)
    test.check(set, model, at: .root.appending("test"), faults)
    let data = faults.isEmpty ? try catalog.editedData(of: model) : nil
    if let groups {
      for (place, group) in groups.enumerated() {
        let pointer = JSONPointer.root.appending("groups").appending(place)
        group.choice.check(set, at: pointer, faults, leavesSome: false)
        if faults.isEmpty { group.choice.checkPresent(in: data, at: pointer, faults) }
      }
    } else if case .classes(let classes) = set.targets {
      let absent = data.map { Set($0.absentClasses($0.partition(model.training, seed: model.seed))) } ?? []
      groups = (0..<classes).filter {
        !absent.contains($0) && (!set.trainClassCounts.indices.contains($0) || set.trainClassCounts[$0] > 0)
      }
      .map { Group(name: "class \($0)", choice: .label($0)) }
    } else {
      faults.add(
        "is required: the data set \"\(set.name)\" has \(set.targets.words), so no class a sample",
        at: .root.appending("groups"))
    }
    guard let network = model.network(for: set, faults) else { return }
    curvature.settleSamples(network, set)
    let parameters = network.layout.parameterCount
    if curvature.solver.name == .direct, parameters > DirectSolver.defaultDimensionLimit {
      faults.add(
        "cannot be \"direct\" for \(parameters) parameters, at most \(DirectSolver.defaultDimensionLimit); use cg or minres",
        at: .root.appending("solver"))
    }
    let bytes = max(set.trainCount, parameters) * (model.precision == .float32 ? 4 : 8)
    if test.count > InfluenceRequest.mostArtifactBytes / max(1, bytes) {
      faults.add(
        "is too large: choose at most \(InfluenceRequest.mostArtifactBytes / max(1, bytes)) points, or the mean",
        at: .root.appending("test"))
    }
  }

  public var uses: JobUses { target.uses(dataset) }
}

// MARK: - Estimate

extension DomainMismatchRequest {
  public func estimate(_ catalog: any Catalog, _ machine: Machine) throws -> JobEstimate? {
    var work = try Work(target, catalog, machine)
    let tests = Double(test.count)
    _ = work.factors(tests, curvature)
    work.score(tests, on: work.trainCount)
    return work.estimate
  }
}
