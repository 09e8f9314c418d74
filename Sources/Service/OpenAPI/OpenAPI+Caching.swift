import HTTP
import JSON
import Jobs

extension OpenAPI.Operation {
  /// The operation with the parts that a route's caching adds: its fields, preconditions, and 304.
  func validated(_ caching: Caching) -> Self {
    guard method == "get", caching.isValidated else { return self }
    var operation = self
    let fields: JSONObject = [
      "ETag": OpenAPI.header(
        "The SHA-256 of the bytes.", ["type": "string", "pattern": "^\"[0-9a-f]{64}\"$"], required: true),
      "Cache-Control": OpenAPI.header(
        caching == .forever
          ? "The bytes never change." : "What is here may change: ask again, with If-None-Match.",
        Schema.constant(caching.control), required: true),
    ]
    operation.answers = JSONObject(
      answers.members.map { ($0.name, OpenAPI.adding(fields, to: $0.value)) }
        + [("304", ["description": "The client has it.", "headers": .object(fields)])])
    operation.headers += [
      OpenAPI.requestHeader("If-None-Match", Schema.string, "Entity tags, or *."),
      OpenAPI.requestHeader("If-Match", Schema.string, "Entity tags, or *."),
    ]
    operation.errors.append(Status.preconditionFailed.code)
    return operation
  }
}
