import JSON
import Network
import Testing

/// Lists of layers and graphs of nodes whose options are drawn from the declarations of all operations, with a liking
/// for the ends of ranges. So a new operation is tried as soon as it is listed.
@Suite struct RandomLayersTests {
  private struct Draw {
    var chance: GraphMutationTests.SystemlessGenerator

    mutating func pick<Value>(_ values: [Value]) -> Value { values[chance.next(below: values.count)] }

    /// A value of a schema.
    mutating func value(_ schema: JSONValue) -> JSONValue {
      for key in ["anyOf", "oneOf"] {
        if let choices = schema[key]?.arrayValue { return value(pick(choices)) }
      }
      if let constant = schema["const"] { return constant }
      if let choices = schema["enum"]?.arrayValue { return pick(choices) }
      let types = schema["type"]?.arrayValue ?? schema["type"].map { [$0] } ?? []
      switch types.isEmpty ? nil : pick(types).stringValue {
      case "integer":
        let (low, high) = (schema["minimum"]?.integerValue ?? -9, schema["maximum"]?.integerValue ?? 9)
        return JSONValue(min(high, max(low, pick([low, low + 1, low + 3, 0, 1, 2, 4, high]))))
      case "number": return pick([0, 0.5, 1, 2, -1, .number(1e-5), .number(1e300)])
      case "boolean": return .bool(chance.next(below: 2) == 0)
      case "array":
        let least = schema["minItems"]?.integerValue ?? 0
        let count = min(pick([least, least + 1, 2, 3]), schema["maxItems"]?.integerValue ?? 9)
        return .array((0..<count).map { _ in value(schema["items"] ?? ["type": "integer"]) })
      case "string": return "input"
      default: return .null
      }
    }

    /// A layer or a node, without the members that say where it stands.
    mutating func layer(_ schemas: [JSONValue]) -> JSONObject {
      let schema = pick(schemas)
      let required = schema["required"]?.arrayValue ?? []
      var layer = JSONObject()
      for member in schema["properties"]?.objectValue?.members ?? [] {
        if ["name", "inputs", "tensors", "trainable", "layers", "shortcut"].contains(member.name) {
          continue
        }
        if required.contains(.string(member.name)) || chance.next(below: 3) == 0 {
          layer[member.name] = value(member.value)
        }
      }
      return layer
    }

    mutating func layers() -> JSONValue {
      let schemas = LayerDescription.form.schema["oneOf"]?.arrayValue ?? []
      return ["layers": .array((0..<1 + chance.next(below: 4)).map { _ in .object(layer(schemas)) })]
    }

    mutating func graph() -> JSONValue {
      let schemas = NodeDescription.form.schema["oneOf"]?.arrayValue ?? []
      let names = (0..<1 + chance.next(below: 5)).map { "n\($0)" }
      let nodes = names.enumerated().map { place, name in
        var node = layer(schemas)
        node["name"] = .string(name)
        let known = ["input"] + names[..<place]
        node["inputs"] = .array((0..<pick([1, 1, 1, 2, 2, 3])).map { _ in .string(pick(known)) })
        return JSONValue.object(node)
      }
      return ["nodes": .array(nodes), "outputs": [.string(names[names.count - 1])]]
    }
  }

  @Test(arguments: 0..<8) func drawnNetworksGiveFaultsOrNetworks(_ seed: UInt64) throws {
    var draw = Draw(chance: .init(state: 7 &+ seed))
    var accepted = 0
    for turn in 0..<1500 {
      let text = JSONWriter.bytes(turn % 2 == 0 ? draw.layers() : draw.graph())
      do {
        accepted += try checkGraph(text)
      } catch let finding as Finding {
        Issue.record("\(String(decoding: text, as: UTF8.self)): \(finding)")
      }
    }
    #expect(accepted > 0)
  }
}
