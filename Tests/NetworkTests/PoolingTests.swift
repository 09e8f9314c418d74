import Network
import Tensor
import TestSupport
import Testing

/// Adaptive pooling to more outputs than inputs, as PyTorch has it; the passes are on the ladder of
/// `LinearizationTests`.
struct PoolingTests {
  /// Outputs of a network that pools and flattens, channels first.
  private func pooled(_ inputs: [Double], _ shape: Shape, to size: (Int, Int)) throws -> [Double] {
    let count = shape.channels * size.0 * size.1
    let small = SmallNetwork(
      "pool", shape,
      [.adaptiveAvgPool2d(outputHeight: size.0, outputWidth: size.1), .flatten, .linear(outFeatures: count)],
      loss: .meanSquaredError)
    // The identity after the pool.
    var state = NetworkState<Double>(initial: small.architecture.layout, seed: 0)
    for index in state.parameters.indices {
      state.parameters[index] = index < count * count && index % (count + 1) == 0 ? 1 : 0
    }
    let rows = Buffer<Double>(count: count)
    let target = Disjoint(rows.pointer)
    _ = try Network<Double>(small.architecture).evaluate(
      state,
      on: Samples(
        source: TensorSource(inputs: inputs, shape: shape), indices: [0],
        targets: .values(.zeros(count), columns: count)), loss: .meanSquaredError,
      compute: Compute(pool: .single)
    ) { _, row in for index in 0..<count { target.value[index] = row[index] } }
    return Array(UnsafeBufferPointer(start: rows.pointer, count: count))
  }

  @Test func upwardsAsPyTorch() throws {
    let shape = Shape(height: 3, width: 2, channels: 2)
    // Channels last: (1, 0.5), (5, 7), (2, 6), (−4, 1), (8, −3), (3, 2).
    let found = try pooled([1, 0.5, 5, 7, 2, 6, -4, 1, 8, -3, 3, 2], shape, to: (5, 4))
    // torch.nn.functional.adaptive_avg_pool2d(x, (5, 4)) in float64.
    let expected: [Double] = [
      1, 1, 5, 5, 1.5, 1.5, 0.5, 0.5, 2, 2,
      -4, -4, 5, 5, -0.5, -0.5, 8, 8, 3, 3,
      0.5, 0.5, 7, 7, 3.25, 3.25, 4, 4, 6, 6,
      1, 1, 1.5, 1.5, 1.5, 1.5, -3, -3, 2, 2,
    ]
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-14 }, "\(found)")
    #expect(
      try pooled([3, -1], Shape(height: 1, width: 1, channels: 2), to: (2, 2)) == [
        3, 3, 3, 3, -1, -1, -1, -1,
      ])
  }

  /// 4096 × 4096 windows of one value are a small object. They are refused if the layer after cannot follow.
  @Test func manyWindowsCostNothing() throws {
    func architecture(_ size: Int, channels: Int) throws -> Architecture {
      try Architecture(
        layers: NamedLayer.sequential([.adaptiveAvgPool2d(outputHeight: size, outputWidth: size), .flatten]),
        input: Shape(height: 2, width: 2, channels: channels))
    }
    _ = Network<Float>(try architecture(1024, channels: 1))
    #expect(throws: ArchitectureFaults.self) { try architecture(4096, channels: 64) }
    #expect(throws: ArchitectureFaults.self) { try architecture(4097, channels: 1) }
    #expect(throws: ArchitectureFaults.self) { try architecture(0, channels: 1) }
  }
}
