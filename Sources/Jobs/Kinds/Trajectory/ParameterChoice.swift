import JSON
import Network

/// Parameters that a request names one by one.
///
/// A parameter is named by its place in the vector of all tensors in PyTorch's order, or by a tensor and a
/// row-major place in the tensor.
public enum ParameterChoice: Hashable, Sendable {
  case index(Int)
  case tensor(String, indices: [Int])

  static let mostIndices = 10_000

  private static let places = Form<[Int]>.list(
    of: .index, atMost: mostIndices, empty: "must name at least one parameter")

  /// An index, or an object with `tensor` and `indices`.
  static let form = Form<ParameterChoice>(
    schema: Schema.anyOf(
      Form<Int>.index.schema,
      Schema.request([
        "tensor": Form<String>.text(maximumLength: 256).schema, "indices": places.schema,
      ])), words: "index, or object with `tensor` and `indices`",
    read: { value, pointer, faults in
      guard case .object = value else {
        return Form<Int>.index.read(value, pointer, faults).map(ParameterChoice.index)
      }
      let reader = FieldReader(value, at: pointer, faults: faults)
      defer { reader.finish() }
      let name = reader.requiredValue("tensor") == nil ? nil : reader.text("tensor", maximumLength: 256)
      let indices = reader.requiredValue("indices").flatMap {
        places.read($0, pointer.appending("indices"), faults)
      }
      guard let name, let indices else { return nil }
      return .tensor(name, indices: indices)
    },
    write: { choice in
      switch choice {
      case .index(let index): JSONValue(index)
      case .tensor(let name, let indices): ["tensor": .string(name), "indices": JSONValue(indices)]
      }
    })
}

/// A named parameter and its place in the engine.
struct NamedParameter: Hashable {
  let tensor: String
  /// The place in the tensor, row-major as in PyTorch.
  let place: Int
  /// The place in θ.
  let engineIndex: Int

  var json: JSONValue { ["tensor": .string(tensor), "index": JSONValue(place)] }
}

extension ParameterLayout {
  /// The named parameters in their order. A missing parameter is a fault.
  func parameters(
    _ choices: [ParameterChoice], at pointer: JSONPointer, _ faults: RequestFaults
  ) -> [NamedParameter] {
    let tensors = tensors.filter { $0.home == .parameters }
    var found: [NamedParameter] = []
    for (number, choice) in choices.enumerated() {
      let place = pointer.appending(number)
      switch choice {
      case .index(let index):
        guard index < parameterCount else {
          faults.add("must be between 0 and \(parameterCount - 1), got \(index)", at: place)
          continue
        }
        var start = 0
        for tensor in tensors {
          if index < start + tensor.count {
            found.append(named(tensor, index - start))
            break
          }
          start += tensor.count
        }
      case .tensor(let name, let indices):
        guard let tensor = tensors.first(where: { $0.name == name }) else {
          let names = FieldReader.words(tensors.prefix(20).map(\.name), joinedBy: "or")
          faults.add("must be \(names), got \"\(name)\"", at: place.appending("tensor"))
          continue
        }
        for (order, index) in indices.enumerated() {
          if index < tensor.count {
            found.append(named(tensor, index))
          } else {
            faults.add(
              "must be between 0 and \(tensor.count - 1), got \(index)",
              at: place.appending("indices").appending(order))
          }
        }
      }
    }
    if Set(found).count != found.count { faults.add("must name each parameter once", at: pointer) }
    return found
  }

  private func named(_ tensor: ParameterTensor, _ place: Int) -> NamedParameter {
    NamedParameter(
      tensor: tensor.name, place: place,
      engineIndex: tensor.offset + (tensor.engineOrder.map { $0[place] } ?? place))
  }
}
