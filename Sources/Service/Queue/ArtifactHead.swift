import Formats
import JSON
import Jobs
import Storage

/// The `.npy` head of an artifact.
enum ArtifactHead {
  static func bytes(_ type: ArtifactElement, _ shape: [Int]) throws -> [UInt8] {
    let dtype: NPYHeader.DType =
      switch type {
      case .float32: .float32
      case .float64: .float64
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      }
    return try NPYHeader(dtype: dtype, shape: shape).encoded
  }
}

extension ArtifactRecord {
  /// A row of a result's list of artifacts.
  var json: JSONValue {
    [
      "name": .string(name), "dtype": .string(dtype), "shape": JSONValue(shape),
      "bytes": JSONValue(blob.byteCount),
      "sha256": .string(blob.sha256.hexadecimal),
    ]
  }
}
