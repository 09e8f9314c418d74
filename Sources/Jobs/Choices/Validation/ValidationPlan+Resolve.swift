import JSON
import Network

extension ValidationPlan {
  /// Checks the plan against the model and its data set, and fills in the open members.
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
    let network = model.network(for: set, faults)
    resolveTraining(model, network, set, at: pointer, faults)
    curvature.settleSamples(network, set)
    norms = norms ?? (normOperations(network, set) <= Self.mostNormOperations)
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

  /// Multiply-adds that solves for norms may take if the request is silent about norms: some minutes.
  private static let mostNormOperations = 1e13

  /// Multiply-adds of those solves, about: a hundred products each, of six passes over the samples.
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
    _ model: CatalogModel, _ network: Architecture?, _ set: CatalogDataset, at pointer: JSONPointer,
    _ faults: RequestFaults
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
    training.check(network, of: set, at: place, faults)
    self.training = training
    let isWhole = start == .scratch || training.optimizer.name.minimizes
    let fewest = min(1, Self.fewestEpochs / Double(training.epochs))
    length = length ?? .fraction(isWhole ? 1 : max(Self.standardFraction, fewest))
    let beginsAnew = if case .cosine = training.schedule { true } else { false }
    rate = rate ?? (isWhole || !beginsAnew ? 1 : Self.standardRate)
  }
}
