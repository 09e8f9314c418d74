import Datasets
import JSON
import Jobs
import Tensor
import TestSupport
import Testing

/// A stored architecture may fit its data set no more, after a backup was put back. Such a network must not
/// count as one of 0 parameters, which would pass every limit.
@Suite struct UnbuildableNetworkTests {
  /// `m` on `digits`, with a first layer for another number of features.
  private func catalog() throws -> FixedCatalog {
    var catalog = FixedCatalog()
    catalog.sets[0].groupCounts[.relabeled] = 10
    let layers: JSONValue = [
      "layers": [["type": "flatten"], ["type": "linear", "out_features": 10, "in_features": 3]]
    ]
    catalog.models[0].architecture = try ArchitectureRequest(json: layers)
    return catalog
  }

  @Test(arguments: StandardJobs.kinds.map(\.name).filter { $0 != "sweep" })
  func noJobIsTakenOnIt(_ kind: String) throws {
    let catalog = try catalog()
    let machine = Machine(multiplyAdds: 1e9, threads: 1, memoryLimit: 1 << 30)
    let text = SmallJobs.body(of: kind, model: "digits-mlp")
    var body = try JobBody(JSONParser.parse(text), kinds: StandardJobs.kinds)
    do {
      try body.resolve(catalog)
      _ = try body.request.estimate(catalog, machine)
      Issue.record("a job was taken on a network that cannot be built")
    } catch let rejection as RequestRejection {
      #expect(rejection.faults.map(\.pointer) == ["/model"])
      #expect(rejection.faults.first?.detail.contains("in_features") == true)
    } catch let failure as JobFailure {
      #expect(failure.reason == .missing)
    }
  }

  /// The limit of the direct solver depends on the network. With 0 parameters this request would pass.
  @Test func aFaultSaysWhichModelItIs() throws {
    let text = #"{"kind": "influence", "model": "digits-mlp", "test": {"count": 1}, "solver": "direct"}"#
    var body = try JobBody(JSONParser.parse(text), kinds: StandardJobs.kinds)
    let catalog = try catalog()
    let rejection = #expect(throws: RequestRejection.self) { try body.resolve(catalog) }
    #expect(
      rejection?.faults.map(\.description) == [
        "/model names \"digits-mlp\", whose architecture does not fit the data set \"digits\" any more: "
          + "layers/1/in_features must be 64, the features of the layer before, got 3"
      ])
  }
}
