import Formats
import Tensor

/// The `.npy` files of one split: inputs (n, features), (n, height, width) or (n, channels, height, width);
/// labels (n) or (n, positions) of integers, or targets (n) or (n, outputs) of floating-point numbers.
public struct SplitArrays: Sendable {
  public enum Role: String, Sendable, CaseIterable {
    case inputs, labels
  }

  public let inputs: [UInt8]
  public let labels: [UInt8]

  public init(inputs: [UInt8], labels: [UInt8]) {
    self.inputs = inputs
    self.labels = labels
  }

  /// The first fault of an array by its header, before its values are read; nil if it can be used.
  public static func fault(of header: NPYHeader, as role: Role) -> ArrayFault? {
    let shape = header.shape
    switch role {
    case .inputs:
      guard [1, 2, 3, 4].contains(shape.count) else {
        return .rank(
          shape: shape, expected: "(n, features), (n, height, width) or (n, channels, height, width)")
      }
    case .labels:
      switch header.dtype {
      case .uint8, .int32, .int64:
        guard shape.count == 1 || shape.count == 2 else {
          return .rank(shape: shape, expected: "(n,) or (n, positions) for integer labels")
        }
      case .float32, .float64:
        guard shape.count == 1 || shape.count == 2 else {
          return .rank(shape: shape, expected: "(n,) or (n, outputs) for regression targets")
        }
      }
    }
    guard shape.allSatisfy({ $0 > 0 }) else { return .empty(shape: shape) }
    guard
      role == .labels ? shape.dropFirst().allSatisfy({ $0 <= mostClasses }) : isReasonable(sampleShape(shape))
    else { return .tooLarge(shape: shape) }
    return nil
  }

  /// The shape of one sample of inputs with that shape of 1 to 4 dimensions.
  static func sampleShape(_ shape: [Int]) -> Shape {
    switch shape.count {
    case 1: Shape(features: 1)
    case 2: Shape(features: shape[1])
    case 3: Shape(height: shape[1], width: shape[2], channels: 1)
    default: Shape(height: shape[2], width: shape[3], channels: shape[1])
    }
  }
}
