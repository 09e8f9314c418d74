import Datasets
import JSON
import Jobs
import Network
import Testing

/// A small network that fits every data set of the catalog.
private let mlp = try! ArchitectureRequest(json: "mlp")

/// A catalog in memory: `digits` with a trained `digits-mlp`, `points` for regression.
struct FixedCatalog: Catalog {
  var models: [CatalogModel] = [
    CatalogModel(
      name: "digits-mlp", dataset: "digits", architecture: mlp, precision: .float32, loss: .crossEntropy,
      weightDecay: 5e-4, seed: 7, training: TrainingRecipe()),
    CatalogModel(
      name: "uploaded", dataset: "digits", architecture: mlp, precision: .float32, loss: .crossEntropy,
      weightDecay: 0, seed: 0),
  ]
  var sets: [CatalogDataset] = [
    CatalogDataset(
      name: "digits", inputShape: [1, 8, 8], targets: .classes(10), trainCount: 1442, testCount: 355,
      trainClassCounts: Array(repeating: 144, count: 10)),
    CatalogDataset(
      name: "points", inputShape: [5], targets: .values(1), trainCount: 1000, testCount: 0),
    CatalogDataset(
      name: "half", inputShape: [5], targets: .values(1), trainCount: 0, testCount: 0,
      incomplete: "has no train labels yet"),
  ]

  func model(named name: String) -> CatalogModel? { models.first { $0.name == name } }

  func checkpoint(id: String) -> CatalogCheckpoint? {
    let model = ["c1": "digits-mlp", "c2": "uploaded"][id]
    return model.map {
      CatalogCheckpoint(
        id: id, model: $0, kind: .trained, parent: nil, job: nil, metrics: [:],
        training: self.model(named: $0)?.training, byteCount: 8,
        sha256: String(repeating: "0", count: 64), createdAt: "2026-01-01T00:00:00Z")
    }
  }

  func latestCheckpoint(ofModel name: String) -> CatalogCheckpoint? {
    checkpoint(id: name == "digits-mlp" ? "c1" : "c2")
  }
  func weights(ofCheckpoint id: String) throws -> [UInt8] { [] }
  func retrainings(ofModel name: String) -> [CatalogRetraining] { [] }
  func dataset(named name: String) -> CatalogDataset? { sets.first { $0.name == name } }
  func loadDataset(named name: String) throws -> Dataset { try Dataset.builtIn(.digits, name: name) }
  func job(id: String) -> CatalogJob? { nil }
  func artifact(_ name: String, ofJob id: String) -> CatalogArtifact? { nil }
}

/// The faults of a job body, as "pointer detail".
func faults(_ text: String) throws -> [String] {
  do {
    var body = try JobBody(JSONParser.parse(text), kinds: StandardJobs.kinds)
    try body.resolve(FixedCatalog())
    return []
  } catch let rejection as RequestRejection {
    return rejection.faults.map(\.description)
  }
}

@Suite struct JobBodyTests {
  @Test func aShortRemovalIsFilledIn() throws {
    var body = try JobBody(
      JSONParser.parse(#"{"kind": "remove", "model": "digits-mlp", "class": 8, "modification_ratio": 0.1}"#),
      kinds: StandardJobs.kinds)
    try body.resolve(FixedCatalog())
    // The defaults that results rest on. A new field has a default of its own, which is declared with it.
    let expected: JSONValue = [
      "kind": "remove", "priority": 0, "time_limit": nil, "model": "digits-mlp", "checkpoint": "c1",
      "class": 8, "estimator": "gif", "modification_ratio": 0.1, "selection": "top_outputs",
      "damping": 0.0, "hessian": "hessian", "hessian_samples": 1024, "gradient_samples": "all",
      "gradient": "influence", "augment": "as_trained", "group_term": true, "scales": "auto",
      "choose_by": "accuracy", "rounds": 1, "curve": [], "seed": 0, "require_convergence": false,
    ]
    for member in expected.objectValue?.members ?? [] {
      #expect(body.json[member.name] == member.value, "\(member.name)")
    }
    let solver = try #require(body.json["solver"])
    #expect(solver["name"] == "lsmr" && solver["iterations"] == "auto" && solver["tolerance"] == .null)
    #expect(body.request.uses == JobUses(models: ["digits-mlp"], datasets: ["digits"], checkpoints: ["c1"]))
  }

  @Test(arguments: [
    #"{"kind": "remove", "model": "digits-mlp", "indices": [5, 3], "solver": "cg", "scales": [1, 2.5], "curve": [0, 1]}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "lissa", "repeats": 3}, "estimator": "if"}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "augment": ["crop"]}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "choose_by": "likelihood", "rounds": 3, "gradient": "newton"}"#,
    #"{"kind": "compare", "model": "digits-mlp", "class": 3, "augment": []}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "arnoldi", "rank": 9, "iterations": 4}}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "neumann", "iterations": 200, "tolerance": 1e-3}}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": "direct", "hessian_samples": "all"}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "cg", "preconditioner": "jacobi", "probes": 7}}"#,
    #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "cg", "preconditioner": "nystrom"}}"#,
    #"{"kind": "train", "model": "digits-mlp", "optimizer": "adam", "schedule": {"name": "step", "every": 2}, "exclude": {"class": 8}}"#,
    #"{"kind": "train", "model": "digits-mlp", "batch_size": "all", "augment": ["flip", "crop"], "priority": -3}"#,
    #"{"kind": "train", "model": "digits-mlp", "optimizer": "lbfgs", "gradient_norm": 1e-8, "epochs": 50}"#,
    #"{"kind": "train", "model": "digits-mlp", "schedule": {"name": "cosine", "warmup": 2}, "freeze_statistics": true}"#,
    #"{"kind": "train", "model": "digits-mlp", "optimizer": "lbfgs", "history": 5, "batch_size": "all"}"#,
    #"{"kind": "train", "model": "digits-mlp", "optimizer": "newton", "validation": 0}"#,
    #"{"kind": "evaluate", "model": "digits-mlp", "split": "validation"}"#,
    #"{"kind": "validate", "model": "digits-mlp"}"#,
    #"{"kind": "validate", "model": "digits-mlp", "candidates": "random", "count": 7, "retrain_steps": 30, "test": {"mean": true}}"#,
    #"{"kind": "validate", "model": "digits-mlp", "candidates": {"indices": [9, 5]}, "groups": [[10, 1], [2]], "from": "scratch", "precision": "float64"}"#,
    #"{"kind": "validate", "model": "digits-mlp", "groups": {"count": 5, "fraction": 0.2}, "newton": false, "training": {"optimizer": "lbfgs"}}"#,
    #"{"kind": "validate", "model": "uploaded", "groups": {"count": 5, "size": 20}, "training": {"epochs": 2}, "solver": "direct"}"#,
    #"{"kind": "spectrum", "model": "digits-mlp"}"#,
    #"{"kind": "spectrum", "model": "digits-mlp", "loss": ["mse", {"name": "hinge", "temperature": 0.1}], "l2": [0, 0.5], "retrain": true, "density": {"steps": 9}}"#,
    #"{"kind": "spectrum", "model": "uploaded", "loss": "mse", "l2": 0.25, "tolerance": 1e-3, "hessian": "gauss_newton"}"#,
    #"{"kind": "compare", "model": "digits-mlp", "class": 3}"#,
    #"{"kind": "compare", "model": "digits-mlp", "class": 3, "estimator": ["gif", "if"], "modification_ratio": [0.1, 1], "selection": ["random"], "solver": ["cg", {"name": "lsmr", "iterations": 9}], "damping": [0, 0.5], "repeats": 4}"#,
    #"{"kind": "trajectory", "model": "digits-mlp", "indices": [7, 2], "parameters": [4, 0]}"#,
    #"{"kind": "trajectory", "model": "digits-mlp", "class": 1, "step": 5, "order": "random", "parameters": [{"tensor": "1.bias", "indices": [3, 1]}], "estimators": ["fif"], "modes": ["sequential"], "solver": "direct"}"#,
    #"{"kind": "retrain", "model": "digits-mlp", "class": 8}"#,
    #"{"kind": "retrain", "model": "uploaded", "class": 8, "name": "again", "training": {"epochs": 2}}"#,
  ])
  func aFilledInBodyPostedAgainIsTheSame(_ text: String) throws {
    var first = try JobBody(JSONParser.parse(text), kinds: StandardJobs.kinds)
    try first.resolve(FixedCatalog())
    var second = try JobBody(JSONParser.parse(JSONWriter.text(first.json)), kinds: StandardJobs.kinds)
    try second.resolve(FixedCatalog())
    #expect(JSONWriter.text(second.json) == JSONWriter.text(first.json))
  }

  @Test func everyOptimizerHasItsDefaults() {
    let standards = TrainingRecipe.standards.map(\.json)
    #expect(standards.map { $0["optimizer"] } == ["sgd", "adam", "lbfgs", "newton"])
    #expect(standards.map { $0["epochs"] } == [5, 5, 1000, 100])
  }

  @Test func everyFaultIsToldAtOnce() throws {
    let found = try faults(
      #"""
      {"kind": "remove", "model": "Bad Name", "class": -1, "modification_ratio": 3, "estimater": "gif",
       "selection": "top_output", "solver": {"name": "lsmr", "tolerance": 0, "rank": 3}, "damping": "x",
       "hessian_samples": 0.5, "scales": [1, "two"], "seed": 1.5, "group_term": 1, "a/b~c": 0}
      """#)
    // Faults may come in any order.
    #expect(
      found.sorted()
        == [
          #"/model must have 1 to 63 characters out of a-z, 0-9, '.', '_', '-' and begin with a letter or a digit, got "Bad Name""#,
          "/class must be between 0 and 2147483647, got -1",
          "/modification_ratio must be greater than 0 and at most 1, got 3",
          #"/selection must be "top_outputs", "top_gradients", "threshold", "random", "lowest_outputs" or "lowest_gradients", got "top_output", did you mean "top_outputs"?"#,
          "/solver/tolerance must be greater than 0 and less than 1, got 0", "/solver/rank is not known here",
          #"/damping must be a number, got "x""#, "/hessian_samples must be an integer at least 1, got 0.5",
          "/group_term must be true or false, got 1", #"/scales/1 must be a number, got "two""#,
          "/seed must be an integer at least 0, got 1.5",
          #"/estimater is not known here, did you mean "estimator"?"#, "/a~1b~0c is not known here",
        ].sorted())
  }

  @Test(arguments: [
    (#"[]"#, " must be an object, got a list"), (#"{}"#, "/kind is required"),
    (#"{"kind": "tran"}"#, #"did you mean "train"?"#), (#"{"kind": 3}"#, "/kind must be"),
    (
      #"{"kind": "remove", "model": "digits-mlp"}"#,
      #"must have one of "class", "indices", "poisoned""#
    ),
    (#"{"kind": "remove", "model": "digits-mlp", "class": 1, "poisoned": true}"#, "must have only one of"),
    (#"{"kind": "remove", "model": "digits-mlp", "class": 10}"#, "/class must be between 0 and 9, got 10"),
    (
      #"{"kind": "compare", "model": "digits-mlp", "class": 1, "choose_by": "likelyhood"}"#,
      #"/choose_by must be "accuracy" or "likelihood", got "likelyhood", did you mean "likelihood"?"#
    ),
    (#"{"kind": "remove", "model": "digits-mlp", "indices": [1442]}"#, "/indices must be between 0 and 1441"),
    (#"{"kind": "remove", "model": "digits-mlp", "indices": [3, 3]}"#, "/indices must name each sample once"),
    (#"{"kind": "remove", "model": "digits-mlp", "indices": []}"#, "/indices must name at least one"),
    (#"{"kind": "remove", "model": "digits-mlp", "poisoned": true}"#, "/poisoned cannot be used"),
    (
      #"{"kind": "remove", "model": "digits-mlp", "class": 1, "checkpoint": "c2"}"#,
      "/checkpoint must be a checkpoint"
    ),
    (
      #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "lissa", "iterations": "auto"}}"#,
      "no path"
    ),
    (
      #"{"kind": "remove", "model": "digits-mlp", "class": 1, "solver": {"name": "cg", "preconditioner": "jacobi", "rank": 3}}"#,
      #"/solver/rank belongs to the preconditioner "nystrom" alone"#
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "optimizer": "adam", "momentum": 0.9}"#,
      "/momentum belongs to"
    ),
    (#"{"kind": "train", "model": "digits-mlp", "betas": [0.9]}"#, "/betas belongs to"),
    (#"{"kind": "train", "model": "digits-mlp", "exclude": {"class": 11}}"#, "/exclude/class must be"),
    (
      #"{"kind": "train", "model": "digits-mlp", "validation": 0.0001}"#,
      "/validation 0.0001 leaves no validation sample of 1442; use at least 0.0007, or 0"
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "learning_rate": 0}"#,
      "/learning_rate must be greater than 0"
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "gradient_norm": 1e-6}"#,
      #"/gradient_norm belongs to the optimizers "lbfgs" and "newton""#
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "optimizer": "newton", "history": 3}"#,
      #"/history belongs to the optimizer "lbfgs" alone"#
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "optimizer": "lbfgs", "batch_size": 64}"#,
      #"/batch_size must be "all" or absent for "lbfgs", got 64"#
    ),
    (
      #"{"kind": "train", "model": "digits-mlp", "optimizer": "lbfgs", "learning_rate": 0.1}"#,
      #"/learning_rate belongs to the optimizers "sgd" and "adam""#
    ),
    (#"{"kind": "evaluate", "model": "uploaded", "split": "validation"}"#, "/split must be"),
    (#"{"kind": "evaluate", "model": "digits-mlp", "dataset": "points"}"#, "/dataset must have samples"),
    (#"{"kind": "evaluate", "model": "digits-mlp", "dataset": "half"}"#, "which has no train labels yet"),
    (#"{"kind": "retrain", "model": "uploaded", "class": 1}"#, "/training is required"),
    (#"{"kind": "validate", "model": "uploaded"}"#, "/training is required"),
    (#"{"kind": "validate", "model": "digits-mlp", "count": 1400}"#, "/count must be at most 1298"),
    (
      #"{"kind": "validate", "model": "digits-mlp", "retrain_steps": 3, "retrain_fraction": 0.1}"#,
      "must have only one of"
    ),
    (
      #"{"kind": "validate", "model": "digits-mlp", "candidates": {"indices": [1442]}}"#,
      "/candidates/indices must be between 0 and 1441"
    ),
    (
      #"{"kind": "validate", "model": "digits-mlp", "groups": {"count": 3, "size": 1298}}"#,
      "/groups/size must be less than 1298"
    ),
    (
      #"{"kind": "validate", "model": "digits-mlp", "groups": [[1, 1]]}"#,
      "/groups/0 must name each sample once"
    ),
    (#"{"kind": "validate", "model": "digits-mlp", "groups": []}"#, "/groups must have at least one group"),
    (
      #"{"kind": "validate", "model": "digits-mlp", "solver": {"name": "cg", "iterations": "auto"}}"#,
      "/solver/iterations must be an integer"
    ),
    (
      #"{"kind": "validate", "model": "digits-mlp", "test": {"pick": "highest_loss", "split": "train", "count": 1200}}"#,
      "/test must be at most 1000 points"
    ),
    (#"{"kind": "retrain", "model": "digits-mlp", "recover": true}"#, "/recover must be false"),
    (
      #"{"kind": "remove", "model": "digits-mlp", "class": 1, "augment": "flip"}"#,
      #"/augment must be "as_trained" or a list of augmentations, got "flip""#
    ),
    (
      #"{"kind": "compare", "model": "digits-mlp", "class": 1, "augment": ["crop", "crop"]}"#,
      "/augment must name each augmentation once"
    ),
  ])
  func wrongBodiesAreNamed(_ text: String, _ expected: String) throws {
    let found = try faults(text)
    #expect(found.contains { $0.contains(expected.trimmingPrefix(" ")) }, "\(found)")
  }

  @Test func unknownThingsAreToldApartFromFaults() throws {
    #expect(throws: UnknownResource(.model, "nothing")) {
      try faults(#"{"kind": "evaluate", "model": "nothing"}"#)
    }
    #expect(throws: UnknownResource(.checkpoint, "c9")) {
      try faults(#"{"kind": "evaluate", "model": "digits-mlp", "checkpoint": "c9"}"#)
    }
    #expect(throws: UnknownResource(.dataset, "nothing")) {
      try faults(#"{"kind": "evaluate", "model": "digits-mlp", "dataset": "nothing"}"#)
    }
    #expect(throws: NameTaken(.model, "uploaded")) {
      try faults(#"{"kind": "retrain", "model": "digits-mlp", "class": 1, "name": "uploaded"}"#)
    }
  }

  @Test func aFloodOfFaultsIsCut() throws {
    let text =
      "{\"kind\": \"evaluate\", \"model\": \"digits-mlp\", "
      + (0..<1000).map { "\"unknown\($0)\": 0" }.joined(separator: ", ") + "}"
    let found = try faults(text)
    #expect(found.count == RequestFaults.maximumCount + 1)
    #expect(found.last == "and 900 more faults")
  }
}

@Suite struct SpellingTests {
  @Test(
    arguments: [
      ("estimater", "estimator"), ("scale", "scales"), ("modificationratio", "modification_ratio"),
      ("sovler", "solver"), ("SEED", "seed"), ("xyz", nil), ("", nil), ("damp", nil),
    ] as [(String, String?)])
  func nearNamesAreFound(_ word: String, _ expected: String?) {
    let names = ["estimator", "scales", "modification_ratio", "solver", "seed", "damping"]
    #expect(Spelling.nearest(to: word, among: names) == expected)
  }

  @Test func distances() {
    func distance(_ a: String, _ b: String) -> Int { Spelling.editDistance(Array(a.utf8), Array(b.utf8)) }
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("ab", "ba") == 1)
    #expect(distance("", "abc") == 3)
    #expect(distance("same", "same") == 0)
  }
}
