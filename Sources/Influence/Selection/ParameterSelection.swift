import Network
import Tensor

/// J: the parameters that an update may change.
public struct ParameterSelection: Sendable, Equatable {
  /// Ascending places in θ, in the engine's order.
  public let indices: [Int]
  /// Chosen parameters of each of the layout's neuron layers.
  public let layerCounts: [Int]
  /// How many parameters could be chosen: all of the neuron layers, none of batch normalizations.
  public let selectable: Int

  /// Chooses a share of every layer.
  ///
  /// A layer of P parameters gives ⌊MR·P + 10⁻⁹⌋. Whole neurons come first, each a row of weights and its
  /// bias, in the criterion's order. Then come the weights of largest magnitude of the next neuron, without
  /// its bias. Ties go to the lower index.
  /// - Parameters:
  ///   - ratio: the modification ratio MR, in 0 ... 1.
  ///   - means: the neurons' mean outputs or gradients, as the criterion needs; nil if it needs none.
  ///   - parameters: θ, for the magnitudes.
  ///   - seed: seeds the random orders.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init<Element: Scalar>(
    _ criterion: SelectionCriterion, ratio: Double, layout: ParameterLayout, means: NeuronMeans?,
    parameters: [Element], seed: UInt64
  ) {
    precondition((0...1).contains(ratio), "A modification ratio lies between 0 and 1.")
    precondition(
      means != nil || criterion.basis == .nothing, "The criterion \(criterion) needs neuron means.")
    var chosen: [Int] = []
    var counts: [Int] = []
    for (place, layer) in layout.neuronLayers.enumerated() {
      var stream = RandomStream(seed: seed, purpose: "select \(criterion.rawValue) \(layer.name)")
      let scores = means.map { $0.layers[place].map { abs($0) } } ?? []
      let order = Self.order(criterion, neurons: layer.neurons, scores: scores, &stream)
      let budget = Int((ratio * Double(layer.parameters) + 1e-9).rounded(.down))
      let picked = Self.pick(layer, order, budget: budget, parameters)
      counts.append(picked.count)
      chosen += picked
    }
    indices = chosen.sorted()
    layerCounts = counts
    selectable = layout.neuronLayers.reduce(0) { $0 + $1.parameters }
  }

  /// Every parameter of the network, with those of batch normalizations. The plain influence function changes
  /// all of them.
  public init(everyParameterOf layout: ParameterLayout) {
    indices = Array(0..<layout.parameterCount)
    layerCounts = layout.neuronLayers.map(\.parameters)
    selectable = layout.parameterCount
  }

  private static func order(
    _ criterion: SelectionCriterion, neurons: Int, scores: [Double], _ stream: inout RandomStream
  ) -> [Int] {
    func falling(_ places: [Int]) -> [Int] {
      places.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    }
    switch criterion {
    case .topOutputs, .topGradients: return falling(Array(0..<neurons))
    case .lowestOutputs, .lowestGradients:
      return (0..<neurons).sorted { scores[$0] != scores[$1] ? scores[$0] < scores[$1] : $0 < $1 }
    case .random: return stream.permutation(neurons)
    case .threshold:
      let threshold = scores.reduce(0, +) / Double(max(1, neurons))
      let shuffled = stream.permutation(neurons)
      return shuffled.filter { scores[$0] > threshold }
        + falling((0..<neurons).filter { scores[$0] <= threshold })
    }
  }

  private static func pick<Element: Scalar>(
    _ layer: NeuronLayer, _ order: [Int], budget: Int, _ parameters: [Element]
  ) -> [Int] {
    var left = budget
    var picked: [Int] = []
    let size = layer.fanIn + (layer.bias == nil ? 0 : 1)
    for neuron in order {
      let row = layer.weights + neuron * layer.fanIn
      if left >= size {
        picked += row..<row + layer.fanIn
        if let bias = layer.bias { picked.append(bias + neuron) }
        left -= size
        continue
      }
      let largest = (row..<row + layer.fanIn).sorted {
        let (a, b) = (parameters[$0].magnitude, parameters[$1].magnitude)
        return a != b ? a > b : $0 < $1
      }
      picked += largest.prefix(left)
      break
    }
    return picked
  }
}
