import Datasets
import JSON
import Jobs
import Network
import Tensor
import TestSupport
import Testing

/// The record of a checkpoint stays right when jobs follow one another.
@Suite("Records of checkpoints")
struct RecordTests {
  /// Linear least squares on one-hot labels with weight decay. Every state of the data has a minimum in
  /// closed form.
  struct Subject {
    let set: Dataset
    let store: MemoryStore
    static let decay = 0.1
    /// Iris with 12 of 120 labels flipped.
    init() throws {
      set = try Dataset.builtIn(.iris).relabeled(Relabel(fraction: 0.1)).named("flipped")
      store = MemoryStore(set)
      try store.createModel(
        #"""
        {"name": "m", "dataset": "flipped", "architecture": "logistic", "loss": "mse", "precision": "float64",
         "weight_decay": \#(Self.decay)}
        """#)
      try store.run(#"{"kind": "train", "model": "m", "optimizer": "newton", "validation": 0}"#)
    }

    var trained: String {
      get throws { try #require(store.latestCheckpoint(ofModel: "m")?.id) }
    }

    /// (w, b) of every class, as the network has its parameters: all weights, then all biases.
    func minimum(without removed: Set<Int>, corrected: Set<Int> = []) throws -> [Double] {
      let width = set.shape.count
      let inputs = set.train.inputs(0..<set.train.count, as: Double.self).elements
      let kept = (0..<set.train.count).filter { !removed.contains($0) }
      let order = width + 1
      var matrix = [Double](repeating: 0, count: order * order)
      var rights = [[Double]](repeating: [Double](repeating: 0, count: order), count: 3)
      for sample in kept {
        let row = Array(inputs[sample * width..<(sample + 1) * width]) + [1]
        let label = Int((corrected.contains(sample) ? set.train.originalLabels : set.train.labels)[sample])
        // The mean over samples and outputs of squared errors.
        let factor = 2 / Double(kept.count * 3)
        for i in 0..<order {
          rights[label][i] += factor * row[i]
          for j in 0..<order { matrix[i * order + j] += factor * row[i] * row[j] }
        }
      }
      for i in 0..<order { matrix[i * order + i] += Self.decay }
      let rows = try DenseAlgebra.solvePositiveDefinite(matrix, order: order, rightHandSides: rights)
      return rows.flatMap { $0.prefix(width) } + rows.map { $0[width] }
    }

    func distance(_ checkpoint: String, _ wanted: [Double]) throws -> Double {
      let theta = try store.load("m", checkpoint: checkpoint, as: Double.self).state.parameters
      return zip(theta, wanted).map { abs($0 - $1) }.max() ?? 0
    }

    func edit(_ kind: String, _ members: String, at checkpoint: String) throws -> String {
      let result = try store.run(
        #"""
        {"kind": "\#(kind)", "model": "m", "checkpoint": "\#(checkpoint)", "modification_ratio": 1, "solver": "direct",
         "hessian_samples": "all", "scales": [1], "selection": "random"\#(members)}
        """#)
      return try #require(result["checkpoint"]?.stringValue)
    }
  }

  @Test(arguments: ["influence", "newton"])
  func aSecondRemovalKeepsTheFirst(_ gradient: String) throws {
    let (store, ridge) = try Ridge.trained(decay: 0.05)
    var checkpoint = try #require(store.latestCheckpoint(ofModel: "ridge")?.id)
    for (step, index) in [4, 0, 17].enumerated() {
      let result = try store.run(
        #"""
        {"kind": "remove", "model": "ridge", "checkpoint": "\#(checkpoint)", "indices": [\#(index)], "solver": "direct",
         "modification_ratio": 1, "scales": [1], "gradient": "\#(gradient)"}
        """#)
      checkpoint = try #require(result["checkpoint"]?.stringValue)
      let wanted = try ridge.minimum(without: Array([4, 0, 17].prefix(step + 1)))
      let theta = try store.load("ridge", checkpoint: checkpoint, as: Double.self).state.parameters
      #expect(zip(theta, wanted).allSatisfy { abs($0 - $1) < 1e-10 })
      #expect(result["samples"]?["train"]?.integerValue == 60 - step)
    }
    let record = try #require(store.checkpoint(id: checkpoint)?.record)
    #expect(record.edits.map(\.group) == [.indices([4]), .indices([0]), .indices([17])])
    #expect(record.counts?.trained == 57 && record.counts?.removed == 3)
  }

  @Test func aRecoveryStaysThroughARemovalAndTheOtherWayRound() throws {
    let subject = try Subject()
    let flipped = Set(subject.set.train.indices(of: .relabeled))
    let sample = try #require((0..<120).first { !flipped.contains($0) })
    let recovered = try subject.edit("recover", "", at: subject.trained)
    #expect(try subject.distance(recovered, subject.minimum(without: [], corrected: flipped)) < 1e-10)
    let both = try subject.edit("remove", #", "indices": [\#(sample)]"#, at: recovered)
    let wanted = try subject.minimum(without: [sample], corrected: flipped)
    #expect(try subject.distance(both, wanted) < 1e-10)
    let removed = try subject.edit("remove", #", "indices": [\#(sample)]"#, at: subject.trained)
    #expect(try subject.distance(subject.edit("recover", "", at: removed), wanted) < 1e-10)
    // A class refers to the corrected labels.
    let class1 = Set((0..<120).filter { subject.set.train.originalLabels[$0] == 1 })
    let withoutClass = try subject.edit("remove", #", "class": 1"#, at: recovered)
    #expect(try subject.distance(withoutClass, subject.minimum(without: class1, corrected: flipped)) < 1e-10)
    #expect(store(subject, withoutClass).counts?.absentClasses == [1])
  }

  private func store(_ subject: Subject, _ checkpoint: String) -> TrainingRecord {
    subject.store.checkpoint(id: checkpoint)?.record ?? TrainingRecord()
  }

  /// Random sequences of removals, recoveries, trainings and retrainings. The weights of every state equal
  /// the fit to its training data.
  @Test(arguments: 0..<6)
  func everyStateOfARandomSequenceIsARefit(_ seed: Int) throws {
    let subject = try Subject()
    let flipped = subject.set.train.indices(of: .relabeled)
    var stream = RandomStream(seed: UInt64(seed), purpose: "sequence of jobs")
    var checkpoint = try subject.trained
    var (removed, corrected): (Set<Int>, Set<Int>) = ([], [])
    for step in 0..<8 {
      switch stream.index(below: 4) {
      case 0, 1:
        let chosen = stream.sample(1 + stream.index(below: 5), of: 120)
        let request = #", "indices": \#(chosen), "gradient": "\#(step % 2 == 0 ? "influence" : "newton")""#
        guard removed.isDisjoint(with: chosen) else {
          #expect(throws: RequestRejection.self) { try subject.edit("remove", request, at: checkpoint) }
          continue
        }
        checkpoint = try subject.edit("remove", request, at: checkpoint)
        removed.formUnion(chosen)
      case 2:
        let open = flipped.filter { !removed.contains($0) && !corrected.contains($0) }
        guard !open.isEmpty else { continue }
        let chosen = stream.sample(min(open.count, 4), of: open.count).map { open[$0] }
        let isWhole = stream.index(below: 3) == 0
        checkpoint = try subject.edit("recover", isWhole ? "" : #", "indices": \#(chosen)"#, at: checkpoint)
        corrected.formUnion(isWhole ? open : chosen)
      default:
        let result = try subject.store.run(
          #"{"kind": "train", "model": "m", "checkpoint": "\#(checkpoint)", "optimizer": "newton", "validation": 0}"#
        )
        checkpoint = try #require(result["checkpoint"]?.stringValue)
      }
      let wanted = try subject.minimum(without: removed, corrected: corrected)
      #expect(try subject.distance(checkpoint, wanted) < 1e-9, "step \(step)")
    }
    let counts = store(subject, checkpoint).counts
    #expect(counts?.trained == 120 - removed.count && counts?.removed == removed.count)
    #expect(counts?.corrected == corrected.subtracting(removed).count)
    // Trained again from its initial weights on the data of the last state.
    let retrained = try subject.store.run(
      #"{"kind": "retrain", "model": "m", "checkpoint": "\#(checkpoint)", "name": "again", "indices": [\#((0..<120).first { !removed.contains($0) } ?? 0)]}"#
    )
    #expect(retrained["samples"]?["train"]?.integerValue == 119 - removed.count)
    if !store(subject, checkpoint).edits.isEmpty {
      let same = try subject.store.run(
        #"{"kind": "retrain", "model": "m", "checkpoint": "\#(checkpoint)", "name": "same"}"#)
      let theta = try subject.store.load("same", as: Double.self).state.parameters
      let wanted = try subject.minimum(without: removed, corrected: corrected)
      #expect(zip(theta, wanted).allSatisfy { abs($0 - $1) < 1e-8 })
      #expect(same["samples"]?["train"]?.integerValue == 120 - removed.count)
    }
  }

  /// The reference is of the same samples with the same labels, whichever edits led there and in which order.
  @Test func aReferenceIsFoundThroughEdits() throws {
    let subject = try Subject()
    let first = try subject.edit("remove", #", "indices": [3]"#, at: subject.trained)
    let made = try subject.store.run(
      #"{"kind": "retrain", "model": "m", "checkpoint": "\#(first)", "indices": [5]}"#)["checkpoint"]
    func reference(_ members: String, _ checkpoint: String) throws -> JSONValue? {
      try subject.store.run(
        #"{"kind": "remove", "model": "m", "checkpoint": "\#(checkpoint)", "scales": [1], \#(members)}"#)[
          "retrained"]?["checkpoint"]
    }
    #expect(try reference(#""indices": [5]"#, first) == made)
    #expect(try reference(#""indices": [3, 5]"#, subject.trained) == made)
    let other = try subject.edit("remove", #", "indices": [5]"#, at: subject.trained)
    #expect(try reference(#""indices": [3]"#, other) == made)
    #expect(try reference(#""indices": [4]"#, other) == nil)
    // With a corrected label the samples are the same, but the labels differ.
    let recovered = try subject.edit("recover", "", at: first)
    #expect(try reference(#""indices": [5]"#, recovered) == nil)
  }

  /// Every kind that names samples of the group gets a fault with the number of samples that are gone.
  @Test func goneSamplesAreRefusedWithTheirNumbers() throws {
    let subject = try Subject()
    let flipped = subject.set.train.indices(of: .relabeled)
    let gone = try subject.edit("remove", #", "indices": \#(Array(flipped.prefix(5)))"#, at: subject.trained)
    func fault(_ kind: String, _ members: String) -> String? {
      do {
        _ = try subject.store.run(
          #"{"kind": "\#(kind)", "model": "m", "checkpoint": "\#(gone)", \#(members)}"#)
        return nil
      } catch {
        return "\(error)"
      }
    }
    let bodies: [(kind: String, members: String)] = [
      ("remove", #""relabeled": true"#), ("recover", #""relabeled": true"#),
      ("retrain", #""relabeled": true"#),
      ("compare", #""relabeled": true"#), ("compare", #""recover": true, "relabeled": true"#),
      ("trajectory", #""relabeled": true, "parameters": [{"tensor": "0.weight", "indices": [0]}]"#),
      ("domain_mismatch", #""groups": [{"name": "a", "relabeled": true}]"#),
    ]
    for (kind, members) in bodies {
      let said = try #require(fault(kind, members), "\(kind) takes samples that are gone")
      #expect(said.contains("12 samples") && said.contains("5 of them"), "\(kind): \(said)")
    }
    let one = try #require(fault("remove", #""indices": [\#(flipped[0])]"#))
    #expect(one.contains("took it out"))
    #expect(
      fault("validate", #""candidates": {"indices": [\#(flipped[0])]}"#)?.contains("took \(flipped[0]) out")
        ?? false)
    // The other samples can be removed, and by default a recovery takes the remaining ones.
    #expect(fault("remove", #""indices": \#(Array(flipped.dropFirst(5))), "scales": [1]"#) == nil)
    let rest = try subject.store.run(
      #"{"kind": "recover", "model": "m", "checkpoint": "\#(gone)", "scales": [1]}"#)
    #expect(rest["samples"]?["changed"]?.integerValue == 7)
  }

  /// Jobs that rank or count training samples do not count those that are gone.
  @Test func everyKindCountsWhatIsLeft() throws {
    let subject = try Subject()
    let gone = Array(0..<20)
    let edited = try subject.edit("remove", #", "indices": \#(gone)"#, at: subject.trained)
    func run(_ kind: String, _ members: String = "") throws -> JSONValue {
      try subject.store.run(#"{"kind": "\#(kind)", "model": "m", "checkpoint": "\#(edited)"\#(members)}"#)
    }
    let influence = try run("influence", #", "top": 200, "solver": "direct""#)
    #expect(influence["train"]?["trained"]?.integerValue == 100)
    let test = try #require(influence["tests"]?[0])
    let named = try ["helpful", "harmful"].flatMap { try #require(test[$0]?.arrayValue) }
      .compactMap { $0["index"]?.integerValue }
    #expect(!named.isEmpty)
    #expect(Set(named).isDisjoint(with: gone))
    let validated = try run("validate", #", "count": 40, "candidates": "percentile", "solver": "direct""#)
    #expect(validated["samples"]?.integerValue == 100)
    let pairs = try #require(validated["tests"]?[0]?["pairs"]?.arrayValue)
    let left = Set(pairs.compactMap { $0["train"]?.integerValue })
    #expect(left.isDisjoint(with: gone))
    // Retraining begins at the fit to the remaining samples, so the control stays there.
    #expect(try number(validated, "pearson") > 0.99)
    let groups = try #require(try run("domain_mismatch", #", "solver": "direct""#)["groups"]?.arrayValue)
    #expect(groups.reduce(0) { $0 + ($1["trained"]?.integerValue ?? 0) } == 100)
    #expect(try run("spectrum", #", "count": 2"#)["samples"]?["hessian"]?.integerValue == 100)
    let evaluated = try run("evaluate", #", "split": "train""#)
    #expect(evaluated["parts"]?["trained"]?["samples"]?.integerValue == 100)
    #expect(evaluated["parts"]?["removed"]?["samples"]?.integerValue == 20)
    let flipped = Set(subject.set.train.indices(of: .relabeled)).subtracting(gone).count
    let mislabeled = try run("mislabeled", #", "fix_at": []"#)
    #expect(mislabeled["samples"]?["train"]?.integerValue == 100)
    #expect(mislabeled["samples"]?["flipped"]?.integerValue == flipped)
  }

  private func number(_ result: JSONValue, _ name: String) throws -> Double {
    try #require(result[name]?.doubleValue, "\(name)")
  }

  /// For a network removals are no refits. The group of the first removal stays out through the second.
  @Test func aRemovedClassDoesNotComeBack() throws {
    let store = MemoryStore(try Dataset.builtIn(.digits))
    try store.createModel(
      #"{"name": "mlp", "dataset": "digits", "architecture": "mlp", "weight_decay": 0.0005}"#)
    try store.run(
      #"{"kind": "train", "model": "mlp", "learning_rate": 0.05, "epochs": 30, "batch_size": 64, "validation": 0.2}"#
    )
    let first = try store.run(#"{"kind": "remove", "model": "mlp", "class": 8, "hessian_samples": "all"}"#)
    let between = try #require(first["checkpoint"]?.stringValue)
    #expect(first["after"]?["self"]?["accuracy"] == 0.0)
    let second = try store.run(
      #"{"kind": "remove", "model": "mlp", "checkpoint": "\#(between)", "class": 3, "hessian_samples": "all"}"#
    )
    #expect(try #require(second["after"]?["self"]?["accuracy"]?.doubleValue) < 0.06)
    #expect(second["after"]?["absent"]?["classes"] == [8])
    #expect(second["after"]?["absent"]?["accuracy"] == 0.0)
    #expect(try #require(second["after"]?["test"]?["accuracy"]?.doubleValue) > 0.93)
    // The samples that choose the scale contain no class 8.
    let last = try #require(second["checkpoint"]?.stringValue)
    #expect(store.checkpoint(id: last)?.record.counts?.absentClasses == [3, 8])
    let evaluated = try store.run(#"{"kind": "evaluate", "model": "mlp", "checkpoint": "\#(last)"}"#)
    #expect(evaluated["absent"]?["classes"] == [3, 8])
    #expect(try #require(evaluated["seen"]?["accuracy"]?.doubleValue) > 0.93)
  }
}
