import Foundation
import JSON
import Jobs
import Service
import Testing

/// Jobs of every kind, cancelled at some moment of their run.
@Suite(.serialized) struct CancelTests {
  private static let isLong = ProcessInfo.processInfo.environment["INFLUENCED_ALL_TESTS"] == "1"
  /// A second is promised; the rest is for a machine that is busy with other tests.
  private static let patience = isLong ? 1.5 : 4
  private static let training: JSONValue = ["epochs": 400, "batch_size": 64, "learning_rate": 0.02]
  private static let minimization: JSONValue = ["optimizer": "lbfgs", "epochs": 2000]

  /// A body for each kind, long enough to be caught in the midst.
  private static let bodies: [String: JSONObject] = [
    "train": ["model": "net", "epochs": 2000, "batch_size": 64, "learning_rate": 0.02],
    "evaluate": ["model": "net", "split": "train"],
    "remove": ["model": "net", "class": 8, "solver": ["name": "lsmr", "iterations": 500]],
    "recover": ["model": "bad"],
    "retrain": ["model": "net", "class": 8, "training": training],
    "compare": ["model": "net", "class": 8, "estimator": ["gif", "if"], "modification_ratio": [0.1, 0.5]],
    "influence": ["model": "net", "test": ["indices": [1, 2, 3]], "self_influence": true, "damping": 0.01],
    "validate": [
      "model": "flat", "test": ["indices": [1]], "count": 10, "retrain_steps": 5000, "damping": 0.1,
      "training": training,
    ],
    "spectrum": ["model": "net", "count": 40],
    "mislabeled": ["model": "flip", "training": training, "damping": 0.1],
    "domain_mismatch": ["model": "net", "damping": 0.01],
    "trajectory": ["model": "flat", "parameters": [0, 1, 2], "step": 1, "class": 1],
    "attack": [
      "model": "flat", "test": ["indices": [7]], "train": ["count": 3], "damping": 0.1,
      "training": minimization,
    ],
    "sweep": [
      "dataset": "digits", "architectures": ["cnn", "logistic"], "test": ["indices": [1]], "count": 2,
      "retrain_steps": 500, "training": training, "damping": 0.1,
    ],
  ]

  private func running() throws -> RunningService {
    let running = try RunningService()
    try running.addDigits()
    let derived: [(String, JSONValue)] = [
      ("poisoned", ["trigger": "patch", "fraction": 0.1, "label": 4]), ("relabeled", ["fraction": 0.1]),
    ]
    for (name, change) in derived {
      let made = try running.post(
        "/v1/datasets",
        [
          "name": .string(name),
          "source": ["format": "derived", "of": "digits", name == "poisoned" ? "poison" : "relabel": change],
        ])
      #expect(made.status == 201, "\(made.text)")
    }
    let models: [(String, String, JSONValue)] = [
      ("net", "digits", ["name": "mlp", "hidden": [256, 256]]), ("flat", "digits", "logistic"),
      ("bad", "poisoned", ["name": "mlp", "hidden": [256]]), ("flip", "relabeled", "logistic"),
    ]
    for (name, set, architecture) in models {
      let made = try running.post(
        "/v1/models",
        [
          "name": .string(name), "dataset": .string(set), "architecture": architecture, "weight_decay": 0.001,
        ])
      #expect(made.status == 201, "\(made.text)")
    }
    return running
  }

  @Test func everyKindEndsSoonAfterItIsCancelled() throws {
    let running = try running()
    let kinds = StandardJobs.kinds.map(\.name)
    #expect(Set(kinds) == Set(Self.bodies.keys))
    let rounds = Self.isLong ? 12 : 1
    var caught = 0
    for round in 0..<rounds {
      for kind in kinds {
        var body = Self.bodies[kind] ?? [:]
        body["kind"] = .string(kind)
        let id = try running.queue(.object(body))
        // Each round catches the job further on.
        let share = Double(round) / Double(2 * rounds)
        _ = try running.wait(for: id) {
          let progress = $0["progress"]?["fraction"]?.doubleValue ?? 0
          return $0["state"] != "queued" && ($0["state"] != "running" || progress >= share)
        }
        let asked = Date()
        let reply = try running.post("/v1/jobs/\(id)/cancel", [:])
        // It may have ended by itself.
        if reply.status == 409 { continue }
        #expect(reply.status == 202)
        let job = try running.ended(id)
        #expect(
          job["state"] == "cancelled" || job["state"] == "succeeded", "\(kind): \(job["error"] ?? .null)")
        let phase = reply.json["progress"]?["phase"] ?? .null
        #expect(Date().timeIntervalSince(asked) < Self.patience, "\(kind) in \(phase)")
        if job["state"] == "cancelled" {
          caught += 1
          #expect(job["result"] == .null)
          #expect(try running.get("/v1/jobs/\(id)/result").status == 409)
        }
      }
    }
    // A test of jobs that had all ended by themselves would say nothing.
    #expect(2 * caught > rounds * kinds.count, "\(caught)")
    // Nothing half-written: every model has the checkpoint it was made with, and those of jobs that ended.
    for model in ["net", "flat", "bad", "flip"] {
      let checkpoints = try running.get("/v1/models/\(model)/checkpoints").json["items"]?.arrayValue ?? []
      for checkpoint in checkpoints {
        guard let job = checkpoint["job"]?.stringValue else { continue }
        #expect(try running.get("/v1/jobs/\(job)").json["state"] == "succeeded")
      }
    }
  }
}
