import Formats
import JSON
import Network
import Tensor

/// Reads a safetensors body into a network's state as it arrives, holding the state and one tensor.
///
/// Names and shapes must be those of the network, and every mismatch is listed (`WeightsMatch`). Weights may
/// be F16, BF16, F32 or F64 and are converted to the model's precision. `num_batches_tracked` and other
/// whole numbers may be absent.
public struct WeightsReader<Element: Scalar> {
  private let layout: ParameterLayout
  private var reader = SafetensorsReader()
  private var match: WeightsMatch?
  /// Empty until the header is found to be right, so that a header alone takes no memory.
  private var state = NetworkState<Element>(parameters: [], statistics: [], counters: [])
  /// The bytes of the tensor that is arriving.
  private var current = -1
  private var pending: [UInt8] = []
  private var report = WeightsReport(precision: Element.precision)

  public init(layout: ParameterLayout) { self.layout = layout }

  /// The changes that fitted the file to the network: shortened names and converted tensors. Complete after
  /// `finish`.
  public var notes: [String] { (match?.notes ?? []) + report.notes }
  /// Values that are accepted but look wrong.
  public var warnings: [String] { report.warnings }

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
  /// - Throws: `SafetensorsError`; `RequestRejection`, also for values that no network has: weights that are
  ///   not finite or beyond the model's precision, negative variances and counters. Each fault names its
  ///   tensor and the first place.
  public mutating func finish() throws -> NetworkState<Element> {
    let header = try reader.finish()
    try check(header)
    flush(header)
    try report.throwIfRefused()
    return state
  }

  private mutating func check(_ header: SafetensorsHeader) throws(RequestRejection) {
    guard match == nil else { return }
    match = try WeightsMatch(header, layout)
    state = NetworkState(
      parameters: .zeros(layout.parameterCount), statistics: .zeros(layout.statisticCount),
      counters: Array(repeating: 0, count: layout.counterCount))
  }

  /// Puts the tensor whose bytes are complete into the state.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private mutating func flush(_ header: SafetensorsHeader) {
    guard current >= 0, let tensor = match?.tensors[current] else { return }
    let entry = header.tensors[current]
    current = -1
    if tensor.kind == .batchesTracked {
      state.counters[tensor.offset] = report.counter(pending, of: entry)
      return
    }
    if case .buffer(let values) = tensor.kind {
      report.checkBuffer(pending, of: entry, values)
      return
    }
    let values: [Element] = report.values(pending, of: entry, as: tensor.kind)
    if tensor.home == .parameters {
      tensor.place(values, into: &state.parameters)
    } else {
      tensor.place(values, into: &state.statistics)
    }
  }
}
