import Foundation
import Influence
import Network
import Tensor
import TestSupport
import Testing

@Suite("Parameter selection")
struct ParameterSelectionTests {
  /// Layer 0: 4 neurons of 5 inputs with biases (24 parameters); layer 2: 3 of 4 without (12).
  let layout: ParameterLayout
  let parameters: [Double]
  let means = NeuronMeans(layers: [[0.5, -2, 0.1, 2], [-3, 1, 2]])
  let tied = NeuronMeans(layers: [[1, -1, 1, 1], [0, 0, 0]])

  init() throws {
    let architecture = try Architecture(
      layers: NamedLayer.sequential([
        .linear(outFeatures: 4), .tanh, .linear(outFeatures: 3, bias: false),
      ]), input: Shape(features: 5))
    layout = architecture.layout
    var stream = RandomStream(seed: 1, purpose: "test parameters")
    parameters = (0..<36).map { _ in stream.normal() }
  }

  private func select(
    _ criterion: SelectionCriterion, _ ratio: Double, _ means: NeuronMeans? = nil, seed: UInt64 = 0
  ) -> ParameterSelection {
    ParameterSelection(
      criterion, ratio: ratio, layout: layout, means: criterion.basis == .nothing ? nil : means ?? self.means,
      parameters: parameters, seed: seed)
  }

  private func first(_ neuron: Int) -> [Int] {
    let layer = layout.neuronLayers[0]
    return Array(layer.weights + 5 * neuron..<layer.weights + 5 * neuron + 5) + [layer.bias! + neuron]
  }

  private func second(_ neuron: Int) -> [Int] {
    let start = layout.neuronLayers[1].weights + 4 * neuron
    return Array(start..<start + 4)
  }

  private func largest(_ places: [Int], _ count: Int) -> [Int] {
    Array(places.sorted { abs(parameters[$0]) > abs(parameters[$1]) }.prefix(count))
  }

  @Test(arguments: SelectionCriterion.allCases, [0.01, 0.05, 0.1, 0.3, 0.5, 0.75, 0.99, 1])
  func everyLayerGivesItsShare(_ criterion: SelectionCriterion, _ ratio: Double) {
    let selection = select(criterion, ratio)
    let shares = [24, 12].map { Int((ratio * Double($0) + 1e-9).rounded(.down)) }
    #expect(selection.layerCounts == shares)
    #expect(selection.selectable == 36)
    #expect(selection.indices == selection.indices.sorted())
    #expect(Set(selection.indices).count == selection.indices.count)
    #expect(selection.indices.count == shares.reduce(0, +))
    if ratio == 1 { #expect(selection.indices == Array(0..<36)) }
  }

  @Test func wholeNeuronsThenTheLargestWeightsOfTheNext() {
    // Half of 24 is neurons 1 and 3 (|−2| = |2|); half of 12 is neuron 0 and 2 weights of neuron 2.
    #expect(
      select(.topOutputs, 0.5).indices == (first(1) + first(3) + second(0) + largest(second(2), 2)).sorted())
    // 0.4: 9 is neuron 1 and 3 weights of neuron 3, never its bias; 4 is neuron 0.
    let weights = first(3).dropLast()
    #expect(
      select(.topGradients, 0.4).indices == (first(1) + largest(Array(weights), 3) + second(0)).sorted())
    #expect(
      select(.lowestOutputs, 0.5).indices
        == (first(2) + first(0) + second(1) + largest(second(2), 2)).sorted())
    #expect(select(.lowestGradients, 0.5) == select(.lowestOutputs, 0.5))
  }

  /// 0.29 · 100 is 28.999…96 in binary; the share is 29.
  @Test func roundingDoesNotTakeAParameter() throws {
    let architecture = try Architecture(
      layers: NamedLayer.sequential([.linear(outFeatures: 10, bias: false)]), input: Shape(features: 10))
    let selection = ParameterSelection(
      .random, ratio: 0.29, layout: architecture.layout, means: nil,
      parameters: [Double](repeating: 1, count: 100),
      seed: 0)
    #expect(selection.indices.count == 29)
  }

  @Test func equalScoresGoToTheLowerNeuron() {
    #expect(
      select(.topOutputs, 0.5, tied).indices
        == (first(0) + first(1) + second(0) + largest(second(1), 2)).sorted())
    #expect(select(.lowestOutputs, 0.5, tied).indices == select(.topOutputs, 0.5, tied).indices)
  }

  @Test func equalWeightsGoToTheLowerIndex() {
    let selection = ParameterSelection(
      .topOutputs, ratio: 0.4, layout: layout, means: means,
      parameters: (0..<36).map { $0 % 2 == 0 ? 1.0 : -1 }, seed: 0)
    #expect(selection.indices == (first(1) + first(3).prefix(3) + second(0)).sorted())
  }

  @Test func thresholdTakesTheStrongInRandomOrderFirst() {
    // Scores 0.5, 2, 0.1, 2: their mean is 1.15; 3, 1, 2: their mean is 2.
    var orders: Set<[Int]> = []
    for seed in 0..<20 as Range<UInt64> {
      let selection = select(.threshold, 0.25, seed: seed)
      let chosen = Array(selection.indices.prefix(6))
      #expect(chosen == first(1).sorted() || chosen == first(3).sorted())
      orders.insert(chosen)
      // 3 of the 4 weights of neuron 0, the only one above.
      #expect(Array(selection.indices.suffix(3)) == largest(second(0), 3).sorted())
      // All strong ones before any weak one, the weak ones by score.
      #expect(select(.threshold, 0.75, seed: seed).layerCounts[0] == 18)
      #expect(Set(first(1) + first(3) + first(0)).isSubset(of: select(.threshold, 0.75, seed: seed).indices))
    }
    #expect(orders.count == 2)
  }

  @Test func aRandomOrderComesFromTheSeed() {
    #expect(select(.random, 0.5, seed: 4) == select(.random, 0.5, seed: 4))
    #expect(Set((0..<20 as Range<UInt64>).map { select(.random, 0.25, seed: $0).indices }).count > 3)
  }

  @Test func normalizationStaysFixedButForIF() throws {
    let network = try #require(SmallNetwork.all.first { $0.name == "normalized" })
    let layout = network.architecture.layout
    let state = network.state(Double.self)
    let selection = ParameterSelection(
      .random, ratio: 1, layout: layout, means: nil, parameters: state.parameters, seed: 0)
    let fixed = layout.tensors.filter { $0.kind == .scale || $0.kind == .shift }
    #expect(!fixed.isEmpty)
    let places = Set(fixed.flatMap { $0.offset..<$0.offset + $0.count })
    #expect(selection.indices == (0..<layout.parameterCount).filter { !places.contains($0) })
    #expect(selection.selectable == selection.indices.count)
    let everything = ParameterSelection(everyParameterOf: layout)
    #expect(everything.indices == Array(0..<layout.parameterCount))
    #expect(everything.selectable == layout.parameterCount)
  }

  /// The signed mean over samples and positions of a convolution's output before its activation, computed
  /// plainly.
  @Test func neuronMeansAreSignedMeansBeforeTheActivation() throws {
    let network = SmallNetwork(
      "pointwise", Shape(height: 2, width: 2, channels: 2),
      [.conv2d(outChannels: 3, kernel: [1, 1]), .relu, .flatten, .linear(outFeatures: 2)])
    let state = network.state(Double.self)
    let count = 300
    var stream = RandomStream(seed: 9, purpose: "test inputs")
    let inputs = (0..<count * 8).map { _ in stream.normal() }
    let samples = Samples(
      source: TensorSource(inputs: inputs, shape: network.architecture.input), indices: Array(0..<count),
      targets: .classes(Array(repeating: 0, count: count)))
    let means = try Network<Double>(network.architecture).meanOutputs(
      state, on: samples, compute: Compute(pool: testPool))
    let layer = network.architecture.layout.neuronLayers[0]
    for neuron in 0..<3 {
      var sum = 0.0
      for place in 0..<count * 4 {
        sum +=
          state.parameters[layer.bias! + neuron]
          + (0..<2).reduce(0.0) {
            $0 + inputs[place * 2 + $1] * state.parameters[layer.weights + neuron * 2 + $1]
          }
      }
      #expect(abs(means.layers[0][neuron] - sum / Double(count * 4)) < 1e-12)
    }
  }
}

@Suite("Scale search")
struct ScaleSearchTests {
  @Test func theBestScaleIsFoundBetweenThoseOfTheSweep() {
    let (trials, best) = ScaleSearch.search {
      ScaleTrial(scale: $0, score: -abs($0 - 11) / 11)
    }
    #expect(abs(best.scale / 11 - 1) < 0.1)
    #expect(trials.count == ScaleSearch.scales.count + 6)
    #expect(trials.contains(best))
  }

  @Test func theSweepGoesOnWhileLargerIsBetter() {
    let (trials, best) = ScaleSearch.search { ScaleTrial(scale: $0, score: -abs($0 - 300)) }
    #expect(abs(best.scale / 300 - 1) < 0.1)
    #expect(trials.contains { $0.scale == 512 } && !trials.contains { $0.scale == 1024 })
    #expect(ScaleSearch.search { ScaleTrial(scale: $0, score: $0) }.best.scale <= 2 * ScaleSearch.largest)
  }

  @Test func theSweepGoesOnWhileSmallerIsBetter() {
    let (trials, best) = ScaleSearch.search { ScaleTrial(scale: $0, score: -abs($0 - 0.02)) }
    #expect(abs(best.scale / 0.02 - 1) < 0.1)
    #expect(trials.contains { $0.scale == 1.0 / 128 } && !trials.contains { $0.scale == 1.0 / 256 })
    let swept = ScaleSearch.sweep { ScaleTrial(scale: $0, score: -$0) }.map(\.scale)
    #expect(swept == swept.sorted() && swept[0] == ScaleSearch.smallest)
  }

  @Test func aClimbEndsAtTheBestScaleOnItsWay() {
    func climb(to peak: Double, from start: Double) -> (scale: Double, trials: Int) {
      var trials = 0
      func trial(_ scale: Double) -> ScaleTrial { ScaleTrial(scale: scale, score: -abs(log2(scale / peak))) }
      let best = ScaleSearch.climb(from: trial(start)) {
        trials += 1
        return trial($0)
      }
      return (best.scale, trials)
    }
    // Climbs down, up, and not at all from the peak. One more step each time shows that the scale beyond is
    // worse.
    for (peak, start, trials) in [(3.0, 16.0, 6), (40.0, 4.0, 9), (8.0, 8.0, 2)] {
      let end = climb(to: peak, from: start)
      #expect(abs(log2(end.scale / peak)) <= 0.25)
      #expect(end.trials == trials)
    }
    #expect(climb(to: 1e9, from: 512).scale <= ScaleSearch.largest)
    #expect(climb(to: 1e-9, from: 0.01).scale >= ScaleSearch.smallest)
  }

  @Test func equalScoresAreDecidedByTheTieBreakThenByNearnessToOne() {
    let score = { (scale: Double) in scale >= 4 ? 1.0 : 0 }
    #expect(ScaleSearch.sweep { ScaleTrial(scale: $0, score: score($0)) }.count == ScaleSearch.scales.count)
    #expect(
      ScaleSearch.best(ScaleSearch.sweep { ScaleTrial(scale: $0, score: score($0)) }).scale == 4)
    #expect(
      ScaleSearch.best(
        ScaleSearch.sweep { ScaleTrial(scale: $0, score: score($0), tieBreak: -abs($0 - 16)) }
      ).scale == 16)
    #expect(ScaleSearch.best(ScaleSearch.sweep { ScaleTrial(scale: $0, score: 0.5) }).scale == 1)
    #expect(ScaleSearch.best([.init(scale: 2, score: 1), .init(scale: 0.5, score: 1)]).scale == 0.5)
  }

  @Test func aScoreThatIsNotANumberNeverWins() {
    let trials = [ScaleTrial(scale: 1, score: .nan), ScaleTrial(scale: 64, score: -5)]
    #expect(ScaleSearch.best(trials).scale == 64)
    #expect(ScaleSearch.best(trials.reversed()).scale == 64)
  }
}

@Suite("Group changes")
struct GroupChangeTests {
  @Test func theInfluenceFormAndTheNewtonFormAgreeAtAMinimum() {
    // At a minimum r ḡ_U + (1 − r) ḡ_rest + λθ = 0.
    let theta = [0.3, -0.4, 1.2]
    let group = [1.0, 0.5, -2]
    let (lambda, r) = (0.1, 0.25)
    let rest = (0..<3).map { -(r * group[$0] + lambda * theta[$0]) / (1 - r) }
    let influence = GroupChange(
      removing: 5, of: 20, groupGradient: group, parameters: theta, weightDecay: lambda)
    let newton = GroupChange(newtonOn: rest, parameters: theta, weightDecay: lambda)
    #expect(abs(influence.factor - 1 / 3) < 1e-15)
    for index in 0..<3 {
      #expect(
        abs(influence.factor * influence.gradient[index] - newton.factor * newton.gradient[index]) < 1e-15)
    }
  }

  @Test func anExchangeKeepsTheNumberOfSamples() {
    let change = GroupChange(exchanging: 5, of: 20, badGradient: [1.0, 2], trueGradient: [0.5, 3])
    #expect(change.gradient == [0.5, -1])
    #expect(change.factor == 0.25)
  }
}
