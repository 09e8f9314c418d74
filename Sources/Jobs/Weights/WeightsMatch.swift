import Formats
import JSON
import Network

/// Matches the tensors of a file to those of a network, or lists every reason why the file does not fit. Many
/// faults with one cause become one sentence.
struct WeightsMatch {
  /// The network's tensors in the file's order.
  private(set) var tensors: [ParameterTensor] = []
  private(set) var notes: [String] = []

  private typealias Entry = SafetensorsHeader.Tensor
  private static let floating: Set<SafetensorsHeader.DType> = [.float16, .bfloat16, .float32, .float64]
  private static let countable = floating.union([
    .uint8, .int8, .int16, .uint16, .int32, .uint32, .int64, .uint64,
  ])
  /// The most names that a fault lists.
  private static let mostListed = 80

  /// - Throws: `RequestRejection` with every fault.
  init(_ header: SafetensorsHeader, _ layout: ParameterLayout) throws(RequestRejection) {
    let names = WeightsNames(header.tensors.map(\.name), layout)
    let faults = RequestFaults()
    if let fault = names.fault { faults.add(fault, at: .root) }
    if let note = names.note { notes.append(note) }
    var seen: Set<String> = []
    var unknown: [Entry] = []
    var pairs: [(Entry, ParameterTensor)] = []
    for (entry, tensor) in zip(header.tensors, names.tensors) {
      guard let tensor else {
        unknown.append(entry)
        continue
      }
      guard seen.insert(tensor.name).inserted else {
        faults.add("is given twice, under two names", at: Self.pointer(entry.name))
        continue
      }
      pairs.append((entry, tensor))
      tensors.append(tensor)
    }
    let missing = layout.tensors.filter { !seen.contains($0.name) && !$0.kind.isWhole }
    if unknown.count > 2, missing.count > 2, unknown.count * 2 >= header.tensors.count {
      faults.add(Self.otherNames(unknown, missing, header, layout), at: .root)
    } else {
      Self.addUnknown(unknown, layout, to: faults)
      Self.addMissing(missing, header, names.prefix, isAlone: unknown.isEmpty, to: faults)
    }
    Self.addShapes(pairs, to: faults)
    Self.addTypes(pairs, to: faults)
    try faults.throwIfAny()
  }

  private static func pointer(_ name: String) -> JSONPointer { JSONPointer.root.appending(name) }

  /// `'a', 'b' and 3 more`; names of any length are cut.
  private static func listed(_ names: [String], most: Int = 4) -> String {
    let shown = names.prefix(most).map { "'\($0.prefix(120))'" }.joined(separator: ", ")
    return names.count > most ? "\(shown) and \(names.count - most) more" : shown
  }

  // MARK: Names

  private static func addUnknown(_ unknown: [Entry], _ layout: ParameterLayout, to faults: RequestFaults) {
    let names = layout.tensors.map(\.name)
    for entry in unknown {
      guard !faults.isFull else {
        // Faults beyond the limit are only counted, so no similar name is searched for.
        faults.add("", at: .root)
        continue
      }
      let suggestion = Spelling.suggestion(for: entry.name, among: names)
      faults.add("is not a tensor of this network\(suggestion)", at: pointer(entry.name))
    }
  }

  private static func addMissing(
    _ missing: [ParameterTensor], _ header: SafetensorsHeader, _ prefix: String, isAlone: Bool,
    to faults: RequestFaults
  ) {
    let all = "safetensors.torch.save_file({k: v.clone() for k, v in model.state_dict().items()}, FILE)"
    for tensor in missing {
      // safetensors.torch.save_model leaves shared tensors out and notes each with the tensor that it kept.
      if let kept = header.metadata[tensor.name] ?? header.metadata[prefix + tensor.name] {
        faults.add(
          "is missing: the file says that it is the same tensor as '\(kept)' (save_model writes tied weights once); "
            + "write it out as well: \(all)", at: pointer(tensor.name))
      } else {
        let hint =
          isAlone && missing.count < 3
          ? "; if it is tied to another tensor, write it out as well: \(all)" : ""
        faults.add("is missing; it must have the shape \(tensor.shape)\(hint)", at: pointer(tensor.name))
      }
    }
  }

  /// The sentence for a file whose layers have other names.
  private static func otherNames(
    _ unknown: [Entry], _ missing: [ParameterTensor], _ header: SafetensorsHeader, _ layout: ParameterLayout
  ) -> String {
    let own = layout.tensors.filter { !$0.kind.isWhole }
    let shown = own.prefix(mostListed).map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
    let rest = own.count > mostListed ? " and \(own.count - mostListed) more" : ""
    func sorted(_ shapes: [[Int]]) -> [[Int]] { shapes.sorted { $0.lexicographicallyPrecedes($1) } }
    let counters = Set(layout.tensors.filter { $0.kind == .batchesTracked }.map(\.shape))
    let weights = unknown.filter {
      !($0.name.hasSuffix("num_batches_tracked") && counters.contains($0.shape))
    }
    let same = sorted(weights.map(\.shape)) == sorted(missing.map(\.shape))
    let advice =
      same
      ? "the shapes are the same, so only the names differ: rename the keys of the state dict"
      : "the shapes differ too, so look at the layers of both networks first"
    return
      "has other names than the network: \(unknown.count) of its \(header.tensors.count) tensors are not of this "
      + "network (\(listed(unknown.map(\.name)))), and \(missing.count) of the network's are missing; \(advice). "
      + "The network's tensors: \(shown)\(rest)"
  }

  // MARK: Shapes

  private static func addShapes(_ pairs: [(Entry, ParameterTensor)], to faults: RequestFaults) {
    let wrong = pairs.filter { $0.shape != $1.shape }
    func isTransposed(_ entry: Entry, _ tensor: ParameterTensor) -> Bool {
      tensor.shape.count == 2 && entry.shape == tensor.shape.reversed()
    }
    // Keras and JAX store kernels with the channels last.
    func isChannelsLast(_ entry: Entry, _ tensor: ParameterTensor) -> Bool {
      let shape = tensor.shape
      return shape.count == 4 && entry.shape == [shape[2], shape[3], shape[1], shape[0]]
    }
    let causes: [(applies: (Entry, ParameterTensor) -> Bool, cause: String)] = [
      (
        isTransposed,
        "transposed: the shape is (outputs, inputs) as in PyTorch, so send tensor.T.contiguous()"
      ),
      (
        isChannelsLast,
        "kernels in the order height, width, inputs, outputs: send tensor.permute(3, 2, 0, 1).contiguous()"
      ),
    ]
    var explained: Set<String> = []
    for (applies, cause) in causes {
      let group = wrong.filter(applies)
      guard group.count > 1, let (entry, tensor) = group.first else { continue }
      explained.formUnion(group.map(\.0.name))
      faults.add(
        "has \(group.count) tensors that are \(cause); '\(entry.name)' must have the shape \(tensor.shape), "
          + "got \(entry.shape), and so on for \(listed(group.dropFirst().map(\.0.name)))", at: .root)
    }
    for (entry, tensor) in wrong where !explained.contains(entry.name) {
      let cause = causes.first { $0.applies(entry, tensor) }.map { "; it is \($0.cause)" } ?? ""
      faults.add("must have the shape \(tensor.shape), got \(entry.shape)\(cause)", at: pointer(entry.name))
    }
  }

  // MARK: Types

  private static func addTypes(_ pairs: [(Entry, ParameterTensor)], to faults: RequestFaults) {
    let wrong = pairs.filter { entry, tensor in
      !(tensor.kind.isWhole ? countable : floating).contains(entry.dtype)
    }
    for type in SafetensorsHeader.DType.allCases {
      let group = wrong.filter { $0.0.dtype == type }
      guard let (entry, tensor) = group.first else { continue }
      guard group.count > 1 else {
        let (words, advice) =
          tensor.kind.isWhole
          ? ("I64", "tensor.long()") : ("F32, F64, F16 or BF16", "tensor.float()")
        faults.add(
          "must have elements of type \(words), got \(type.rawValue): send \(advice)", at: pointer(entry.name)
        )
        continue
      }
      faults.add(
        "has \(group.count) tensors of type \(type.rawValue) (\(listed(group.map(\.0.name)))); weights are F32, F64, "
          + "F16 or BF16: send {k: v.float() for k, v in state.items()}, and dequantize what is quantized",
        at: .root)
    }
  }
}
