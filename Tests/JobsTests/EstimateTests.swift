import Datasets
import JSON
import Jobs
import Tensor
import TestSupport
import Testing

/// The estimated cost of jobs, on a machine of a thousand million multiply-adds a second.
@Suite("Estimates")
struct EstimateTests {
  private let machine = Machine(multiplyAdds: 1e9, threads: 2, memoryLimit: 1 << 30)

  private func store() throws -> MemoryStore {
    let store = MemoryStore(try Dataset.builtIn(.digits))
    for (name, architecture) in [("small", #""logistic""#), ("large", #""resnet18""#)] {
      try store.createModel(
        #"{"name": "\#(name)", "dataset": "digits", "architecture": \#(architecture), "weight_decay": 0.01}"#)
      try store.insertInitial(name, Float.self)
    }
    return store
  }

  private func estimate(_ body: String, in store: MemoryStore) throws -> JobEstimate {
    var job = try JobBody(JSONParser.parse(body), kinds: StandardJobs.kinds)
    try job.resolve(store)
    return try #require(try job.request.estimate(store, machine))
  }

  /// A sweep makes its own models.
  @Test(arguments: StandardJobs.kinds.map(\.name).filter { $0 != "sweep" })
  func everyKindHasOneThatGrowsWithTheNetwork(_ kind: String) throws {
    let flipped = try Dataset.builtIn(.digits).relabeled(Relabel(fraction: 0.1, seed: 1)).named("digits")
    let store = MemoryStore(flipped)
    for (name, architecture) in [
      ("small", #""logistic""#), ("large", #"{"name": "mlp", "hidden": [512, 512]}"#),
    ] {
      try store.createModel(
        #"{"name": "\#(name)", "dataset": "digits", "architecture": \#(architecture), "weight_decay": 0.01}"#)
      try store.insertInitial(name, Float.self)
    }
    func estimate(_ model: String) throws -> JobEstimate {
      // An initial checkpoint has no recipe of its own.
      let own = kind == "mislabeled" ? #""training": {}"# : #""priority": 0"#
      return try self.estimate(SmallJobs.body(of: kind, model: model, own), in: store)
    }
    let (small, large) = (try estimate("small"), try estimate("large"))
    #expect(small.seconds > 0)
    #expect(small.memoryBytes > 0)
    #expect(large.seconds > small.seconds, "\(small) \(large)")
    #expect(large.memoryBytes > small.memoryBytes)
    #expect(large.json["memory_bytes"]?.integerValue ?? 0 > 0)
  }

  @Test func aSweepTakesAsLongAsItsModels() throws {
    let store = try store()
    func seconds(_ seeds: Int) throws -> Double {
      try estimate(
        #"{"kind": "sweep", "dataset": "digits", "architectures": ["logistic"], "training": {}, "seeds": \#(seeds)}"#,
        in: store
      ).seconds
    }
    #expect(try abs(seconds(10) / seconds(1) - 10) < 1e-6)
  }

  @Test func theTimeGrowsWithWhatIsAskedFor() throws {
    let store = try store()
    func seconds(_ members: String) throws -> Double {
      try estimate(#"{"model": "small", \#(members)}"#, in: store).seconds
    }
    let train = try seconds(#""kind": "train", "epochs": 10"#)
    // The measurement at the end does not grow with the epochs.
    #expect(try abs(seconds(#""kind": "train", "epochs": 100"#) / train - 10) < 1.5)
    #expect(
      try seconds(#""kind": "influence", "test": {"count": 20}"#)
        > 5 * seconds(#""kind": "influence", "test": {"count": 2}"#))
    #expect(
      try seconds(#""kind": "compare", "class": 1, "repeats": 50"#)
        > 30 * seconds(#""kind": "compare", "class": 1"#))
  }

  /// Each round frees the memory of the round before. `require_convergence` measures no step of the path.
  /// Measurements use few samples.
  @Test func updatesAreEstimatedAsTheyAreMade() throws {
    let store = try store()
    for kind in ["remove", "compare"] {
      func of(_ members: String) throws -> JobEstimate {
        try estimate(#"{"kind": "\#(kind)", "model": "large", "class": 1, \#(members)}"#, in: store)
      }
      let (once, often) = (try of(#""rounds": 1"#), try of(#""rounds": 5"#))
      #expect(often.memoryBytes < 1.01 * once.memoryBytes)
      #expect(often.seconds > 3 * once.seconds && often.seconds < 6 * once.seconds)
      #expect(try of(#""rounds": 5, "gradient": "newton", "gradient_samples": 10"#).seconds < often.seconds)
      func ended(_ iterations: String) throws -> JobEstimate {
        try of(#""require_convergence": true, "solver": {"name": "lsmr", "iterations": \#(iterations)}"#)
      }
      #expect(try ended(#""auto""#) == ended("100"))
    }
  }

  /// 5,120 samples at most judge a scale, 1,536 a step of the path.
  @Test func scalesAreJudgedByFewSamples() throws {
    func trials(_ samples: Int) throws -> Double {
      let store = MemoryStore(
        try Dataset.synthetic(SyntheticBlobs(samples: samples, testSamples: 10, classes: 2), name: "blobs"))
      try store.createModel(#"{"name": "m", "dataset": "blobs", "architecture": "logistic"}"#)
      try store.insertInitial("m", Float.self)
      func seconds(_ options: String) throws -> Double {
        try estimate(#"{"kind": "remove", "model": "m", "class": 1, \#(options)}"#, in: store).seconds
      }
      let all = try seconds(#""scales": \#(Array(repeating: 1, count: 1000))"#)
      return try all - seconds(#""scales": [1]"#)
    }
    let (few, more, many) = (try trials(1000), try trials(2000), try trials(8000))
    #expect(abs(more / few - 2) < 0.01)
    #expect(abs(many / few - 5.12) < 0.01)
  }

  /// The estimate knows the artifacts to the byte, except for their headers and the result's JSON.
  @Test func resultsAreThoseOfTheRun() throws {
    let store = try store()
    let body =
      #"{"kind": "influence", "model": "small", "test": {"count": 3}, "self_influence": true, "damping": 1}"#
    let context = MemoryContext()
    let expected = try estimate(body, in: store).resultBytes
    try store.run(body, context: context)
    let real = context.artifacts.values.reduce(0) { $0 + $1.bytes.count }
    #expect(Double(real) == expected)
  }

  @Test func limitsSayWhatToLower() {
    let limits = JobLimits(memoryBytes: 0x1p30, resultBytes: 0x1p20, seconds: 60)
    #expect(limits.faults(JobEstimate(memoryBytes: 1e8, seconds: 170, resultBytes: 1e5)).isEmpty)
    let faults = limits.faults(JobEstimate(memoryBytes: 1e12, seconds: 1e4, resultBytes: 1e9))
    #expect(faults.map(\.pointer) == ["", "", ""])
    #expect(faults[0].detail.contains("931.3 GiB") && faults[0].detail.contains("job_memory_limit"))
    #expect(faults[1].detail.contains("artifact_limit"))
    #expect(faults[2].detail.contains("2.8 hours") && faults[2].detail.contains("job_time_limit"))
    let endless = JobEstimate(memoryBytes: .infinity, seconds: .infinity, resultBytes: .infinity)
    #expect(limits.faults(endless).count == 3)
    #expect(endless.json["seconds"]?.doubleValue ?? 0 >= 1e15)
    #expect(JobLimits().faults(endless).isEmpty)
  }

  /// A smaller batch is advised if and only if it makes the job fit.
  @Test func aBatchThatIsTooLargeIsSaidToBe() throws {
    let store = try store()
    func advice(_ body: String, limit: Double) throws -> String {
      let estimate = try estimate(body, in: store)
      #expect(estimate.batchBytes < estimate.memoryBytes)
      return try #require(JobLimits(memoryBytes: limit).faults(estimate).first?.detail)
    }
    func train(_ batch: String) -> String {
      #"{"kind": "train", "model": "large", "batch_size": \#(batch)}"#
    }
    let (all, few) = (try estimate(train(#""all""#), in: store), try estimate(train("32"), in: store))
    #expect(all.memoryBytes > 1.2 * few.memoryBytes)
    #expect(abs(all.memoryBytes - all.batchBytes - (few.memoryBytes - few.batchBytes)) < 1)
    #expect(JobLimits(memoryBytes: 1.1 * few.memoryBytes).faults(few).isEmpty)
    #expect(try advice(train(#""all""#), limit: 1.1 * few.memoryBytes).contains("smaller batch_size"))
    // No advice on batches helps if the network itself does not fit.
    for body in [train(#""all""#), #"{"kind": "influence", "model": "large"}"#] {
      let text = try advice(body, limit: 0x1p20)
      #expect(!text.contains("batch_size") && text.contains("smaller model"), "\(text)")
    }
    let swept =
      #"{"kind": "sweep", "dataset": "digits", "architectures": ["logistic", "resnet18"], "training": {"batch_size": "all"}}"#
    let sweep = try estimate(swept, in: store)
    #expect(sweep.batchBytes > 0)
    #expect(try advice(swept, limit: sweep.memoryBytes - 1).contains("smaller batch_size"))
  }

  @Test func theMachineIsMeasured() throws {
    let pool = ComputePool(threads: 1)
    defer { pool.stop() }
    #expect(try Machine(pool: pool, memoryLimit: 1 << 30).multiplyAdds > 1e8)
  }
}
