import Formats
import JSON
import Network
import Tensor

/// A training after an epoch, as bytes: the lengths of the next two parts, a JSON head, the state as
/// safetensors, and the optimizer's vectors.
struct TrainingSnapshot<Element: Scalar> {
  let state: NetworkState<Element>
  let optimizerState: [Element]
  let epoch: Int
  /// Other state that the training must keep.
  let memory: JSONValue
  let curve: [JSONValue]

  init(
    state: NetworkState<Element>, optimizerState: [Element], epoch: Int, memory: JSONValue,
    curve: [JSONValue]
  ) {
    self.state = state
    self.optimizerState = optimizerState
    self.epoch = epoch
    self.memory = memory
    self.curve = curve
  }

  /// Bytes of the two lengths at the front.
  private static var prefix: Int { 16 }

  /// Reads what `bytes` wrote; nil if there is nothing.
  /// - Parameter vectors: how many vectors of θ's length the optimizer may have.
  /// - Throws: `JobFailure.corrupt`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  init?(_ bytes: [UInt8]?, layout: ParameterLayout, vectors: ClosedRange<Int>) throws {
    guard let bytes else { return nil }
    let corrupt = JobFailure(.corrupt, "The saved state of the training is not what was saved.")
    guard bytes.count >= Self.prefix else { throw corrupt }
    let lengths = bytes.withUnsafeBytes { raw in
      [0, 8].map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self)) }
    }
    let room = UInt64(bytes.count - Self.prefix)
    guard lengths[0] <= room, lengths[1] <= room - lengths[0] else { throw corrupt }
    let headEnd = Self.prefix + Int(lengths[0])
    let stateEnd = headEnd + Int(lengths[1])
    let head = try? JSONParser.parse(Array(bytes[Self.prefix..<headEnd]))
    guard let head, let epoch = head["epoch"]?.integerValue, epoch >= 0,
      let curve = head["curve"]?.arrayValue
    else { throw corrupt }
    let weights = Weights(layout: layout, precision: Element.precision)
    guard let state: NetworkState<Element> = try? weights.state(from: Array(bytes[headEnd..<stateEnd])) else {
      throw corrupt
    }
    let size = MemoryLayout<Element>.size
    let allowed = vectors.lazy.map { $0 * layout.parameterCount * size }
    guard allowed.contains(bytes.count - stateEnd) else { throw corrupt }
    self.state = state
    self.epoch = epoch
    memory = head["memory"] ?? .null
    self.curve = curve
    optimizerState = bytes.withUnsafeBytes { raw in
      (0..<(raw.count - stateEnd) / size).map {
        raw.loadUnaligned(fromByteOffset: stateEnd + $0 * size, as: Element.self)
      }
    }
  }

  func bytes(layout: ParameterLayout) throws -> [UInt8] {
    let head = JSONWriter.bytes(["epoch": JSONValue(epoch), "memory": memory, "curve": .array(curve)])
    let body = try Weights(layout: layout, precision: Element.precision).bytes(of: state)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      Self.prefix + head.count + body.count + optimizerState.count * MemoryLayout<Element>.size)
    for length in [head.count, body.count] {
      withUnsafeBytes(of: UInt64(length).littleEndian) { bytes.append(contentsOf: $0) }
    }
    bytes += head
    bytes += body
    optimizerState.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }
}
