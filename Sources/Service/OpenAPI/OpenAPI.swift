import HTTP
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
            + "available as text/plain tables. A null member of a request counts as absent."),
      ],
      "servers": [["url": "/"]],
      "paths": .object(paths),
      "components": [
        "schemas": .object(requestSchemas.merging(answerSchemas)),
        "securitySchemes": ["bearer": ["type": "http", "scheme": "bearer"]],
      ],
    ]
    if token { document["security"] = [["bearer": []]] }
    return .object(document)
  }

  // MARK: Operations

  private struct Operation {
    var method: String
    var path: String
    var id: String
    var summary: String
    var query: [JSONValue] = []
    var headers: [JSONValue] = []
    var body: JSONValue?
    /// The answers that are no error.
    var answers: JSONObject
    /// The statuses of errors besides those that every operation has.
    var errors: [Int] = []
    var isOpen = false
  }

  private static var paths: JSONObject {
    var paths: JSONObject = [:]
    for operation in operations {
      var entry = paths[operation.path]?.objectValue ?? [:]
      entry[operation.method] = json(operation)
      if operation.method == "get" {
        var head = operation
        head.id = "head" + operation.id.prefix(1).uppercased() + operation.id.dropFirst()
        head.summary = "The headers of GET."
        head.answers = JSONObject(
          operation.answers.members.map { ($0.name, ["description": $0.value["description"] ?? ""]) })
        entry["head"] = json(head)
      }
      paths[operation.path] = .object(entry)
    }
    return paths
  }

  private static func json(_ operation: Operation) -> JSONValue {
    var parameters = operation.query + operation.headers
    for element in operation.path.split(separator: "/") where element.hasPrefix("{") {
      let name = String(element.dropFirst().dropLast())
      var schema = Schema.string
      if name == "split" { schema = Schema.choice(["train", "test"]) }
      parameters.append(["name": .string(name), "in": "path", "required": true, "schema": schema])
    }
    var responses = operation.answers
    // 400: a query or a head that is wrong; 405 and 406 come before the handler; 500 and 503 may come anywhere.
    let common = operation.isOpen ? [503] : [400, 401, 406, 500, 503]
    for status in Set(common + operation.errors).sorted() {
      responses[String(status)] = problem(Status(status).reason)
    }
    var object: JSONObject = [
      "operationId": .string(operation.id), "summary": .string(operation.summary),
      "parameters": .array(parameters), "responses": .object(responses),
    ]
    if let body = operation.body { object["requestBody"] = body }
    if operation.isOpen { object["security"] = [] }
    return .object(object)
  }

  private static func problem(_ description: String) -> JSONValue {
    [
      "description": .string(description),
      "content": ["application/problem+json": ["schema": Schema.ref("Problem")]],
    ]
  }

  private static func answer(_ description: String, _ schema: JSONValue, text: Bool = false) -> JSONValue {
    var content: JSONObject = ["application/json": ["schema": schema]]
    if text { content["text/plain"] = ["schema": Schema.string] }
    return ["description": .string(description), "content": .object(content)]
  }

  private static func made(_ description: String, _ schema: JSONValue) -> JSONValue {
    guard case .object(var object) = answer(description, schema) else { return .null }
    object["headers"] = ["Location": ["schema": Schema.string]]
    return .object(object)
  }

  private static func page(_ schema: String) -> JSONObject {
    guard
      case .object(var object) = answer(
        "Newest first.", Schema.answer(["items": Schema.array(Schema.ref(schema))]), text: true)
    else { return [:] }
    object["headers"] = [
      "Link": ["schema": Schema.string, "description": "The next page, rel=\"next\"."]
    ]
    return ["200": .object(object)]
  }

  private static func plain(_ description: String, _ type: String) -> JSONValue {
    ["description": .string(description), "content": .object([type: ["schema": Schema.string]])]
  }

  private static func jsonBody(_ schema: String) -> JSONValue {
    ["required": true, "content": ["application/json": ["schema": Schema.ref(schema)]]]
  }

  private static let blobBody: JSONValue = [
    "required": true, "content": ["application/octet-stream": [:]],
  ]

  private static let blob: JSONObject = [
    "200": ["description": "The whole blob.", "content": ["application/octet-stream": [:]]],
    "206": ["description": "A part of it.", "content": ["application/octet-stream": [:]]],
    "304": ["description": "The client has it."],
  ]

  private static func query(_ name: String, _ schema: JSONValue) -> JSONValue {
    ["name": .string(name), "in": "query", "schema": schema]
  }

  private static func header(_ name: String, _ schema: JSONValue = Schema.string) -> JSONValue {
    ["name": .string(name), "in": "header", "schema": schema]
  }

  private static var operations: [Operation] {
    let paging = [
      query("limit", Schema.integer(from: 1, to: 500, default: 50)),
      query("after", ["type": "string", "minLength": 1, "maxLength": 64]),
    ]
    let key = [header("Idempotency-Key", ["type": "string", "minLength": 1, "maxLength": 255])]
    let parts = [header("Range"), header("If-Range"), header("If-None-Match"), header("If-Match")]
    let bodyErrors = [409, 411, 413, 415, 422]
    let gone: JSONObject = ["204": ["description": "It is gone."]]
    let job = Schema.ref("Job")
    let model = Schema.ref("Model")
    let dataset = Schema.ref("Dataset")
    let checkpoint = Schema.ref("Checkpoint")
    let queued = made("The job, queued.", job)
    return [
      Operation(
        method: "get", path: "/v1", id: "service", summary: "What this service is and can do.",
        answers: ["200": answer("The service.", Schema.ref("Service"), text: true)]),
      Operation(
        method: "get", path: "/healthz", id: "health", summary: "Whether the process lives.",
        answers: ["200": plain("It does.", "text/plain")], isOpen: true),
      Operation(
        method: "get", path: "/readyz", id: "readiness", summary: "Whether jobs are taken.",
        answers: ["200": plain("They are.", "text/plain")], isOpen: true),
      Operation(
        method: "get", path: "/metrics", id: "metrics", summary: "Counters and gauges for Prometheus.",
        answers: ["200": plain("The text exposition format.", "text/plain")]),
      Operation(
        method: "get", path: "/openapi.json", id: "contract", summary: "This document.",
        answers: ["200": answer("OpenAPI 3.1.", ["type": "object"])]),

      Operation(
        method: "get", path: "/v1/datasets", id: "listDatasets", summary: "The data sets.", query: paging,
        answers: page("Dataset")),
      Operation(
        method: "post", path: "/v1/datasets", id: "createDataset", summary: "Makes a data set from a source.",
        headers: key, body: jsonBody("CreateDataset"),
        answers: [
          "200": made("Made before by a request with the same key.", dataset),
          "201": made("It is made.", dataset),
        ], errors: bodyErrors + [404, 507]),
      Operation(
        method: "get", path: "/v1/datasets/{name}", id: "dataset", summary: "One data set.",
        answers: ["200": answer("The data set.", dataset, text: true)], errors: [404]),
      Operation(
        method: "delete", path: "/v1/datasets/{name}", id: "deleteDataset",
        summary: "Deletes one that is not used.",
        answers: gone, errors: [404, 409]),
      Operation(
        method: "get", path: "/v1/datasets/{name}/{split}/{part}", id: "sample",
        summary: "One sample; part is its index.",
        answers: [
          "200": [
            "description": "Its label and values as the network sees them, or a picture.",
            "content": [
              "application/json": ["schema": Schema.ref("Sample")], "image/png": [:],
              "text/plain": ["schema": Schema.string],
            ],
          ]
        ], errors: [404, 409, 422]),
      Operation(
        method: "put", path: "/v1/datasets/{name}/{split}/{part}", id: "uploadArray",
        summary: "Uploads an .npy array; part is inputs or labels. The first makes the set.",
        query: [query("classes", Schema.integer(from: 2, to: 100_000))], body: blobBody,
        answers: ["200": made("The array is kept.", dataset), "201": made("The set is made.", dataset)],
        errors: bodyErrors + [404, 507]),

      Operation(
        method: "get", path: "/v1/models", id: "listModels", summary: "The models.", query: paging,
        answers: page("Model")),
      Operation(
        method: "post", path: "/v1/models", id: "createModel",
        summary: "Makes a model, and trains it if asked to.",
        headers: key, body: jsonBody("CreateModel"),
        answers: [
          "200": made("Made before by a request with the same key.", Schema.anyOf(model, job)),
          "201": made("The model with its initial weights.", model),
          "202": made("The job that trains it.", job),
        ], errors: bodyErrors + [404, 429, 507]),
      Operation(
        method: "get", path: "/v1/models/{name}", id: "model", summary: "One model.",
        answers: ["200": answer("The model.", model, text: true)], errors: [404]),
      Operation(
        method: "delete", path: "/v1/models/{name}", id: "deleteModel",
        summary: "Deletes one that no job uses, with its checkpoints.", answers: gone, errors: [404, 409]),
      Operation(
        method: "get", path: "/v1/models/{name}/checkpoints", id: "listCheckpoints",
        summary: "Its checkpoints.",
        query: paging, answers: page("Checkpoint"), errors: [404]),
      Operation(
        method: "get", path: "/v1/models/{name}/weights", id: "latestWeights",
        summary: "The weights of the latest checkpoint that is not an edited one, as safetensors.",
        headers: parts,
        answers: blob, errors: [404, 409, 412, 416]),
      Operation(
        method: "put", path: "/v1/models/{name}/weights", id: "uploadWeights",
        summary: "Uploads safetensors as a new checkpoint.", body: blobBody,
        answers: ["201": made("The checkpoint.", checkpoint)], errors: bodyErrors + [404, 507]),
      Operation(
        method: "get", path: "/v1/checkpoints/{id}", id: "checkpoint", summary: "One checkpoint.",
        answers: ["200": answer("The checkpoint.", checkpoint, text: true)], errors: [404]),
      Operation(
        method: "delete", path: "/v1/checkpoints/{id}", id: "deleteCheckpoint",
        summary: "Deletes one that no job uses.", answers: gone, errors: [404, 409]),
      Operation(
        method: "get", path: "/v1/checkpoints/{id}/weights", id: "weights",
        summary: "Its weights as safetensors.",
        headers: parts, answers: blob, errors: [404, 412, 416]),

      Operation(
        method: "get", path: "/v1/jobs", id: "listJobs", summary: "The jobs.",
        query: [
          query("state", Schema.choice(["queued", "running", "succeeded", "failed", "cancelled"])),
          query("kind", Schema.string), query("model", Schema.string),
        ] + paging, answers: page("JobSummary")),
      Operation(
        method: "post", path: "/v1/jobs", id: "createJob", summary: "Queues a job.", headers: key,
        body: jsonBody("JobRequest"),
        answers: ["200": made("Queued before by a request with the same key.", job), "202": queued],
        errors: bodyErrors + [404, 429, 507]),
      Operation(
        method: "get", path: "/v1/jobs/{id}", id: "job", summary: "One job, or its end.",
        query: [
          Schema.described(
            query("wait", Schema.integer(from: 0)), "Seconds to wait for its end; 300 at most.")
        ],
        answers: ["200": answer("The job.", job, text: true)], errors: [404]),
      Operation(
        method: "delete", path: "/v1/jobs/{id}", id: "deleteJob",
        summary: "Deletes an ended job with its artifacts.",
        answers: gone, errors: [404, 409]),
      Operation(
        method: "post", path: "/v1/jobs/{id}/cancel", id: "cancelJob", summary: "Cancels a job.",
        answers: ["202": answer("The job.", job)], errors: [404, 409]),
      Operation(
        method: "get", path: "/v1/jobs/{id}/result", id: "result", summary: "The result alone.",
        answers: ["200": answer("The result.", Schema.ref("Result"), text: true)], errors: [404, 409]),
      Operation(
        method: "get", path: "/v1/jobs/{id}/artifacts/{name}", id: "artifact",
        summary: "A large array of the result.",
        headers: parts, answers: blob, errors: [404, 412, 416]),
      Operation(
        method: "get", path: "/v1/jobs/{id}/events", id: "events",
        summary: "Progress and states as they come.",
        headers: [header("Last-Event-ID")],
        answers: ["200": plain("Events progress and state, until the job has ended.", "text/event-stream")],
        errors: [404]),
    ]
  }
}
