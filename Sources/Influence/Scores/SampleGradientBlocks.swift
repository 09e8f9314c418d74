import Network
import Synchronization
import Tensor

/// The gradients of single samples, a block at a time, so that memory does not grow with their number.
struct SampleGradientBlocks<Element: Scalar>: Sendable {
  let samples: Samples
  let state: NetworkState<Element>
  let network: Network<Element>
  let loss: Loss
  let compute: Compute

  /// How many samples a block has. It depends on the network alone.
  private var size: Int {
    max(1, min(128, (1 << 26) / max(1, network.layout.parameterCount * MemoryLayout<Element>.size)))
  }

  /// Places of the samples of each block.
  var blocks: [Range<Int>] {
    stride(from: 0, to: samples.count, by: size).map { $0..<min($0 + size, samples.count) }
  }

  /// The gradients of the samples at some places.
  func at(_ places: [Int]) throws(Cancelled) -> VectorBlock<Element> { try at(places, compute) }

  private func at(_ places: [Int], _ compute: Compute) throws(Cancelled) -> VectorBlock<Element> {
    try network.sampleGradients(state, on: samples.selecting(places), loss: loss, compute: compute)
  }

  /// Calls `body` with every block and its gradients, from several threads.
  /// - Parameter report: called with the share that is done.
  func forEachBlock(
    _ report: @Sendable (Double) -> Void, _ body: @Sendable (Range<Int>, VectorBlock<Element>) -> Void
  ) throws(Cancelled) {
    let blocks = blocks
    let alone = Compute(pool: .single, cancellation: compute.cancellation)
    let finished = Atomic<Int>(0)
    try compute.pool.run(blocks.count, cancellation: compute.cancellation) { index throws(Cancelled) in
      body(blocks[index], try at(Array(blocks[index]), alone))
      report(Double(finished.wrappingAdd(1, ordering: .relaxed).newValue) / Double(blocks.count))
    }
  }

  /// gᵢᵀM⁻¹gᵢ of every sample.
  func quadraticForms(
    _ inverse: DenseSymmetricInverse, _ report: @Sendable (Double) -> Void
  ) throws(Cancelled) -> [Double] {
    let values = Buffer<Double>(count: samples.count, zeroed: true)
    let n = inverse.order
    try forEachBlock(report) { places, gradients in
      let wide = Buffer<Double>(count: gradients.count * n)
      for row in 0..<gradients.count {
        gradients.withPointer(row) { g in
          for column in 0..<n { wide.pointer[row * n + column] = Double(g[column]) }
        }
      }
      let forms = inverse.quadraticForms(wide.pointer, count: gradients.count)
      for (place, form) in zip(places, forms) { values.pointer[place] = form }
    }
    return Array(UnsafeBufferPointer(start: values.pointer, count: samples.count))
  }

  /// ‖gᵢ‖ of every sample.
  func norms(_ report: @Sendable (Double) -> Void) throws(Cancelled) -> [Double] {
    let norms = Buffer<Double>(count: samples.count, zeroed: true)
    try forEachBlock(report) { places, gradients in
      for (row, place) in places.enumerated() { norms.pointer[place] = gradients.norm(row) }
    }
    return Array(UnsafeBufferPointer(start: norms.pointer, count: samples.count))
  }

  /// Σₖ (vₖᵀgᵢ)²/(λₖ + δ) and Σₖ (vₖᵀgᵢ)² of every sample, by tangent passes: no gradient is formed.
  func squares(
    along inverse: LowRankInverse<Element>, _ report: @escaping @Sendable (Double) -> Void
  ) throws(Cancelled) -> (weighted: [Double], plain: [Double]) {
    let weighted = Buffer<Double>(count: samples.count, zeroed: true)
    let plain = Buffer<Double>(count: samples.count, zeroed: true)
    let values = inverse.values
    if values.isEmpty {
      let zeros = [Double](repeating: 0, count: samples.count)
      return (zeros, zeros)
    }
    let progress: @Sendable (Int, Int) -> Void = { report(Double($0) / Double(max(1, $1))) }
    // The vectors of a shard come in order, so the order of the sums is fixed.
    try network.forEachDirectionalDerivative(
      state, on: samples, along: VectorBlock(inverse.vectors), loss: loss, compute: compute,
      progress: progress
    ) { vector, places, derivatives in
      for (row, place) in places.enumerated() {
        let square = derivatives[row] * derivatives[row]
        plain.pointer[place] += square
        weighted.pointer[place] += square / values[vector]
      }
    }
    return (
      Array(UnsafeBufferPointer(start: weighted.pointer, count: samples.count)),
      Array(UnsafeBufferPointer(start: plain.pointer, count: samples.count))
    )
  }
}
