import Formats
import Network
import Tensor

/// Checkpoints as bytes: a network's state as safetensors with the names and shapes of the PyTorch module.
public struct Weights: Sendable {
  let layout: ParameterLayout
  let precision: Precision

  public init(layout: ParameterLayout, precision: Precision) {
    self.layout = layout
    self.precision = precision
  }

  private var dtype: SafetensorsHeader.DType { precision == .float32 ? .float32 : .float64 }

  /// The header of a download: every tensor of the state dict.
  public func header() throws(SafetensorsError) -> SafetensorsHeader {
    try SafetensorsHeader(
      layout.tensors.map {
        .init(name: $0.name, dtype: $0.kind.isWhole ? .int64 : dtype, shape: $0.shape)
      }, metadata: ["format": "pt"])
  }

  /// The length of a download in bytes.
  public func byteCount() throws(SafetensorsError) -> Int {
    let header = try header()
    return header.encoded.count + header.dataByteCount
  }

  /// Writes the state, tensor by tensor.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func write<Element: Scalar>(_ state: NetworkState<Element>, to sink: ByteSink) throws {
    precondition(Element.precision == precision, "A state is written in its own precision.")
    let header = try header()
    try header.encoded.withUnsafeBytes(sink)
    let tensors = Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.name, $0) })
    for entry in header.tensors {
      guard let tensor = tensors[entry.name] else { continue }
      switch tensor.home {
      case .parameters: try tensor.exported(from: state.parameters).withUnsafeBytes(sink)
      case .statistics: try tensor.exported(from: state.statistics).withUnsafeBytes(sink)
      case .counters: try [state.counters[tensor.offset]].withUnsafeBytes(sink)
      case .options: if case .buffer(let values) = tensor.kind { try values.withUnsafeBytes(sink) }
      }
    }
  }

  /// The state as bytes.
  public func bytes<Element: Scalar>(of state: NetworkState<Element>) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(try byteCount())
    try write(state) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Reads a state that `write` wrote, or any file that a `WeightsReader` takes.
  /// - Throws: `RequestRejection`, `SafetensorsError`.
  public func state<Element: Scalar>(from bytes: [UInt8], as _: Element.Type = Element.self) throws
    -> NetworkState<Element>
  {
    var reader = WeightsReader<Element>(layout: layout)
    try bytes.withUnsafeBytes { try reader.feed($0) }
    return try reader.finish()
  }
}
