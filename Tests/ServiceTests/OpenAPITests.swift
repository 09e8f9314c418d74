import JSON
import Jobs
import Service
import Testing

@Suite struct OpenAPITests {
  private let document = OpenAPI.document(token: true)

  @Test func everyRouteIsInTheContractAndNoOther() throws {
    let running = try RunningService()
    let served = Set(running.service.routes.map { "\($0.method) \($0.pattern)" })
    var described: Set<String> = []
    for path in document["paths"]?.objectValue?.members ?? [] {
      for method in path.value.objectValue?.names ?? [] where method != "head" {
        described.insert("\(method) \(path.name)")
      }
    }
    #expect(served == described)
    #expect(try running.get("/openapi.json").json == OpenAPI.document(token: false))
  }

  /// A schema's references lead somewhere, and operations have names of their own.
  @Test func theDocumentIsWhole() {
    var ids: [String] = []
    func walk(_ value: JSONValue) {
      switch value {
      case .object(let object):
        if let reference = object["$ref"]?.stringValue {
          let place = reference.split(separator: "/").dropFirst().reduce(Optional(document)) {
            $0?[String($1)]
          }
          #expect(place != nil, "\(reference)")
        }
        // A link names an operation too.
        if let id = object["operationId"]?.stringValue, object["responses"] != nil { ids.append(id) }
        for member in object.members { walk(member.value) }
      case .array(let elements): elements.forEach(walk)
      default: break
      }
    }
    walk(document)
    #expect(Set(ids).count == ids.count)
    #expect(ids.count > 40)
  }

  /// The members of the request schemas are those that the readers know: a filled-in request has no other.
  @Test(arguments: [
    ("RemoveJob", #"{"kind": "remove", "model": "m", "class": 1}"#),
    ("RemoveJob", #"{"kind": "remove", "model": "m", "indices": [1], "solver": "cg"}"#),
    ("TrainJob", #"{"kind": "train", "model": "m"}"#),
    ("TrainJob", #"{"kind": "train", "model": "m", "optimizer": "adam"}"#),
    ("TrainJob", #"{"kind": "train", "model": "m", "optimizer": "lbfgs"}"#),
    ("EvaluateJob", #"{"kind": "evaluate", "model": "m"}"#),
    ("ValidateJob", #"{"kind": "validate", "model": "m"}"#),
    ("ValidateJob", #"{"kind": "validate", "model": "m", "groups": [[1]], "retrain_steps": 2}"#),
    ("RetrainJob", #"{"kind": "retrain", "model": "m", "class": 1}"#),
    ("RecoverJob", #"{"kind": "recover", "model": "m", "relabeled": true}"#),
    ("TrajectoryJob", #"{"kind": "trajectory", "model": "m", "class": 1, "parameters": [0]}"#),
    ("CompareJob", #"{"kind": "compare", "model": "m", "class": 1}"#),
    ("SpectrumJob", #"{"kind": "spectrum", "model": "m", "density": {}}"#),
    ("InfluenceJob", #"{"kind": "influence", "model": "m"}"#),
    ("InfluenceJob", #"{"kind": "influence", "model": "m", "self_influence": true, "self_solver": "cg"}"#),
    ("InfluenceJob", #"{"kind": "influence", "model": "m", "factors": "j"}"#),
    ("MislabeledJob", #"{"kind": "mislabeled", "model": "m"}"#),
    ("DomainMismatchJob", #"{"kind": "domain_mismatch", "model": "m", "groups": [{"class": 1}]}"#),
  ])
  func requestsHaveTheMembersOfTheirSchema(_ schema: String, _ body: String) throws {
    let request = try JobBody(JSONParser.parse(body), kinds: StandardJobs.kinds)
    let properties = document["components"]?["schemas"]?[schema]?["properties"]?.objectValue ?? [:]
    for name in request.json.objectValue?.names ?? [] { #expect(properties[name] != nil, "\(name)") }
  }
}
