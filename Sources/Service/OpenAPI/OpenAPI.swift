import HTTP
import JSON
import Jobs

/// The contract as OpenAPI 3.1, served at `/openapi.json`.
package enum OpenAPI {
  /// The whole document.
  package static func document(token: Bool) -> JSONValue {
    var document: JSONObject = [
      "openapi": "3.1.0",
      "info": [
        "title": .string(Version.name), "version": .string(Version.number),
        "summary": "Influence functions as a service: train, edit and explain networks.",
        "description": .string(
          "Every error is application/problem+json (RFC 9457). GET answers HEAD too. Lists and descriptions are also "
            + "available as text/plain tables. A null member of a request counts as absent. OPTIONS answers 204 and Allow; "
            + "a method that a path does not have is answered with 405 and Allow, one nobody knows with 501."),
      ],
      "servers": [["url": "/"]],
      "paths": .object(paths(token: token)),
      "components": [
        "schemas": .object(requestSchemas.merging(answerSchemas).merging(resultSchemas)),
        "responses": .object(problemResponses),
        "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]],
      ],
    ]
    if token { document["security"] = [["bearer": []]] }
    return .object(document)
  }
}
