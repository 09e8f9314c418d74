import JSON
import Jobs

extension OpenAPI {
  /// `JobRequest` and its variants: `TrainJob`, `RemoveJob`, … Each follows from the kind's fields.
  static var jobSchemas: JSONObject {
    let kinds = StandardJobs.kinds
    var schemas = JSONObject(kinds.map { (schemaName(of: $0.name) + "Job", schema(of: $0)) })
    schemas["JobRequest"] = [
      "oneOf": .array(kinds.map { Schema.ref(schemaName(of: $0.name) + "Job") }),
      "discriminator": [
        "propertyName": "kind",
        "mapping": .object(
          JSONObject(
            kinds.map { ($0.name, .string("#/components/schemas/\(schemaName(of: $0.name))Job")) })),
      ],
    ]
    return schemas
  }

  /// `domain_mismatch` becomes `DomainMismatch`.
  static func schemaName(of kind: String) -> String {
    kind.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private static func schema(of kind: JobKind) -> JSONValue {
    let name = FieldMember(
      "kind", schema: Schema.constant(kind.name), words: "`\(kind.name)`", isRequired: true, "")
    return Schema.request(
      [name] + JobBody.members + kind.members, conditions: kind.conditions,
      kind.details.isEmpty ? kind.summary : kind.details)
  }
}
