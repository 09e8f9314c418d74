import Datasets
import JSON
import Tensor

/// The training data behind a checkpoint, sample by sample: the model's data set after the edits.
///
/// Every job reads its groups, labels, counts and rankings from here. A recipe holds out and leaves out
/// samples, so one record has a `Partition` for each recipe.
struct TrainingData: Sendable {
  /// The data set as loaded.
  let original: Dataset
  /// The data set with the labels that edits corrected.
  let dataset: Dataset
  let record: TrainingRecord
  /// Samples that edits removed, even if a recipe would not train on them.
  let removed: Set<Int>

  /// Follows the edits of a record. Each edit's group refers to the labels before that edit.
  init(_ dataset: Dataset, _ record: TrainingRecord) {
    original = dataset
    self.record = record
    var present = dataset
    var removed: Set<Int> = []
    for edit in record.edits {
      let members = edit.group.indices(in: present).filter { $0 < dataset.train.count }
      switch edit.change {
      case .removed: removed.formUnion(members)
      case .corrected: present = present.correcting(members)
      }
    }
    self.dataset = present
    self.removed = removed
  }

  /// The data after one more edit.
  func after(_ edit: DataEdit) -> TrainingData {
    TrainingData(
      original, TrainingRecord(edits: record.edits + [edit], isIncomplete: record.isIncomplete))
  }

  /// The group's samples, ascending, with those that edits removed.
  func members(of group: GroupChoice) -> [Int] { group.indices(in: dataset) }

  /// The samples that a recipe trains on and holds out, without the samples that edits removed.
  ///
  /// - Parameter seed: the model's seed, which draws the held-out samples.
  func partition(_ recipe: TrainingRecipe?, seed: Int, excluding more: [Int] = []) -> Partition {
    let excluded = recipe?.excluded.map(members) ?? []
    return Partition(
      count: dataset.train.count, recipe: recipe, seed: seed,
      excluded: removed.union(excluded).union(more).sorted())
  }

  /// Whether both have the same trained samples with the same labels.
  func isSame(as other: TrainingData, _ own: Partition, _ others: Partition) -> Bool {
    own.training == others.training
      && own.training.allSatisfy {
        !dataset.train.isClassification
          || dataset.train.labels[$0] == other.dataset.train.labels[$0]
      }
  }

  /// The counts of `GET /v1/checkpoints/{id}`.
  func counts(_ partition: Partition) -> TrainingRecord.Counts {
    let train = dataset.train
    let corrected =
      train.isClassification
      ? partition.training.filter { train.labels[$0] != original.train.labels[$0] }.count : 0
    let kept = partition.training.count + partition.validation.filter { !removed.contains($0) }.count
    return TrainingRecord.Counts(
      trained: partition.training.count,
      heldOut: partition.validation.filter { !removed.contains($0) }.count,
      leftOut: train.count - removed.count - kept, removed: removed.count, corrected: corrected,
      absentClasses: absentClasses(partition))
  }

  /// The classes that some trained sample has; nil for regression.
  func seenClasses(_ partition: Partition) -> Set<Int>? {
    guard dataset.train.isClassification else { return nil }
    return Set(partition.training.map { Int(dataset.train.labels[$0]) })
  }

  /// The classes without a trained sample, ascending. The checkpoint never saw them, or edits removed them.
  func absentClasses(_ partition: Partition) -> [Int] {
    guard case .classification(let classes, _) = dataset.kind, let seen = seenClasses(partition) else {
      return []
    }
    return (0..<classes).filter { !seen.contains($0) }
  }
}

extension TrainingData {
  /// The samples whose label was changed and that no edit removed or corrected: the default group of
  /// recoveries.
  func changedGroup(_ set: CatalogDataset) -> GroupChoice {
    let standard = set.changedGroup
    let train = dataset.train
    let members = members(of: standard)
    let open = members.filter {
      !removed.contains($0) && train.isClassification && train.labels[$0] != train.originalLabels[$0]
    }
    return open.isEmpty || !members.contains(where: removed.contains) ? standard : .indices(open)
  }
}

extension GroupChoice {
  /// Adds a fault if earlier jobs removed samples of the group.
  ///
  /// - Parameters:
  ///   - data: the training data behind the checkpoint; nil if no edit changed them.
  ///   - advice: an alternative for the request.
  func checkPresent(
    in data: TrainingData?, at pointer: JSONPointer, _ faults: RequestFaults, advice: String = ""
  ) {
    guard let data, let reason = whyGone(in: data) else { return }
    faults.add(reason + advice, at: pointer.appending(member.name))
  }

  /// Why a group cannot be changed at a checkpoint; nil if all of the group is there.
  ///
  /// - Parameter data: the training data behind the checkpoint.
  func whyGone(in data: TrainingData) -> String? {
    let members = data.members(of: self)
    let gone = members.filter(data.removed.contains)
    guard !gone.isEmpty else { return nil }
    if gone.count == members.count {
      return members.count == 1
        ? "names 1 sample, and an earlier job took it out of this checkpoint already"
        : "names \(members.count) samples, and earlier jobs took all of them out of this checkpoint already"
    }
    return
      "names \(members.count) samples, and earlier jobs took \(gone.count) of them out of this checkpoint already "
      + "(\(Self.some(gone))); name the other \(members.count - gone.count) by indices"
  }

  private static func some(_ indices: [Int]) -> String {
    indices.prefix(5).map(String.init).joined(separator: ", ") + (indices.count > 5 ? ", …" : "")
  }
}

extension Catalog {
  /// The training data of a model as one of its checkpoints, if edits changed them; otherwise nil.
  func editedData(of model: CatalogModel) throws -> TrainingData? {
    guard !model.record.edits.isEmpty else { return nil }
    return TrainingData(try loadDataset(named: model.dataset), model.record)
  }
}
