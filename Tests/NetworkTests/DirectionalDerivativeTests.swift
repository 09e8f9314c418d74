import Network
import Synchronization
import Tensor
import TestSupport
import Testing

/// The streaming pass against the linearization's and against gradients of single samples.
struct DirectionalDerivativeTests {
  private let compute = Compute(pool: testPool)

  /// More samples than fit in one shard of any of the networks.
  private static let count = 300

  private func block<Element: Scalar>(_ small: SmallNetwork, _ count: Int) -> VectorBlock<Element> {
    VectorBlock((0..<count).map { small.direction(Element.self, seed: UInt64(10 + $0)) })
  }

  /// Both settle the kinks alike; the difference is the rounding of sums.
  @Test(arguments: SmallNetwork.all)
  func aPassAgreesWithTheLinearization(_ small: SmallNetwork) throws {
    try agrees(small, Double.self, tolerance: 1e-13)
  }

  /// Weights and directions of these go through transforms in `Float`.
  @Test(arguments: SmallNetwork.wide)
  func transformedWeightsAgreeToo(_ small: SmallNetwork) throws {
    try agrees(small, Float.self, tolerance: 1e-6)
  }

  private func agrees<Element: Scalar>(_ small: SmallNetwork, _: Element.Type, tolerance: Double) throws {
    let network = Network<Element>(small.architecture)
    let state = small.state(Element.self)
    let samples = small.samples(Self.count)
    let vectors: VectorBlock<Element> = block(small, 3)
    let streamed = try network.directionalDerivatives(
      state, on: samples, along: vectors, loss: small.loss, compute: compute)
    let kept = try Linearization(
      network: network, state: state, samples: samples, loss: small.loss, compute: compute
    ).directionalDerivatives(vectors)
    for (a, b) in zip(streamed, kept) { #expect(relativeError(a, b) < tolerance) }
  }

  @Test(arguments: SmallNetwork.all)
  func eachValueIsTheProductWithTheSamplesOwnGradient(_ small: SmallNetwork) throws {
    let network = Network<Double>(small.architecture)
    let state = small.state(Double.self)
    let samples = small.samples(9)
    let vectors: VectorBlock<Double> = block(small, 2)
    let streamed = try network.directionalDerivatives(
      state, on: samples, along: vectors, loss: small.loss, compute: compute)
    let gradients = try network.sampleGradients(state, on: samples, loss: small.loss, compute: compute)
    for vector in 0..<2 {
      let products = (0..<9).map { gradients[$0].dot(vectors[vector]) }
      #expect(relativeError(streamed[vector], products) < 1e-13)
    }
  }

  @Test(arguments: [SmallNetwork.convolutions, SmallNetwork.wideFromPlain])
  func threadsAndCompanyChangeNoBit(_ small: SmallNetwork) throws {
    let network = Network<Float>(small.architecture)
    let state = small.state(Float.self)
    let samples = small.samples(Self.count)
    let vectors: VectorBlock<Float> = block(small, 3)
    func run(_ threads: Int, _ chosen: [Int]) throws -> [[Double]] {
      let pool = ComputePool(threads: threads)
      defer { pool.stop() }
      return try network.directionalDerivatives(
        state, on: samples, along: vectors.selecting(chosen), loss: small.loss, compute: Compute(pool: pool))
    }
    let all = try run(1, [0, 1, 2])
    #expect(try run(3, [0, 1, 2]) == all)
    #expect(try run(2, [1]) == [all[1]])
  }

  @Test func everyPairOfVectorAndSampleComesOnce() throws {
    let small = SmallNetwork.softmaxRegression
    let network = Network<Double>(small.architecture)
    let vectors: VectorBlock<Double> = block(small, 2)
    let seen = Mutex([Int](repeating: 0, count: 2 * Self.count))
    let reported = Mutex([Int]())
    let note: @Sendable (Int, Int) -> Void = { done, total in
      reported.withLock { $0.append(done * 1000 / total) }
    }
    try network.forEachDirectionalDerivative(
      small.state(Double.self), on: small.samples(Self.count), along: vectors, loss: small.loss,
      compute: compute, progress: note
    ) { vector, places, _ in
      seen.withLock { seen in
        for place in places { seen[vector * Self.count + place] += 1 }
      }
    }
    #expect(seen.withLock { $0 }.allSatisfy { $0 == 1 })
    let shares = reported.withLock { $0 }
    #expect(shares == shares.sorted() && shares.last == 1000)
  }

  @Test func aCancelledPassThrows() {
    let small = SmallNetwork.softmaxRegression
    let network = Network<Double>(small.architecture)
    let cancellation = Cancellation()
    cancellation.cancel()
    #expect(throws: Cancelled.self) {
      try network.directionalDerivatives(
        small.state(Double.self), on: small.samples(9), along: block(small, 1), loss: small.loss,
        compute: Compute(pool: testPool, cancellation: cancellation))
    }
  }
}
