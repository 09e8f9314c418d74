import Formats
import Foundation
import Network
import Tensor

/// Reads a safetensors body into a network's state as it arrives, holding the state and one tensor.
///
/// Names, shapes and element types must be those of the network, and every mismatch is listed. F32 is widened into a
/// float64 model; `num_batches_tracked` may be absent.
public struct WeightsReader<Element: Scalar> {
  private let layout: ParameterLayout
  private let tensors: [String: ParameterTensor]
  private var reader = SafetensorsReader()
  private var isChecked = false
  /// Of the network's size once the header was found to be right, of none before: a head alone takes no memory.
  private var state = NetworkState<Element>(parameters: [], statistics: [], counters: [])
  /// The bytes of the tensor that is arriving.
  private var current = -1
  private var pending: [UInt8] = []

  public init(layout: ParameterLayout) {
    self.layout = layout
    tensors = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.name, $0) })
  }

  /// Takes the next bytes of the body.
  /// - Throws: `SafetensorsError`; `RequestRejection` with every mismatch as soon as the header is known.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = reader
    defer { self.reader = reader }
    try reader.feed(bytes) { header, piece in
      try check(header)
      if piece.tensor != current {
        flush(header)
        current = piece.tensor
        pending.removeAll(keepingCapacity: true)
      }
      pending.append(contentsOf: piece.bytes)
    }
  }

  /// The state, once the last byte was fed.
  /// - Throws: `SafetensorsError`, `RequestRejection`; also where a weight is not a finite number.
  public mutating func finish() throws -> NetworkState<Element> {
    let header = try reader.finish()
    try check(header)
    flush(header)
    guard state.parameters.isFinite, state.statistics.isFinite else {
      throw RequestRejection(faults: [
        RequestFault(
          pointer: "", detail: "has weights that are infinite or not a number; every weight must be finite")
      ])
    }
    return state
  }

  private mutating func check(_ header: SafetensorsHeader) throws(RequestRejection) {
    guard !isChecked else { return }
    let faults = RequestFaults()
    var seen: Set<String> = []
    for entry in header.tensors {
      let pointer = JSONPointer.root.appending(entry.name)
      guard let tensor = tensor(named: entry.name) else {
        let suggestion = Spelling.suggestion(for: entry.name, among: Array(tensors.keys))
        faults.add("is not a tensor of this network\(suggestion)", at: pointer)
        continue
      }
      guard seen.insert(tensor.name).inserted else {
        faults.add("is given twice, under two names", at: pointer)
        continue
      }
      if entry.shape != tensor.shape {
        faults.add("must have the shape \(tensor.shape), got \(entry.shape)", at: pointer)
      }
      let allowed = Self.dtypes(tensor.kind)
      if !allowed.contains(entry.dtype) {
        let words = allowed.map(\.rawValue).joined(separator: " or ")
        faults.add("must have elements of type \(words), got \(entry.dtype.rawValue)", at: pointer)
      }
    }
    for tensor in layout.tensors where !seen.contains(tensor.name) && tensor.kind != .batchesTracked {
      faults.add(
        "is missing; it must have the shape \(tensor.shape)", at: JSONPointer.root.appending(tensor.name))
    }
    try faults.throwIfAny()
    state = NetworkState(
      parameters: .zeros(layout.parameterCount), statistics: .zeros(layout.statisticCount),
      counters: Array(repeating: 0, count: layout.counterCount))
    isChecked = true
  }

  private static func dtypes(_ kind: ParameterTensor.Kind) -> [SafetensorsHeader.DType] {
    if kind == .batchesTracked { return [.int64] }
    return Element.precision == .float64 ? [.float64, .float32] : [.float32]
  }

  /// The tensor of that name, or of the name that the common CIFAR modules use for it.
  private func tensor(named name: String) -> ParameterTensor? {
    if let tensor = tensors[name] { return tensor }
    let other = name.replacingOccurrences(of: ".shortcut.", with: ".downsample.")
    if let tensor = tensors[other] { return tensor }
    return name.hasPrefix("linear.") ? tensors["fc." + name.dropFirst("linear.".count)] : nil
  }

  /// Puts the tensor whose bytes are complete into the state.
  private mutating func flush(_ header: SafetensorsHeader) {
    guard current >= 0, let tensor = tensor(named: header.tensors[current].name) else { return }
    let dtype = header.tensors[current].dtype
    if tensor.kind == .batchesTracked {
      state.counters[tensor.offset] = values(Int64.self).first ?? 0
    } else {
      let values: [Element] =
        dtype == .float32 ? values(Float.self).map { Element($0) } : values(Double.self).map { Element($0) }
      if tensor.kind.isParameter {
        tensor.place(values, into: &state.parameters)
      } else {
        tensor.place(values, into: &state.statistics)
      }
    }
    current = -1
  }

  private func values<Value: BitwiseCopyable>(_: Value.Type) -> [Value] {
    pending.withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Value>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
      }
    }
  }
}
