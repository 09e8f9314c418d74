import Network
import Tensor
import TestSupport
import Testing

/// The ladder: each rung is checked against the one below, the lowest against finite differences in `Double`.
struct LinearizationTests {
  private let compute = Compute(pool: testPool)

  private func linearization(
    _ small: SmallNetwork, _ state: NetworkState<Double>, samples: Samples
  ) throws -> Linearization<Double> {
    try Linearization(
      network: Network(small.architecture), state: state, samples: samples, loss: small.loss, compute: compute
    )
  }

  /// Central differences with h = 1e-5 are good to about 1e-9 of a value near 1 for smooth functions. A ReLU
  /// or a max-pool whose kink lies within h of a sample would show; at these seeds none does.
  private static let differenceTolerance = 1e-6
  private static let step = 1e-5
  /// Two ways to one number in `Double`, over sums of up to some thousand terms near 1.
  private static let roundingTolerance = 1e-12

  @Test(arguments: SmallNetwork.all)
  func gradientAgreesWithDifferencesOfTheLoss(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let samples = small.samples(7)
    let gradient = try linearization(small, state, samples: samples).gradient
    let estimate = try state.parameters.indices.map { index in
      var forward = state
      forward.parameters[index] += Self.step
      var backward = state
      backward.parameters[index] -= Self.step
      let network = Network<Double>(small.architecture)
      let high = try network.evaluate(forward, on: samples, loss: small.loss, compute: compute).meanLoss
      let low = try network.evaluate(backward, on: samples, loss: small.loss, compute: compute).meanLoss
      return (high - low) / (2 * Self.step)
    }
    #expect(relativeError(gradient, estimate) < Self.differenceTolerance)
  }

  @Test(arguments: SmallNetwork.all)
  func hessianProductAgreesWithDifferencesOfTheGradient(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let samples = small.samples(7)
    let v = small.direction(Double.self, seed: 3)
    var product: [Double] = []
    try linearization(small, state, samples: samples).curvatureProduct(.hessian, v, into: &product)
    let estimate = try differenceOfGradients(small, state, samples, v)
    #expect(relativeError(product, estimate) < Self.differenceTolerance)
  }

  private func differenceOfGradients(
    _ small: SmallNetwork, _ state: NetworkState<Double>, _ samples: Samples, _ v: [Double]
  ) throws -> [Double] {
    var forward = state
    forward.parameters.add(Self.step, times: v)
    var backward = state
    backward.parameters.add(-Self.step, times: v)
    let high = try linearization(small, forward, samples: samples).gradient
    let low = try linearization(small, backward, samples: samples).gradient
    return zip(high, low).map { ($0 - $1) / (2 * Self.step) }
  }

  @Test(arguments: SmallNetwork.all)
  func hessianIsSymmetric(_ small: SmallNetwork) throws {
    let linearization = try linearization(small, small.state(Double.self), samples: small.samples(9))
    let u = small.direction(Double.self, seed: 4)
    let v = small.direction(Double.self, seed: 5)
    var hu: [Double] = []
    var hv: [Double] = []
    try linearization.curvatureProduct(.hessian, u, into: &hu)
    try linearization.curvatureProduct(.hessian, v, into: &hv)
    #expect(abs(u.dot(hv) - v.dot(hu)) <= Self.roundingTolerance * u.norm * hv.norm)
  }

  @Test(arguments: SmallNetwork.all)
  func gaussNewtonProductIsTheJacobiansOwn(_ small: SmallNetwork) throws {
    // One sample at a time: Jᵀ∇²ℓJv from the Jacobian by differences of the outputs.
    let state = small.state(Double.self)
    let network = Network<Double>(small.architecture)
    let v = small.direction(Double.self, seed: 6)
    for seed in 10..<16 {
      let sample = small.samples(1, seed: UInt64(10 + seed))
      let columns = small.architecture.output.count
      func outputs(_ state: NetworkState<Double>) throws -> [Double] {
        let rows = Buffer<Double>(count: columns)
        _ = try network.evaluate(state, on: sample, loss: small.loss, compute: compute) { _, row in
          rows.pointer.update(from: row.baseAddress!, count: columns)
        }
        return Array(UnsafeBufferPointer(start: rows.pointer, count: columns))
      }
      let jacobian = try state.parameters.indices.map { index -> [Double] in
        var forward = state
        forward.parameters[index] += Self.step
        var backward = state
        backward.parameters[index] -= Self.step
        return zip(try outputs(forward), try outputs(backward)).map { ($0 - $1) / (2 * Self.step) }
      }
      let f = try outputs(state)
      // ∇²ℓ by outputs, from differences of a network that is its own output.
      let curvature = try outputCurvature(small, f, sample.targets)
      var tangent = [Double](repeating: 0, count: columns)
      for (row, weight) in zip(jacobian, v) { for c in 0..<columns { tangent[c] += row[c] * weight } }
      let bent = (0..<columns).map { row in (0..<columns).reduce(0) { $0 + curvature[row][$1] * tangent[$1] }
      }
      let expected = jacobian.map { row in zip(row, bent).reduce(0) { $0 + $1.0 * $1.1 } }
      var product: [Double] = []
      try linearization(small, state, samples: sample).curvatureProduct(.gaussNewton, v, into: &product)
      #expect(relativeError(product, expected) < Self.differenceTolerance)
    }
  }

  /// ∇²ℓ at outputs f: the Hessian of a network of biases alone, W = 0.
  private func outputCurvature(_ small: SmallNetwork, _ f: [Double], _ targets: Targets) throws -> [[Double]]
  {
    let columns = f.count
    let biases = SmallNetwork("biases", Shape(features: 1), [.linear(outFeatures: columns)], loss: small.loss)
    var state = NetworkState<Double>(initial: biases.architecture.layout, seed: 0)
    for c in 0..<columns {
      state.parameters[c] = 0
      state.parameters[columns + c] = f[c]
    }
    let sample = Samples(
      source: TensorSource(inputs: [0.0], shape: Shape(features: 1)), indices: [0], targets: targets)
    func gradient(_ c: Int, _ h: Double) throws -> [Double] {
      var moved = state
      moved.parameters[columns + c] += h
      return Array(try linearization(biases, moved, samples: sample).gradient[columns...])
    }
    return try (0..<columns).map { c in
      zip(try gradient(c, Self.step), try gradient(c, -Self.step)).map { ($0 - $1) / (2 * Self.step) }
    }
  }

  @Test(arguments: SmallNetwork.all)
  func directionalDerivativesAreThoseOfEachSample(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let samples = small.samples(6)
    let v = small.direction(Double.self, seed: 7)
    let all = try linearization(small, state, samples: samples).directionalDerivatives(v)
    for index in 0..<samples.count {
      let own = try linearization(small, state, samples: samples.selecting([index])).gradient.dot(v)
      // The kept output gradient was divided by n and is multiplied by n again: ten roundings more.
      #expect(abs(all[index] - own) <= 10 * Self.roundingTolerance * max(1, abs(own)))
    }
  }

  @Test(arguments: SmallNetwork.all)
  func inputGradientsAgreeWithDifferences(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let samples = small.samples(3)
    let v = small.direction(Double.self, seed: 8)
    let gradients = try linearization(small, state, samples: samples).inputGradients(v)
    let source = try #require(samples.source as? TensorSource<Double>)
    let size = small.architecture.input.count
    var estimate = [Double](repeating: 0, count: gradients.count)
    for index in gradients.indices {
      func derivative(_ h: Double) throws -> Double {
        var inputs = source.inputs
        inputs[index] += h
        let moved = Samples(
          source: TensorSource(inputs: inputs, shape: source.shape), indices: samples.indices,
          targets: samples.targets)
        return try linearization(small, state, samples: moved).directionalDerivatives(v)[index / size]
      }
      estimate[index] = (try derivative(Self.step) - derivative(-Self.step)) / (2 * Self.step)
    }
    // A second derivative: twice the error of a first.
    #expect(relativeError(gradients, estimate) < 2 * Self.differenceTolerance)
  }

  @Test(arguments: SmallNetwork.all + SmallNetwork.wide)
  func threadsChangeNoBit(_ small: SmallNetwork) throws {
    let state = small.state(Float.self)
    let samples = small.samples(600)
    let v = small.direction(Float.self, seed: 9)
    func product(_ threads: Int) throws -> ([Float], [Float]) {
      let linearization = try Linearization(
        network: Network<Float>(small.architecture), state: state, samples: samples, loss: small.loss,
        compute: Compute(pool: ComputePool(threads: threads)))
      var product: [Float] = []
      try linearization.curvatureProduct(.hessian, v, into: &product)
      return (product, linearization.gradient)
    }
    let one = try product(1)
    let three = try product(3)
    #expect(one.0 == three.0)
    #expect(one.1 == three.1)
  }

  /// More samples than one lane of shards takes, and more vectors than threads.
  @Test(arguments: SmallNetwork.all + SmallNetwork.wide)
  func blockProductsHaveTheBitsOfSingleOnes(_ small: SmallNetwork) throws {
    let state = small.state(Float.self)
    let samples = small.samples(1100)
    let vectors = (0..<4).map { small.direction(Float.self, seed: 20 + $0) }
    for threads in [1, 3] {
      let linearization = try Linearization(
        network: Network<Float>(small.architecture), state: state, samples: samples, loss: small.loss,
        compute: Compute(pool: ComputePool(threads: threads)))
      let block = VectorBlock(vectors)
      var hessian = VectorBlock<Float>(count: 0, length: 0)
      var gaussNewton = hessian
      try linearization.curvatureProducts(.hessian, block, into: &hessian)
      try linearization.curvatureProducts(.gaussNewton, block, into: &gaussNewton)
      let derivatives = try linearization.directionalDerivatives(block)
      for (index, v) in vectors.enumerated() {
        var product: [Float] = []
        try linearization.curvatureProduct(.hessian, v, into: &product)
        #expect(hessian[index] == product)
        try linearization.curvatureProduct(.gaussNewton, v, into: &product)
        #expect(gaussNewton[index] == product)
        #expect(derivatives[index] == (try linearization.directionalDerivatives(v)))
      }
    }
  }

  @Test(arguments: SmallNetwork.all + SmallNetwork.wide)
  func sampleGradientsHaveTheBitsOfSingleOnes(_ small: SmallNetwork) throws {
    let network = Network<Float>(small.architecture)
    let state = small.state(Float.self)
    let samples = small.samples(5)
    let gradients = try network.sampleGradients(state, on: samples, loss: small.loss, compute: compute)
    for index in 0..<samples.count {
      let alone = try network.gradient(
        state, on: samples.selecting([index]), loss: small.loss, compute: compute)
      #expect(gradients[index] == alone.gradient)
    }
  }

  @Test(arguments: SmallNetwork.all + SmallNetwork.wide)
  func floatFollowsDouble(_ small: SmallNetwork) throws {
    let state = small.state(Double.self)
    let single = NetworkState<Float>(
      parameters: state.parameters.map { Float($0) }, statistics: state.statistics.map { Float($0) },
      counters: state.counters)
    // The same numbers in both: the difference is rounding inside the passes alone.
    let same = NetworkState<Double>(
      parameters: single.parameters.map { Double($0) }, statistics: single.statistics.map { Double($0) },
      counters: state.counters)
    let samples = small.samples(70)
    let v = small.direction(Float.self, seed: 11)
    var exact: [Double] = []
    var rounded: [Float] = []
    try linearization(small, same, samples: samples).curvatureProduct(
      .hessian, v.map { Double($0) }, into: &exact)
    try Linearization(
      network: Network<Float>(small.architecture), state: single, samples: samples, loss: small.loss,
      compute: compute
    ).curvatureProduct(.hessian, v, into: &rounded)
    // 1e-4: rounding, and at most a ReLU or a max that decides differently at a near-tie.
    #expect(relativeError(rounded, exact) < 1e-4)
  }

  @Test(arguments: SmallNetwork.all + SmallNetwork.wide, [false, true])
  func productsOverASubsetAreThoseOverAll(_ small: SmallNetwork, scattered: Bool) throws {
    let linearization = try linearization(small, small.state(Double.self), samples: small.samples(70))
    let indices = small.subset(scattered: scattered)
    let subset = linearization.network.subset(indices)
    let dense = small.direction(Double.self, seed: 12)
    var sparse = [Double](repeating: 0, count: dense.count)
    for index in indices { sparse[index] = dense[index] }
    typealias Product = ([Double], inout [Double], ParameterSubset<Double>?, ParameterSubset<Double>?) throws
      -> Void
    let products: [Product] = [
      { try linearization.curvatureProduct(.hessian, $0, into: &$1, support: $2, wanted: $3) },
      { try linearization.curvatureProduct(.gaussNewton, $0, into: &$1, support: $2, wanted: $3) },
    ]
    for product in products {
      for v in [dense, sparse] {
        var whole: [Double] = []
        try product(v, &whole, nil, nil)
        let entries = indices.map { whole[$0] }
        // The values that the result holds before must not matter.
        var some = [Double](repeating: .nan, count: v.count)
        try product(v, &some, nil, subset)
        #expect(relativeError(indices.map { some[$0] }, entries) < Self.roundingTolerance)
        guard v == sparse else { continue }
        var all: [Double] = []
        try product(v, &all, subset, nil)
        #expect(relativeError(all, whole) < Self.roundingTolerance)
        try product(v, &some, subset, subset)
        #expect(relativeError(indices.map { some[$0] }, entries) < Self.roundingTolerance)
      }
    }
  }

  @Test func cancellationEndsAProduct() throws {
    let small = SmallNetwork.tanhPerceptron
    let cancellation = Cancellation()
    let linearization = try Linearization(
      network: Network<Double>(small.architecture), state: small.state(Double.self),
      samples: small.samples(50),
      loss: small.loss, compute: Compute(pool: testPool, cancellation: cancellation))
    cancellation.cancel()
    var product: [Double] = []
    #expect(throws: Cancelled.self) {
      try linearization.curvatureProduct(.hessian, small.direction(Double.self, seed: 1), into: &product)
    }
  }
}
