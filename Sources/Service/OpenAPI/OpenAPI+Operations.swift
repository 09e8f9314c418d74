import Datasets
import HTTP
import JSON
import Jobs

extension OpenAPI {
  /// One method of one path.
  struct Operation {
    var method: String
    var path: String
    var id: String
    var summary: String
    /// Parameters in the path that are not names of resources.
    var pathParameters: JSONObject = [:]
    var query: [JSONValue] = []
    var headers: [JSONValue] = []
    var body: JSONValue?
    /// The successful answers.
    var answers: JSONObject
    /// Statuses of errors besides the common errors of the operation's kind.
    var errors: [Int] = []
    /// Whether the operation heeds `Accept`.
    var negotiates = true
    /// Whether the operation is served without a token.
    var isOpen = false
  }

  /// Every operation. The caching of an answer comes from its route.
  static func paths(token: Bool) -> JSONObject {
    var paths: JSONObject = [:]
    let caching = Dictionary(
      uniqueKeysWithValues: RouteTable.service.routes.map {
        ("\($0.method.rawValue.lowercased()) \($0.pattern)", $0.handler.caching)
      })
    for operation in operations {
      let operation = operation.validated(caching["\(operation.method) \(operation.path)"] ?? .never)
      var entry = paths[operation.path]?.objectValue ?? [:]
      entry[operation.method] = json(operation, token: token)
      if operation.method == "get" {
        var head = operation
        head.id = "head" + operation.id.prefix(1).uppercased() + operation.id.dropFirst()
        head.summary = "The headers of GET."
        head.answers = JSONObject(
          operation.answers.members.map { member in
            var answer = member.value.objectValue ?? [:]
            answer["content"] = nil
            answer["links"] = nil
            return (member.name, .object(answer))
          })
        entry["head"] = json(head, token: token)
      }
      paths[operation.path] = .object(entry)
    }
    return paths
  }

  private static func json(_ operation: Operation, token: Bool) -> JSONValue {
    var parameters = operation.query + operation.headers
    for element in operation.path.split(separator: "/") where element.hasPrefix("{") {
      let name = String(element.dropFirst().dropLast())
      let schema = operation.pathParameters[name] ?? standardPathParameters[name] ?? Schema.string
      parameters.append(["name": .string(name), "in": "path", "required": true, "schema": schema])
    }
    var statuses = commonErrors + operation.errors
    if token, !operation.isOpen { statuses.append(401) }
    if operation.negotiates { statuses.append(406) }
    if !["get", "head"].contains(operation.method) { statuses += changeErrors }
    if operation.body != nil { statuses += bodyErrors }
    if operation.path.contains("{") { statuses.append(404) }
    var responses = operation.answers
    for status in Set(statuses).sorted() { responses[String(status)] = problem(status) }
    var object: JSONObject = [
      "operationId": .string(operation.id), "summary": .string(operation.summary),
      "parameters": .array(parameters), "responses": .object(responses),
    ]
    if let body = operation.body { object["requestBody"] = body }
    if operation.isOpen { object["security"] = [] }
    return .object(object)
  }

  private static var standardPathParameters: JSONObject {
    ["name": Schema.name, "id": Schema.id, "split": Schema.choice(["train", "test"])]
  }

  private static func jsonBody(_ schema: String) -> JSONValue {
    ["required": true, "content": ["application/json": ["schema": Schema.ref(schema)]]]
  }

  private static let blobBody: JSONValue = [
    "required": true, "content": ["application/octet-stream": [:]],
  ]

  private static func query(_ name: String, _ schema: JSONValue, _ description: String = "") -> JSONValue {
    var object: JSONObject = ["name": .string(name), "in": "query", "schema": schema]
    if !description.isEmpty { object["description"] = .string(description) }
    return .object(object)
  }

  static func requestHeader(_ name: String, _ schema: JSONValue, _ description: String) -> JSONValue {
    [
      "name": .string(name), "in": "header", "schema": schema, "description": .string(description),
    ]
  }

  private static var key: [JSONValue] {
    [
      requestHeader(
        "Idempotency-Key",
        [
          "type": "string", "minLength": 1, "maxLength": 255,
          "pattern": "^[!-~]([ -~]{0,253}[!-~])?$",
        ],
        "For 24 hours the same key and JSON, in whatever order of members, answer what the first request made, and the same key with other JSON is 422."
      )
    ]
  }

  private static var parts: [JSONValue] {
    [
      requestHeader("Range", Schema.string, "RFC 9110 §14.2; several ranges and other units count as none."),
      requestHeader("If-Range", Schema.string, "An entity tag; Range counts only where it is the blob's."),
    ]
  }

  private static let gone: JSONObject = ["204": ["description": "It is gone."]]
  private static let notKept = 507

  private static var operations: [Operation] {
    serviceOperations + datasetOperations + modelOperations + checkpointOperations + jobOperations
  }

  private static var paging: [JSONValue] {
    [
      query("limit", Schema.integer(from: 1, to: 500, default: 50), "Items a page."),
      query("after", Schema.id, "Items after this one; `Link` has it."),
    ]
  }

  // MARK: The service

  private static var serviceOperations: [Operation] {
    [
      Operation(
        method: "get", path: "/v1", id: "service", summary: "What this service is and can do.",
        answers: ["200": answer("The service.", Schema.ref("Service"), text: true)]),
      Operation(
        method: "get", path: "/healthz", id: "health", summary: "Whether the process lives.",
        answers: ["200": plain("It does.", "text/plain")], negotiates: false, isOpen: true),
      Operation(
        method: "get", path: "/readyz", id: "readiness", summary: "Whether jobs are taken.",
        answers: ["200": plain("They are.", "text/plain")], negotiates: false, isOpen: true),
      Operation(
        method: "get", path: "/metrics", id: "metrics", summary: "Counters and gauges for Prometheus.",
        answers: ["200": plain("The text exposition format.", "text/plain")], negotiates: false),
      Operation(
        method: "get", path: "/openapi.json", id: "contract", summary: "This document.",
        answers: ["200": answer("OpenAPI 3.1.", ["type": "object"])], negotiates: false),
      Operation(
        method: "get", path: "/guide", id: "guide", summary: "The pages of the guide.",
        answers: ["200": guidePage("The list of pages.")], isOpen: true),
      Operation(
        method: "get", path: "/guide/{page}", id: "guidePage",
        summary: "One page of the guide; with .md at its end always as Markdown.",
        pathParameters: ["page": ["type": "string", "pattern": "^[a-z-]+(\\.md)?$"]],
        answers: ["200": guidePage("The page.")], isOpen: true),
    ]
  }

  /// Markdown by default, HTML for browsers.
  private static func guidePage(_ description: String) -> JSONValue {
    let text: JSONValue = ["schema": Schema.string]
    return [
      "description": .string(description),
      "content": ["text/markdown": text, "text/plain": text, "text/html": text],
    ]
  }

  // MARK: Data sets

  private static var datasetOperations: [Operation] {
    let dataset = Schema.ref("Dataset")
    let next = ["dataset", "deleteDataset"]
    return [
      Operation(
        method: "get", path: "/v1/datasets", id: "listDatasets", summary: "The data sets.", query: paging,
        answers: page("Dataset")),
      Operation(
        method: "post", path: "/v1/datasets", id: "createDataset", summary: "Makes a data set from a source.",
        headers: key, body: jsonBody("CreateDataset"),
        answers: [
          "200": made("Made before by a request with the same key.", dataset),
          "201": linked(made("It is made.", dataset), "name", "/name", next),
        ], errors: [404, 409, notKept], negotiates: false),
      Operation(
        method: "get", path: "/v1/datasets/{name}", id: "dataset", summary: "One data set.",
        answers: ["200": answer("The data set.", dataset, text: true)]),
      Operation(
        method: "delete", path: "/v1/datasets/{name}", id: "deleteDataset",
        summary: "Deletes one that no model, job or derived set uses.", answers: gone, errors: [409],
        negotiates: false),
      Operation(
        method: "get", path: "/v1/datasets/{name}/{split}/{part}", id: "sample",
        summary: "One sample; part is its index.",
        pathParameters: ["part": ["type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"]],
        answers: [
          "200": [
            "description": "Its label and values as the network sees them, or a picture.",
            "content": [
              "application/json": ["schema": Schema.ref("Sample")], "image/png": [:],
              "text/plain": ["schema": Schema.string],
            ],
          ]
        ], errors: [409, 422]),
      Operation(
        method: "put", path: "/v1/datasets/{name}/{split}/{part}", id: "uploadArray",
        summary:
          "Uploads an .npy array. The first one makes the set, unless it was posted as an upload; until train has both it "
          + "cannot be used. Bytes (uint8) are scaled to 0…1.",
        pathParameters: ["part": Schema.choice(["inputs", "labels"])],
        query: [
          query(
            "classes", Schema.integer(from: 2, to: 100_000),
            "Of labels alone: how many, where the largest label does not tell."),
          query(
            "class_names", Schema.queryText,
            "Of labels alone: the names of the classes in order, separated by commas."),
          query(
            "kind", Schema.choice(ArrayTargetKind.allCases.map(\.rawValue)),
            "Of labels alone: whether they are classes or values; by default integers are classes."),
          query(
            "normalization", Schema.queryText,
            "Of train/inputs alone: none, standardize, or the JSON object that a source has."),
        ], body: blobBody,
        answers: [
          "200": made("The array is kept; the same array sent again changes nothing.", dataset),
          "201": made("The set is made.", dataset),
        ],
        errors: [409, notKept], negotiates: false),
    ]
  }

  // MARK: Models and checkpoints

  private static var modelOperations: [Operation] {
    let model = Schema.ref("Model")
    let job = Schema.ref("Job")
    let next = ["model", "deleteModel", "listCheckpoints", "latestWeights"]
    return [
      Operation(
        method: "get", path: "/v1/models", id: "listModels", summary: "The models.", query: paging,
        answers: page("Model")),
      Operation(
        method: "post", path: "/v1/models", id: "createModel",
        summary: "Makes a model, and trains it if asked to.",
        headers: key, body: jsonBody("CreateModel"),
        answers: [
          "200": made("Made before by a request with the same key.", Schema.anyOf(model, job)),
          "201": linked(made("The model with its initial weights.", model), "name", "/name", next),
          "202": linked(made("The job that trains it.", job), "id", "/id", ["job", "events", "cancelJob"]),
        ], errors: [404, 409, 429, notKept], negotiates: false),
      Operation(
        method: "get", path: "/v1/models/{name}", id: "model", summary: "One model.",
        answers: ["200": answer("The model.", model, text: true)]),
      Operation(
        method: "delete", path: "/v1/models/{name}", id: "deleteModel",
        summary: "Deletes one that no job uses, with its checkpoints.", answers: gone, errors: [409],
        negotiates: false),
      Operation(
        method: "get", path: "/v1/models/{name}/checkpoints", id: "listCheckpoints",
        summary: "Its checkpoints.", query: paging, answers: page("Checkpoint")),
      Operation(
        method: "get", path: "/v1/models/{name}/weights", id: "latestWeights",
        summary: "The weights of the latest checkpoint that is not an edited one, as safetensors.",
        headers: parts, answers: blob, errors: [409, 416], negotiates: false),
      Operation(
        method: "put", path: "/v1/models/{name}/weights", id: "uploadWeights",
        summary:
          "Uploads safetensors as a new checkpoint, which is taken for trained by the recipe that the model has now, if any.",
        body: blobBody,
        answers: [
          "200": made(
            "The same body has made this checkpoint, and it is the latest.", Schema.ref("Checkpoint")),
          "201": linked(
            made("The checkpoint.", Schema.ref("Checkpoint")), "id", "/id",
            ["checkpoint", "weights", "deleteCheckpoint"]),
        ], errors: [409, notKept], negotiates: false),
    ]
  }

  private static var checkpointOperations: [Operation] {
    [
      Operation(
        method: "get", path: "/v1/checkpoints/{id}", id: "checkpoint", summary: "One checkpoint.",
        answers: ["200": answer("The checkpoint.", Schema.ref("Checkpoint"), text: true)]),
      Operation(
        method: "delete", path: "/v1/checkpoints/{id}", id: "deleteCheckpoint",
        summary: "Deletes one that no job uses.", answers: gone, errors: [409], negotiates: false),
      Operation(
        method: "get", path: "/v1/checkpoints/{id}/weights", id: "weights",
        summary: "Its weights as safetensors.",
        headers: parts, answers: blob, errors: [416], negotiates: false),
    ]
  }

  // MARK: Jobs

  private static var jobOperations: [Operation] {
    let job = Schema.ref("Job")
    let next = ["job", "events", "result", "cancelJob", "deleteJob"]
    let event = Schema.answer(
      [
        "id": ["type": "string", "pattern": "^[0-9]+$"], "event": Schema.choice(["progress", "state"]),
        "data": ["type": "string", "contentMediaType": "application/json"],
      ])
    return [
      Operation(
        method: "get", path: "/v1/jobs", id: "listJobs", summary: "The jobs.",
        query: [
          query("state", Schema.choice(["queued", "running", "succeeded", "failed", "cancelled"])),
          query("kind", Schema.choice(StandardJobs.kinds.map(\.name))), query("model", Schema.name),
        ] + paging, answers: page("JobSummary")),
      Operation(
        method: "post", path: "/v1/jobs", id: "createJob", summary: "Queues a job.", headers: key,
        body: jsonBody("JobRequest"),
        answers: [
          "200": made("Queued before by a request with the same key.", job),
          "202": linked(made("The job, queued.", job), "id", "/id", next),
        ], errors: [404, 409, 429, notKept], negotiates: false),
      Operation(
        method: "get", path: "/v1/jobs/{id}", id: "job", summary: "One job, or its end.",
        query: [
          query(
            "wait", Schema.integer(from: 0, to: Int(Int32.max), default: 0),
            "Seconds to wait for its end; 300 at most.")
        ], answers: ["200": answer("The job.", job, text: true)]),
      Operation(
        method: "delete", path: "/v1/jobs/{id}", id: "deleteJob",
        summary: "Deletes an ended job with its artifacts.", answers: gone, errors: [409], negotiates: false),
      Operation(
        method: "post", path: "/v1/jobs/{id}/cancel", id: "cancelJob",
        summary: "Cancels a job; one that has ended otherwise is 409.", headers: key,
        answers: [
          "200": answer("Cancelled before by a request with the same key.", job),
          "202": answer("The job.", job),
        ], errors: [409, 422], negotiates: false),
      Operation(
        method: "get", path: "/v1/jobs/{id}/result", id: "result", summary: "The result alone.",
        answers: ["200": answer("The result.", Schema.ref("Result"), text: true)], errors: [409]),
      Operation(
        method: "get", path: "/v1/jobs/{id}/artifacts/{name}", id: "artifact",
        summary: "A large array of the result.",
        pathParameters: ["name": ["type": "string", "pattern": "^[a-z0-9_-]{1,64}\\.npy$"]],
        headers: parts, answers: blob, errors: [416], negotiates: false),
      Operation(
        method: "get", path: "/v1/jobs/{id}/events", id: "events",
        summary: "Progress and states as they come, until the job has ended.",
        headers: [
          requestHeader(
            "Last-Event-ID", Schema.integer(from: 0, to: .max), "Only events after this one are sent.")
        ],
        answers: [
          "200": [
            "description": "Server-sent events; the schema is that of each.",
            "content": ["text/event-stream": ["schema": event]],
          ],
          "204": ["description": "The job has ended, and there is no event after Last-Event-ID."],
        ]),
    ]
  }
}
