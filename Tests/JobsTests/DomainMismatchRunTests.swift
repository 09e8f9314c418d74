import JSON
import Jobs
import Tensor
import TestSupport
import Testing

/// Jobs of the kind `domain_mismatch`: sums of scores, and what leaving groups out does.
@Suite("Domain mismatch runs")
struct DomainMismatchRunTests {
  private static let shared = Result { try InfluenceSubject() }
  private static let solver = #""solver": {"name": "cg", "tolerance": 1e-11}"#

  @Test func groupsAreRankedByTheirMeanScore() throws {
    let subject = try Self.shared.get()
    let (_, whole) = try subject.post(#""test": {"mean": true}, \#(Self.solver)"#)
    let scores = whole.doubles("scores.npy")
    let groups = [[1, 2, 3], [10, 11], [5]]
    let (result, _) = try subject.post(
      #""groups": [{"name": "a", "indices": [1, 2, 3]}, {"indices": [10, 11]}, {"name": "c", "indices": [5]}], \#(Self.solver)"#,
      kind: "domain_mismatch")
    let means = groups.map { members in members.reduce(0) { $0 + scores[$1] } / Double(members.count) }
    let ranked = means.indices.sorted { means[$0] < means[$1] }
    let rows = try #require(result["groups"]?.arrayValue)
    let names = ["a", "samples from 10", "c"]
    for (row, place) in zip(rows, ranked) {
      #expect(row["name"]?.stringValue == names[place])
      #expect(abs((row["mean"]?.doubleValue ?? 0) - means[place]) < 1e-9)
      #expect(row["samples"]?.integerValue == groups[place].count)
      let sum = groups[place].reduce(0) { $0 + scores[$1] }
      #expect(abs((row["sum"]?.doubleValue ?? 0) - sum) < 1e-9)
    }
  }

  /// The risk of the remaining n − m samples keeps its weight decay λ: (Σ sᵀ∇ℓ + mλ·sᵀθ̂)/(n − m) by the
  /// dense Hessian.
  @Test func theEffectOfARemovalHasTheWeightDecay() throws {
    let subject = try Self.shared.get()
    var mean = [Double](repeating: 0, count: subject.state.parameters.count)
    for place in 0..<25 { mean.add(1.0 / 25, times: try subject.gradient(subject.dataset.test, place)) }
    let factor = subject.hessian.solve(mean)
    let groups = [[1, 2, 3], Array(5..<35), [10]]
    let (result, _) = try subject.post(
      #""groups": [\#(groups.map { #"{"indices": \#($0)}"# }.joined(separator: ", "))], \#(Self.solver)"#,
      kind: "domain_mismatch")
    let rows = try #require(result["groups"]?.arrayValue)
    for group in groups {
      let row = try #require(rows.first { $0["name"]?.stringValue == "samples from \(group[0])" })
      var gradient = [Double](repeating: 0, count: factor.count)
      for sample in group { gradient.add(1, times: try subject.gradient(subject.dataset.train, sample)) }
      gradient.add(Double(group.count) * InfluenceSubject.weightDecay, times: subject.state.parameters)
      let expected = factor.dot(gradient) / Double(60 - group.count)
      // The differences that the Hessian is made of have an error of about 1e-8.
      #expect(abs((row["removal_effect"]?.doubleValue ?? 0) - expected) < 1e-6 * abs(expected))
    }
  }

  /// The effect equals the first order of `validate`. It is nearer to the normal equations without the group
  /// than the scores alone are.
  @Test func groupsOfRidgeRegressionAreRemovedAsTheyAreValidated() throws {
    let (store, ridge) = try Ridge.trained(decay: 1)
    let groups = [[1], [2, 9], [10, 3, 40, 41, 7]]
    let test = #""test": {"indices": [3]}, "solver": "direct""#
    let validated = try store.run(
      #"{"kind": "validate", "model": "ridge", "groups": \#(groups), \#(test)}"#)
    let named = groups.map { #"{"indices": \#($0)}"# } + [#"{"indices": \#(Array(0..<60))}"#]
    let result = try store.run(
      #"{"kind": "domain_mismatch", "model": "ridge", "groups": [\#(named.joined(separator: ", "))], \#(test)}"#
    )
    let rows = try #require(result["groups"]?.arrayValue)
    func row(_ name: String) throws -> JSONValue {
      try #require(rows.first { $0["name"]?.stringValue == name })
    }
    let whole = try ridge.minimum()
    for (place, group) in groups.enumerated() {
      let row = try row("samples from \(group.min() ?? 0)")
      let effect = try #require(row["removal_effect"]?.doubleValue)
      let first = try #require(
        validated["groups"]?["rows"]?[place]?["first_order"]?[0]?.doubleValue)
      #expect(abs(effect - first) < 1e-10 * abs(first))
      let change = try ridge.testLoss(3, ridge.minimum(without: group)) - ridge.testLoss(3, whole)
      let byScores = try #require(row["sum"]?.doubleValue) / Double(60 - group.count)
      #expect(abs(effect - change) < 0.5 * abs(change), "\(effect) \(change)")
      #expect(abs(byScores - change) > abs(effect - change), "\(byScores) \(effect) \(change)")
    }
    #expect(try row("samples from 0")["removal_effect"] == .null)
  }

  /// The mean over all test points is the mean of the split.
  @Test func withoutGroupsTheClassesAreRanked() throws {
    let subject = try Self.shared.get()
    let (one, mean) = try subject.post(Self.solver, kind: "domain_mismatch")
    let (many, points) = try subject.post(
      #""test": {"pick": "highest_loss", "count": 25}, \#(Self.solver)"#, kind: "domain_mismatch")
    #expect(relativeError(mean.doubles("scores.npy"), points.doubles("scores.npy")) < 1e-9)
    #expect(
      Set(one["groups"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []) == [
        "class 0", "class 1", "class 2",
      ])
    let counts = one["groups"]?.arrayValue?.compactMap { $0["samples"]?.integerValue }.reduce(0, +)
    #expect(counts == 60)
    #expect(many["test"]?["points"]?.integerValue == 25)
  }

  @Test func faultsOfGroupsAreNamed() throws {
    let subject = try Self.shared.get()
    for (groups, pointers) in [
      ("[]", ["/groups"]), (#"[{"class": 3}]"#, ["/groups/0/class"]), (#""label""#, ["/groups"]),
      (#"[{"indices": [1]}, {"class": 0, "indices": [2]}]"#, ["/groups/1"]),
      (#"[{"name": "a", "class": 1}, {"name": "a", "class": 2}]"#, ["/groups/1/name"]),
    ] {
      let rejection = #expect(throws: RequestRejection.self) {
        _ = try subject.post(#""groups": \#(groups)"#, kind: "domain_mismatch")
      }
      #expect(rejection?.faults.map(\.pointer) == pointers, "\(groups)")
    }
  }
}
