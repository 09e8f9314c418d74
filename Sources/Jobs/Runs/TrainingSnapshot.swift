import Formats
import Network
import Tensor

/// A training after an epoch, as bytes: a JSON head (its length first), the state as safetensors, and the optimizer's
/// vectors.
struct TrainingSnapshot<Element: Scalar> {
  let state: NetworkState<Element>
  let optimizerState: [Element]
  let epoch: Int
  let curve: [JSONValue]

  init(state: NetworkState<Element>, optimizerState: [Element], epoch: Int, curve: [JSONValue]) {
    self.state = state
    self.optimizerState = optimizerState
    self.epoch = epoch
    self.curve = curve
  }

  /// Reads what `bytes` wrote; nil where there is nothing.
  /// - Throws: `JobFailure.corrupt`.
  init?(_ bytes: [UInt8]?, layout: ParameterLayout) throws {
    guard let bytes else { return nil }
    let corrupt = JobFailure(.corrupt, "The saved state of the training is not what was saved.")
    guard bytes.count >= 8 else { throw corrupt }
    let headLength = Int(bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) })
    let stateLength = Int(
      bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)) })
    guard headLength + stateLength <= bytes.count - 8 else { throw corrupt }
    let head = try? JSONParser.parse(Array(bytes[8..<8 + headLength]))
    guard let head, let epoch = head["epoch"]?.integerValue, let curve = head["curve"]?.arrayValue else {
      throw corrupt
    }
    let stateEnd = 8 + headLength + stateLength
    let weights = Weights(layout: layout, precision: Element.precision)
    guard let state: NetworkState<Element> = try? weights.state(from: Array(bytes[8 + headLength..<stateEnd]))
    else {
      throw corrupt
    }
    let size = MemoryLayout<Element>.size
    guard (bytes.count - stateEnd) % size == 0 else { throw corrupt }
    self.state = state
    self.epoch = epoch
    self.curve = curve
    optimizerState = bytes.withUnsafeBytes { raw in
      (0..<(raw.count - stateEnd) / size).map {
        raw.loadUnaligned(fromByteOffset: stateEnd + $0 * size, as: Element.self)
      }
    }
  }

  func bytes(layout: ParameterLayout) throws -> [UInt8] {
    let head = JSONWriter.bytes(["epoch": JSONValue(epoch), "curve": .array(curve)])
    let body = try Weights(layout: layout, precision: Element.precision).bytes(of: state)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + head.count + body.count + optimizerState.count * MemoryLayout<Element>.size)
    withUnsafeBytes(of: UInt32(head.count).littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt32(body.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += head
    bytes += body
    optimizerState.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }
}
