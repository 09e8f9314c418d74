import JSON
import Jobs

/// The results of the kinds of jobs. Everything follows from the kinds' declarations.
extension OpenAPI {
  /// `Result` and its variants: `TrainResult`, `RemoveResult`, …
  static var resultSchemas: JSONObject {
    var schemas = JSONObject()
    var all: [JSONValue] = []
    for kind in StandardJobs.kinds {
      let result = result(of: kind)
      let name = "\(schemaName(of: kind.name))Result"
      schemas = schemas.merging(result.named)
      schemas[name] = result.schema
      all.append(Schema.ref(name))
    }
    schemas["Result"] = Schema.described(
      ["anyOf": .array(all)], "By the kind of the job: TrainResult of train, and so on.")
    return schemas
  }

  /// The complete result of a job of this kind, as a client receives it.
  package static func result(of kind: JobKind) -> ResultObject { kind.result.adding(addedByTheService) }

  /// Members that `RunningJob.succeed` adds to the result of every run.
  private static let addedByTheService: [ResultMember] = [
    .always("artifacts", .list(.object(artifact)), "The arrays of the job, to be had by their names."),
    .always(
      "seconds",
      .object(
        ResultObject([.always("total", .size, unit: "seconds", "Of all phases.")], others: ("phase", .size))),
      unit: "seconds", "By phase, and the total."),
  ]

  private static let artifact = ResultObject([
    .always("name", .text, "Its name."),
    .always(
      "dtype", .choice(ArtifactElement.allCases.map(\.rawValue)), "The type of its elements, as in NumPy."),
    .always("shape", .list(.count), "Its shape."), .always("bytes", .count, unit: "bytes", "Its size."),
    .always("sha256", .text, "The SHA-256 of its file, in hexadecimal."),
  ])
}
