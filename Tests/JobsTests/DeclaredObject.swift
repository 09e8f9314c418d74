import Datasets
import JSON
import Jobs
import Network
import Testing

/// An object that a client may write, as the program declares it: its members, and the reader that takes it.
struct DeclaredObject: Sendable, CustomTestStringConvertible {
  struct Reading: Sendable {
    /// Pointers are from the object.
    var faults: [RequestFault]
    /// The program's output for the value that it read; nil after a fault.
    var written: JSONValue?
  }

  let title: String
  let members: [FieldMember]
  /// Objects with all members that must be there, one for each way to fulfil the conditions.
  let starts: [JSONObject]
  let read: @Sendable (JSONValue) -> Reading

  var testDescription: String { title }

  private init(
    _ title: String, _ part: FormPart, tag: JSONObject = [:],
    read: @escaping @Sendable (JSONValue) -> Reading
  ) {
    self.title = title
    members = part.members
    self.read = read
    var base = tag
    for member in part.members where member.isRequired {
      base[member.name] = Example.value(of: member.schema)
    }
    let ways = part.conditions.flatMap(Example.completions)
    starts = ([base] + ways.map { base.merging($0) }).filter { read(.object($0)).faults.isEmpty }
  }

  /// Every object of the program, with the objects inside others.
  static let all: [DeclaredObject] = outer.flatMap(\.withInner)

  private var withInner: [DeclaredObject] { [self] + inner.flatMap(\.withInner) }

  private static let outer: [DeclaredObject] =
    StandardJobs.kinds.map { kind in
      DeclaredObject(
        kind.name, FormPart(JobBody.members + kind.members, conditions: kind.conditions),
        tag: ["kind": .string(kind.name)]
      ) { value in
        reading { () throws(RequestRejection) in try JobBody(value, kinds: StandardJobs.kinds).json }
      }
    } + [
      DeclaredObject(
        "model", FormPart(CreateModelRequest.fields.members(standard: .standard))
      ) { value in reading { () throws(RequestRejection) in try CreateModelRequest(value).json } },
      DeclaredObject(
        "data set", FormPart(CreateDatasetRequest.fields.members(standard: .standard))
      ) { value in reading { () throws(RequestRejection) in try CreateDatasetRequest(value).json } },
    ] + list("source", DatasetSource.form) + list("layer", LayerDescription.form)
    + list("node", NodeDescription.form)
    + list("architecture", ArchitectureRequest.form) + list("training", TrainingRecipe.form)
    + list("schedule", TrainingOptions.Schedule.form) + list("loss", Loss.form)
    + list("group", GroupChoice.form) + list("normalization", NormalizationChoice.form)
    + list("solver", SolverRequest.ofSolves) + list("update solver", SolverRequest.ofUpdates)
    + list("self solver", SolverRequest.ofSelfInfluence)

  private static func list<Value>(_ title: String, _ form: Form<Value>) -> [DeclaredObject] {
    form.parts.map { part in
      DeclaredObject(part.name.map { "\(title) \($0)" } ?? title, part) { value in
        reading { () throws(RequestRejection) in form.write(try form.value(of: value)) }
      }
    }
  }

  private static func reading(_ body: () throws(RequestRejection) -> JSONValue) -> Reading {
    do {
      return Reading(faults: [], written: try body())
    } catch {
      return Reading(faults: error.faults, written: nil)
    }
  }

  /// The objects that are values of its members and have no schema of their own. They are read as a part of
  /// it.
  private var inner: [DeclaredObject] {
    members.flatMap { member -> [DeclaredObject] in
      if JSONWriter.text(member.schema).contains("$ref") { return [] }
      let isList = Example.types(of: member.schema) == ["array"]
      let prefix = "/\(member.name)" + (isList ? "/0" : "")
      return member.parts.map { part in
        let title = "\(title), \(member.name)" + (part.name.map { " \($0)" } ?? "")
        return DeclaredObject(title, part) { [starts, read] value in
          let readings = starts.map { start -> Reading in
            var object = start
            object[member.name] = isList ? [value] : value
            var reading = read(.object(object))
            for place in reading.faults.indices
            where (reading.faults[place].pointer + "/").hasPrefix(prefix + "/") {
              reading.faults[place].pointer.removeFirst(prefix.count)
            }
            let written = reading.written?[member.name]
            reading.written = isList ? written?.arrayValue?.first : written
            return reading
          }
          // Some ways to write the outer object have no place for the member.
          return readings.min { $0.faults.count < $1.faults.count } ?? Reading(faults: [], written: nil)
        }
      }
    }
  }
}

/// Values that a schema accepts.
enum Example {
  /// Of schemas that have a name in the contract.
  private static let named: [String: JSONValue] = [
    "Group": ["class": 0], "Loss": "mse", "Architecture": "linear", "Layers": [["type": "relu"]],
    "Nodes": [["op": "relu", "name": "a", "inputs": ["input"]]],
    "Normalization": "none", "DatasetSource": ["format": "builtin", "name": "iris"], "Training": [:],
    "Schedule": "constant", "Solver": "cg", "UpdateSolver": "cg", "SelfSolver": "cg",
  ]

  private static func named(by schema: JSONValue) -> JSONValue? {
    (schema["$ref"]?.stringValue?.split(separator: "/").last).flatMap { named[String($0)] }
  }

  private static func alternatives(of schema: JSONValue) -> [JSONValue]? {
    schema["properties"] == nil ? (schema["anyOf"] ?? schema["oneOf"])?.arrayValue : nil
  }

  static func value(of schema: JSONValue) -> JSONValue? {
    if let named = named(by: schema) { return named }
    if let constant = schema["const"] { return constant }
    if let values = schema["enum"]?.arrayValue { return values.first { !$0.isNull } }
    if let schemas = alternatives(of: schema) { return schemas.lazy.compactMap(value).first }
    switch schema["type"]?.stringValue {
    case "boolean": return true
    case "string": return "a"
    case "integer": return schema["minimum"] ?? 0
    case "number": return .number(Bounds(schema)?.inside.first ?? 0)
    case "array":
      let items = schema["items"].flatMap(value).map { [$0] } ?? []
      return .array(Array(repeating: items, count: schema["minItems"]?.integerValue ?? 0).flatMap { $0 })
    case "object":
      let names = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
      return .object(
        JSONObject(names.compactMap { name in schema["properties"]?[name].flatMap(value).map { (name, $0) } })
      )
    default: return nil
    }
  }

  /// The members by which an object can fulfil a condition.
  static func completions(of condition: JSONValue) -> [JSONObject] {
    if let all = condition["allOf"]?.arrayValue {
      return all.reduce([[:]]) { objects, condition in
        let further = completions(of: condition)
        return objects.flatMap { object in further.map { object.merging($0) } }
      }
    }
    if let any = condition["anyOf"]?.arrayValue { return any.flatMap(completions) }
    var schema: JSONObject = ["type": "object"]
    schema = schema.merging(condition.objectValue ?? [:])
    return (value(of: .object(schema))?.objectValue).map { [$0] } ?? []
  }

  /// The types of JSON that a schema accepts.
  static func types(of schema: JSONValue) -> Set<String> {
    if schema["$ref"] != nil { return ["string", "array", "object"] }
    if let constant = schema["const"] { return [type(of: constant)] }
    if let values = schema["enum"]?.arrayValue { return Set(values.map(type)) }
    if let schemas = alternatives(of: schema) { return schemas.reduce([]) { $0.union(types(of: $1)) } }
    return Set([schema["type"]?.stringValue ?? "object"])
  }

  private static func type(of value: JSONValue) -> String {
    switch value {
    case .bool: "boolean"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    case .null: "null"
    default: "number"
    }
  }
}

/// The numbers next to the ends of a schema's range, inside and outside.
struct Bounds {
  var inside: [Double] = []
  var outside: [Double] = []
  let isInteger: Bool

  /// Nil unless the schema has exactly one alternative for numbers.
  init?(_ schema: JSONValue) {
    let alternatives = schema["anyOf"]?.arrayValue ?? [schema]
    let numbers = alternatives.filter { ["integer", "number"].contains($0["type"]?.stringValue) }
    guard let range = numbers.first, numbers.count == 1 else { return nil }
    isInteger = range["type"] == "integer"
    func step(_ value: Double, up: Bool) -> Double {
      isInteger ? value + (up ? 1 : -1) : (up ? value.nextUp : value.nextDown)
    }
    func bound(_ name: String, up: Bool, isExcluded: Bool) {
      guard let bound = range[name]?.doubleValue, bound < 0x1p53 else { return }
      inside.append(isExcluded ? step(bound, up: up) : bound)
      outside.append(isExcluded ? bound : step(bound, up: !up))
    }
    bound("minimum", up: true, isExcluded: false)
    bound("exclusiveMinimum", up: true, isExcluded: true)
    bound("maximum", up: false, isExcluded: false)
    bound("exclusiveMaximum", up: false, isExcluded: true)
  }

  func json(_ value: Double) -> JSONValue { isInteger ? JSONValue(Int(value)) : .number(value) }
}
