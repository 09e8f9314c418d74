import JSON
import Network
import Tensor
import TestSupport
import Testing

/// Dropout of channels, samples and whole steps: which values a mask drops together.
struct StructuredDropoutTests {
  private static let sizes = [3, 2, 4]

  /// The mean of m² over the samples of one training step, for each value, where m is the factor of the mask.
  ///
  /// The network gives y = m∘s with parameters s = 1 on inputs of 1. Its loss is the mean of y², so that the gradient
  /// by s is 2m² over the number of values.
  private func squares(_ text: String, samples: Int, seed: Int) throws -> [Double] {
    let operation = try NodeDescription.form.value(of: JSONParser.parse(text))
    let count = Self.sizes.reduce(1, *)
    let architecture = try Architecture(
      graph: GraphDescription(
        nodes: [
          NodeDescription("x", .reshape(Self.sizes), [GraphDescription.input]), operation,
          NodeDescription("s", .parameter(Self.sizes), []), NodeDescription("y", .multiply, ["m", "s"]),
          NodeDescription("flat", .reshape([-1]), ["y"]),
        ], output: "flat"), input: Shape(features: count))
    var state = NetworkState<Double>(initial: architecture.layout, seed: 0)
    state.parameters = Array(repeating: 1, count: count)
    let data = Samples(
      source: TensorSource(
        inputs: Array(repeating: 1, count: samples * count), shape: architecture.input),
      indices: Array(0..<samples), targets: .values(.zeros(samples * count), columns: count))
    var options = TrainingOptions(
      optimizer: .sgd(momentum: 0, nesterov: false), learningRate: 1, schedule: .constant, epochs: 1,
      batchSize: samples)
    options.seed = UInt64(seed)
    let trainer = Trainer(
      network: Network(architecture), state: state, samples: data, loss: .meanSquaredError,
      options: options, compute: Compute(pool: testPool))
    _ = try trainer.runEpoch()
    return trainer.state.parameters.map { ((1 - $0) * Double(count) / 2 * 1e9).rounded() / 1e9 }
  }

  @Test func channelsAreDroppedWhole() throws {
    let text = #"{"op": "dropout2d", "name": "m", "inputs": ["x"], "p": 0.5}"#
    var kept = 0
    for seed in 0..<20 {
      let squares = try squares(text, samples: 1, seed: seed)
      for channel in 0..<3 {
        let own = Set(squares[channel * 8..<(channel + 1) * 8])
        #expect(own == [0] || own == [4])
        if own == [4] { kept += 1 }
      }
    }
    #expect((18...42).contains(kept))
  }

  @Test func samplesAreDroppedWhole() throws {
    let text = #"{"op": "stochastic_depth", "name": "m", "inputs": ["x"], "p": 0.2}"#
    // A kept sample is divided by 0.8, so that its square is 1.5625.
    var kept = 0.0
    for seed in 0..<10 {
      let squares = Set(try squares(text, samples: 16, seed: seed))
      #expect(squares.count == 1)
      kept += (squares.first ?? 0) * 16 / 1.5625
    }
    #expect(abs(kept - kept.rounded()) < 1e-6 && (110...145).contains(kept))
  }

  @Test func batchesAreDroppedWhole() throws {
    let text = #"{"op": "stochastic_depth", "name": "m", "inputs": ["x"], "p": 0.5, "mode": "batch"}"#
    var kept = 0
    for seed in 0..<20 {
      let squares = Set(try squares(text, samples: 16, seed: seed))
      #expect(squares == [0] || squares == [4])
      if squares == [4] { kept += 1 }
    }
    #expect((3...17).contains(kept))
  }
}
