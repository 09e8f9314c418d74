import Foundation
import JSON
import Jobs
import Service
import TestSupport
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

  /// A filled-in request has no member that its schema does not have.
  @Test(arguments: StandardJobs.kinds.map(\.name))
  func requestsHaveTheMembersOfTheirSchema(_ kind: String) throws {
    let body = SmallJobs.body(of: kind)
    let request = try JobBody(JSONParser.parse(body), kinds: StandardJobs.kinds)
    let name = kind.split(separator: "_").map(\.capitalized).joined() + "Job"
    let schema = try #require(document["components"]?["schemas"]?[name]?["properties"]?.objectValue)
    for member in request.json.objectValue?.names ?? [] { #expect(schema[member] != nil, "\(member)") }
  }
}
