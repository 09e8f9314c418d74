import Tensor

extension ParameterTensor {
  /// First values that differ from the usual ones of the tensor's kind.
  public enum Start: Sendable, Equatable {
    case constant(Double)
    case normal(deviation: Double)
    /// Between −bound and bound.
    case uniform(bound: Double)

    /// `kaiming_normal_` with `mode="fan_out"`.
    static func kaimingNormal(fanOut tensor: ParameterTensor) -> Start {
      .normal(deviation: (2 / Double(tensor.shape[0] * tensor.shape.dropFirst(2).reduce(1, *))).squareRoot())
    }

    /// `kaiming_normal_` with its usual mode.
    static func kaimingNormal(fanIn tensor: ParameterTensor) -> Start {
      .normal(deviation: (2 / Double(tensor.fanIn)).squareRoot())
    }

    /// `kaiming_uniform_` with its usual mode.
    static func kaimingUniform(fanIn tensor: ParameterTensor) -> Start {
      .uniform(bound: (6 / Double(tensor.fanIn)).squareRoot())
    }

    /// `xavier_uniform_` of a matrix.
    static func xavierUniform(_ tensor: ParameterTensor) -> Start {
      .uniform(bound: (6 / Double(tensor.shape[0] + tensor.shape[1])).squareRoot())
    }

    /// Values in PyTorch's order.
    func values<Element: Scalar>(_ count: Int, _ stream: inout RandomStream) -> [Element] {
      switch self {
      case .constant(let value): Array(repeating: Element(value), count: count)
      case .normal(let deviation): (0..<count).map { _ in Element(deviation * stream.normal()) }
      case .uniform(let bound): (0..<count).map { _ in Element(stream.uniform(in: -bound..<bound)) }
      }
    }
  }
}
