import JSON
import Network

/// What is estimated and trained again in a validation of influence.
public struct ValidationPlan: Hashable, Sendable {
  /// Which training samples are left out, one at a time.
  public enum Candidates: Hashable, Sendable {
    /// For each test point those of the largest absolute score.
    case top(Int)
    /// For each test point some spread evenly over the order of absolute scores, the largest and the smallest with them.
    case percentile(Int)
    /// Drawn with the seed, the same for every test point.
    case random(Int)
    case indices([Int])

    enum Pick: String, CaseIterable, Sendable { case top, percentile, random }

    var count: Int {
      switch self {
      case .top(let count), .percentile(let count), .random(let count): count
      case .indices(let indices): indices.count
      }
    }

    /// The same choice of so many at most; samples that are named stay.
    func limited(to most: Int) -> Candidates {
      switch self {
      case .top(let count): .top(min(count, most))
      case .percentile(let count): .percentile(min(count, most))
      case .random(let count): .random(min(count, most))
      case .indices: self
      }
    }
  }

  /// Groups of training samples that are left out together.
  public enum Groups: Hashable, Sendable {
    /// Random subsets, each of this share of the training samples.
    case share(Double, count: Int)
    /// Random subsets, each of so many training samples.
    case size(Int, count: Int)
    case lists([[Int]])
  }

  /// Where the trainings without a sample begin.
  public enum Start: String, CaseIterable, Sendable {
    /// The checkpoint's weights.
    case checkpoint
    /// The model's initial weights.
    case scratch
  }

  /// How long they last.
  public enum Length: Hashable, Sendable {
    /// Minibatch steps, or iterations of a minimiser.
    case steps(Int)
    /// Share of the recipe's.
    case fraction(Double)
  }

  public var test: TestChoice
  /// Nil where only groups are asked for.
  public var candidates: Candidates?
  /// Whether no request named how many: then it gives way where there are fewer samples.
  private var countIsStandard = Unwritten(false)
  public var groups: Groups?
  /// Whether the change of θ is estimated for every candidate: a solve each, where the changes of losses take one a
  /// test point. Nil until `resolve` filled it in.
  public var norms: Bool?
  /// Whether groups also get the estimate whose curvature is that of the remaining samples.
  public var newton: Bool
  public var start: Start
  /// Nil until `resolve` filled it in.
  public var length: Length?
  /// The learning rate of the trainings as a share of the recipe's; of a minimiser 1. Nil until `resolve` filled it in.
  public var rate: Double?
  /// In place of the model's own recipe.
  public var training: TrainingRecipe?
  public var curvature: CurvatureRequest

  public init(
    test: TestChoice = TestChoice(), candidates: Candidates? = .top(standardCount), groups: Groups? = nil,
    norms: Bool? = nil, newton: Bool = true, start: Start = .checkpoint, length: Length? = nil,
    rate: Double? = nil, training: TrainingRecipe? = nil,
    curvature: CurvatureRequest = .ranking
  ) {
    self.test = test
    self.candidates = candidates
    self.groups = groups
    self.norms = norms
    self.newton = newton
    self.start = start
    self.length = length
    self.rate = rate
    self.training = training
    self.curvature = curvature
  }

  public static let standardCount = 40
  /// Steps of a descent from the checkpoint, as a share of the recipe's (Basu, Pope and Feizi 2021, §5).
  public static let standardFraction = 0.06
  /// Epochs that a descent from the checkpoint has at least, where the recipe has as many: with fewer, some samples are in no
  /// minibatch, and leaving them out changes nothing.
  public static let fewestEpochs = 2.0
  /// The share of the rate for a descent from the checkpoint whose schedule begins anew. A cosine has brought the weights to rest;
  /// its full rate would throw them out of where they are, and no two trainings would end near each other.
  public static let standardRate = 0.1
  public static let mostTests = 1000
  public static let mostCandidates = 10_000
  public static let mostGroups = 10_000
  /// The most rows of all test points together.
  static let mostPairs = 200_000
}

// MARK: - From and to JSON

extension ValidationPlan {
  static func read(_ reader: FieldReader) -> ValidationPlan {
    let groups = readGroups(reader)
    var plan = ValidationPlan(
      test: TestChoice.read(reader), candidates: readCandidates(reader, isAlone: groups == nil),
      groups: groups, norms: reader.has("norms") ? reader.flag("norms", default: true) : nil,
      newton: reader.flag("newton", default: true),
      start: reader.choice("from", default: .checkpoint), length: readLength(reader),
      rate: reader.number("retrain_rate", .positiveShare),
      training: reader.nested("training").map { nested in
        let recipe = TrainingRecipe.read(nested)
        nested.finish()
        return recipe
      }, curvature: CurvatureRequest.read(reader, default: .ranking))
    plan.countIsStandard.value = !reader.has("count")
    return plan
  }

  private static func readCandidates(_ reader: FieldReader, isAlone: Bool) -> Candidates? {
    let given = reader.integer("count", in: 1...mostCandidates)
    let count = given ?? standardCount
    guard let value = reader.value("candidates") else {
      return isAlone || given != nil ? .top(count) : nil
    }
    if case .object = value, let own = reader.nested("candidates") {
      defer { own.finish() }
      if given != nil { reader.fault("count", "belongs to \"top\", \"percentile\" and \"random\"") }
      guard own.requiredValue("indices") != nil else { return nil }
      return .indices(
        readIndices(own.value("indices") ?? .null, at: own.pointer.appending("indices"), reader.faults))
    }
    switch reader.choice("candidates", default: Candidates.Pick.top) {
    case .top: return .top(count)
    case .percentile: return .percentile(count)
    case .random: return .random(count)
    }
  }

  private static func readGroups(_ reader: FieldReader) -> Groups? {
    guard let value = reader.value("groups") else { return nil }
    if value.arrayValue != nil {
      let lists = reader.list("groups", maximumCount: mostGroups) { readIndices($0, at: $1, reader.faults) }
      if value.arrayValue?.isEmpty ?? false { reader.fault("groups", "must have at least one group") }
      return .lists(lists ?? [])
    }
    guard let own = reader.nested("groups") else { return nil }
    defer { own.finish() }
    let count = own.requiredInteger("count", in: 1...mostGroups)
    switch own.onlyOne(of: ["fraction", "size"]) {
    case "size": return .size(own.requiredInteger("size", in: 1...Int(Int32.max)), count: count)
    default:
      let range = NumberRange(from: .excluding(0), to: .excluding(1))
      return .share(own.number("fraction", range, default: 0.1), count: count)
    }
  }

  /// Ascending, each once.
  private static func readIndices(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults
  ) -> [Int] {
    let indices =
      FieldReader.list(value, maximumCount: 10_000_000, at: pointer, faults) {
        FieldReader.integer($0, in: 0...Int(Int32.max), at: $1, faults)
      } ?? []
    if value.arrayValue?.isEmpty ?? false { faults.add("must name at least one sample", at: pointer) }
    var seen: Set<Int> = []
    if let twice = indices.first(where: { !seen.insert($0).inserted }) {
      faults.add("must name each sample once, got \(twice) more than once", at: pointer)
    }
    return indices.sorted()
  }

  private static func readLength(_ reader: FieldReader) -> Length? {
    let names = ["retrain_steps", "retrain_fraction"]
    let steps = reader.integer(names[0], in: 1...1_000_000_000)
    let fraction = reader.number(names[1], NumberRange(from: .excluding(0), to: .including(1000)))
    switch reader.onlyOne(of: names, required: false) {
    case names[0]: return steps.map(Length.steps)
    case names[1]: return fraction.map(Length.fraction)
    default: return nil
    }
  }

  var members: JSONObject {
    var object = curvature.members
    object["test"] = test.json
    switch candidates {
    case .top(let count): (object["candidates"], object["count"]) = ("top", JSONValue(count))
    case .percentile(let count): (object["candidates"], object["count"]) = ("percentile", JSONValue(count))
    case .random(let count): (object["candidates"], object["count"]) = ("random", JSONValue(count))
    case .indices(let indices):
      object["candidates"] = ["indices": JSONValue(indices)]
    case nil: object["candidates"] = .null
    }
    object["groups"] =
      switch groups {
      case .share(let share, let count): ["count": JSONValue(count), "fraction": .number(share)]
      case .size(let size, let count): ["count": JSONValue(count), "size": JSONValue(size)]
      case .lists(let lists): .array(lists.map { JSONValue($0) })
      case nil: .null
      }
    object["norms"] = norms.map(JSONValue.bool) ?? .null
    object["newton"] = .bool(newton)
    object["from"] = .string(start.rawValue)
    switch length {
    case .steps(let steps): object["retrain_steps"] = JSONValue(steps)
    case .fraction(let fraction): object["retrain_fraction"] = .number(fraction)
    case nil: break
    }
    object["retrain_rate"] = JSONValue(rate)
    object["training"] = training?.json ?? .null
    return object
  }
}

// MARK: - Against what is stored

extension ValidationPlan {
  /// Checks the plan against the model and its data set, and fills in what the request left open.
  /// - Parameters:
  ///   - removed: samples that edits took out of the checkpoint.
  ///   - pointer: the body that it stands in.
  mutating func resolve(
    _ model: CatalogModel, _ set: CatalogDataset, removed: Set<Int> = [], at pointer: JSONPointer,
    _ faults: RequestFaults
  ) {
    func fault(_ name: String, _ detail: String) { faults.add(detail, at: pointer.appending(name)) }
    test.check(set, model, at: pointer.appending("test"), faults)
    if test.count > Self.mostTests {
      fault("test", "must be at most \(Self.mostTests) points, got \(test.count)")
    }
    resolveTraining(model, set, at: pointer, faults)
    curvature.settleSamples(try? model.network(for: set), set)
    norms = norms ?? (normOperations(try? model.network(for: set), set) <= Self.mostNormOperations)
    let held = Set(
      Partition(
        count: set.trainCount, recipe: model.training ?? training, seed: model.seed, excluded: []
      ).validation)
    let available = set.trainCount - held.union(removed).count
    if countIsStandard.value, available >= 1 { candidates = candidates?.limited(to: available) }
    func check(_ indices: [Int], _ place: JSONPointer) {
      if let outside = indices.first(where: { $0 >= set.trainCount }) {
        faults.add("must be between 0 and \(set.trainCount - 1), got \(outside)", at: place)
      } else if let other = indices.first(where: { held.contains($0) }) {
        faults.add("must be samples that the model was trained on; it held \(other) out", at: place)
      } else if let gone = indices.first(where: removed.contains) {
        faults.add(
          "must be samples of the checkpoint; an earlier job took \(gone) out already", at: place)
      }
    }
    func checkGroup(_ indices: [Int], _ place: JSONPointer) {
      check(indices, place)
      if Set(indices).count >= available {
        faults.add(
          "takes every training sample: must be at most \(max(0, available - 1)) of the \(available) that the model was trained on",
          at: place)
      }
    }
    if test.count * (candidates?.count ?? 0) > Self.mostPairs {
      fault(
        "count",
        "times the \(test.count) test points must be at most \(Self.mostPairs), got \(candidates?.count ?? 0)"
      )
    }
    switch candidates {
    case .top(let count), .percentile(let count), .random(let count):
      if count > available {
        candidates = nil
        fault(
          "count", "must be at most \(available), the samples that the model was trained on, got \(count)")
      } else if available < 2 {
        fault("candidates", "cannot be left out: the model was trained on a single sample")
      }
    case .indices(let indices):
      check(indices, pointer.appending("candidates").appending("indices"))
      if available < 2 {
        fault("candidates", "cannot be left out: the model was trained on a single sample")
      }
      if indices.count > Self.mostCandidates {
        fault("candidates", "must be at most \(Self.mostCandidates) samples, got \(indices.count)")
      }
    case nil: break
    }
    switch groups {
    case .share(let share, _):
      if Int((share * Double(available)).rounded()) < 1 {
        faults.add(
          "leaves no sample of the \(available) for a group",
          at: pointer.appending("groups").appending("fraction"))
      } else if Int((share * Double(available)).rounded()) >= available {
        faults.add(
          "takes every training sample; some must remain",
          at: pointer.appending("groups").appending("fraction"))
      }
    case .size(let size, _):
      if size >= available {
        faults.add(
          "must be less than \(available), the samples that the model was trained on, got \(size)",
          at: pointer.appending("groups").appending("size"))
      }
    case .lists(let lists):
      for (place, list) in lists.enumerated() {
        checkGroup(list, pointer.appending("groups").appending(place))
      }
    case nil: break
    }
  }

  /// Multiply-adds that the solves for norms may take where nobody asked for them: some minutes.
  private static let mostNormOperations = 1e13

  /// About what they take: a hundred products each, of six passes over the samples.
  private func normOperations(_ network: Architecture?, _ set: CatalogDataset) -> Double {
    let count: Int
    switch candidates {
    case .top(let each), .percentile(let each): count = each * test.count
    case .random(let all): count = all
    case .indices(let indices): count = indices.count
    case nil: count = 0
    }
    let samples =
      if case .count(let drawn) = curvature.samples { min(drawn, set.trainCount) } else { set.trainCount }
    return 600 * Double(network?.multiplyAddsPerSample ?? 0) * Double(samples) * Double(count)
  }

  private mutating func resolveTraining(
    _ model: CatalogModel, _ set: CatalogDataset, at pointer: JSONPointer, _ faults: RequestFaults
  ) {
    if let own = model.training {
      // θ̂ was trained on what its own recipe left it.
      if training != nil, training?.validationShare != own.validationShare {
        training?.validationShare = own.validationShare
      }
      training = training ?? own
      training?.excluded = own.excluded
    }
    guard var training else {
      faults.add(TrainingRecipe.missing(of: model), at: pointer.appending("training"))
      return
    }
    let place = pointer.appending("training")
    training.check(set, at: place, faults)
    training.check(try? model.network(for: set), of: set, at: place, faults)
    self.training = training
    let isWhole = start == .scratch || training.optimizer.name.minimizes
    let fewest = min(1, Self.fewestEpochs / Double(training.epochs))
    length = length ?? .fraction(isWhole ? 1 : max(Self.standardFraction, fewest))
    let beginsAnew = if case .cosine = training.schedule { true } else { false }
    rate = rate ?? (isWhole || !beginsAnew ? 1 : Self.standardRate)
  }
}
