import Formats
import Network
import Tensor

extension ONNXNetwork {
  /// The state that has the file's numbers.
  /// - Throws: `ONNXConversionError` if a tensor of the layout has no numbers in the file, or other sizes there.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func state<Element: Scalar>(
    _ layout: ParameterLayout, as _: Element.Type = Element.self
  ) throws -> NetworkState<Element> {
    var state = NetworkState<Element>(initial: layout, seed: 0)
    let own = Dictionary(weights.map { ($0.name, $0) }) { first, _ in first }
    var refusals: [ONNXRefusal] = []
    for tensor in layout.tensors where !tensor.kind.isWhole {
      guard let weight = own[tensor.name], weight.shape == tensor.shape else {
        refusals.append(
          ONNXRefusal(
            place: tensor.name,
            reason: own[tensor.name].map { "has the sizes \($0.shape), but the layer needs \(tensor.shape)" }
              ?? "is no tensor of the file"))
        continue
      }
      let values = values(of: weight).map { Element($0) }
      if tensor.home == .parameters {
        tensor.place(values, into: &state.parameters)
      } else {
        tensor.place(values, into: &state.statistics)
      }
    }
    if !refusals.isEmpty { throw ONNXConversionError(refusals: refusals) }
    return state
  }

  /// The file with the numbers of a state.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func file<Element: Scalar>(_ layout: ParameterLayout, _ state: NetworkState<Element>) throws
    -> [UInt8]
  {
    let tensors = Dictionary(layout.tensors.map { ($0.name, $0) }) { first, _ in first }
    return try file { weight in
      guard let tensor = tensors[weight.name] else { return nil }
      switch tensor.home {
      case .parameters: return tensor.exported(from: state.parameters).map { Double($0) }
      case .statistics: return tensor.exported(from: state.statistics).map { Double($0) }
      case .counters, .options: return nil
      }
    }
  }
}
