import Tensor

/// A mean for every neuron over the samples of a group and their positions. It is the mean of the neuron's
/// output before normalization and activation, or of the gradient of the loss by that output.
public struct NeuronMeans: Sendable, Equatable {
  /// A row for each layer of `ParameterLayout.neuronLayers`, with a value for each neuron.
  public var layers: [[Double]]

  public init(layers: [[Double]]) { self.layers = layers }
}

extension Network {
  /// The mean output of every neuron over samples and positions.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func meanOutputs(
    _ state: NetworkState<Element>, on samples: Samples, compute: Compute
  ) throws(Cancelled) -> NeuronMeans {
    try neuronMeans(state, samples, loss: nil, compute)
  }

  /// The mean over samples and positions of the gradient of each sample's loss by every neuron's output.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func meanOutputGradients(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute
  ) throws(Cancelled) -> NeuronMeans {
    try neuronMeans(state, samples, loss: loss, compute)
  }

  private func neuronMeans(
    _ state: NetworkState<Element>, _ samples: Samples, loss: Loss?, _ compute: Compute
  ) throws(Cancelled) -> NeuronMeans {
    let layers = layout.neuronLayers
    var starts: [Int: Int] = [:]
    var length = 0
    for layer in layers {
      starts[layer.weights] = length
      length += layer.neurons
    }
    let neurons = Dictionary(uniqueKeysWithValues: layers.map { ($0.weights, $0.neurons) })
    let offsets = starts
    let plan = ShardPlan(count: samples.count, of: self)
    // Each shard has a row of sums. The rows are then added in order, in `Double`.
    let sums = Buffer<Element>(count: plan.shards.count * length, zeroed: true)
    let width = length
    try state.withPointers(in: plain, Operand(plain), compute) { pointers throws(Cancelled) in
      try plan.forEachShard(with: plan.places(plain), compute) { shard, range, place in
        let target = sums.pointer + shard * width
        let observer: (Int, UnsafePointer<Element>, Int) -> Void = { weights, values, rows in
          guard let start = offsets[weights], let count = neurons[weights] else { return }
          Element.sumRows(values, target + start, rows, count)
        }
        place.record.load(
          samples, range, pointers, place.workspace, observer: loss == nil ? observer : nil,
          keeps: loss != nil)
        guard let loss else { return }
        place.record.backward(
          samples, loss, pointers, place.workspace, losses: place.values.pointer, scale: 1,
          gradient: place.gradient.pointer, observer: observer)
      }
    }
    var totals = [Double](repeating: 0, count: length)
    for shard in plan.shards.indices {
      for index in 0..<length { totals[index] += Double(sums.pointer[shard * length + index]) }
    }
    return NeuronMeans(
      layers: layers.map { layer in
        let start = starts[layer.weights] ?? 0
        let scale = 1 / Double(max(1, samples.count * layer.positions))
        return totals[start..<start + layer.neurons].map { $0 * scale }
      })
  }
}
