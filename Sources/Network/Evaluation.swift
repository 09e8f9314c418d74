import Tensor

/// Losses and correctness of a network on a set of samples.
public struct Evaluation: Sendable {
  /// ℓ of every sample, without weight decay.
  public var losses: [Double]
  /// 1 where the network names the right class, else 0, for each sample. Of several positions or labels a sample
  /// it is the share that is right. Empty for regression.
  public var correctness: [Double]

  /// The mean of the losses; NaN for no samples.
  public var meanLoss: Double {
    losses.withUnsafeBufferPointer { $0.baseAddress.map { Double.sum($0, losses.count) } ?? 0 }
      / Double(losses.count)
  }

  /// The share of samples read right; nil for regression or no samples.
  public var accuracy: Double? {
    correctness.isEmpty ? nil : correctness.reduce(0, +) / Double(correctness.count)
  }

  /// The evaluation of the samples at the given places.
  public func selecting(_ places: [Int]) -> Evaluation {
    Evaluation(
      losses: places.map { losses[$0] },
      correctness: correctness.isEmpty ? [] : places.map { correctness[$0] })
  }
}

extension Network {
  /// Losses and correctness on samples, by a forward pass with running statistics.
  /// - Parameter outputs: called with every row of outputs (place, row) from several threads; nil if outputs
  ///   are not wanted.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func evaluate(
    _ state: NetworkState<Element>, on samples: Samples, loss: Loss, compute: Compute,
    outputs: (@Sendable (Int, UnsafeBufferPointer<Element>) -> Void)? = nil
  ) throws(Cancelled) -> Evaluation {
    let losses = Buffer<Double>(count: samples.count, zeroed: true)
    let correctness = Buffer<Double>(count: samples.count, zeroed: true)
    let columns = architecture.output.count
    try forward(state, on: samples, compute: compute) { record in
      loss.evaluate(
        record.output.pointer, columns: columns, targets: samples.targets, range: record.range,
        losses: losses.pointer + record.range.lowerBound, gradient: nil, scale: 1)
      for (row, place) in record.range.enumerated() {
        let f = UnsafePointer(record.output.pointer + row * columns)
        correctness.pointer[place] = loss.correctness(
          f, columns: columns, targets: samples.targets, range: place..<place + 1)
        outputs?(place, UnsafeBufferPointer(start: f, count: columns))
      }
    }
    return Evaluation(
      losses: Array(UnsafeBufferPointer(start: losses.pointer, count: samples.count)),
      correctness: loss.judges(samples.targets)
        ? Array(UnsafeBufferPointer(start: correctness.pointer, count: samples.count)) : [])
  }

  /// Runs the forward pass over all samples. Calls `body` with each shard, from several threads.
  private func forward(
    _ state: NetworkState<Element>, on samples: Samples, compute: Compute,
    _ body: @Sendable (ShardRecord<Element>) -> Void
  ) throws(Cancelled) {
    let plan = ShardPlan(count: samples.count, of: self)
    try state.withPointers(in: folded, Operand(folded), compute) { pointers throws(Cancelled) in
      try plan.forEachShard(with: plan.places(folded), compute) { _, range, place in
        place.record.load(samples, range, pointers, place.workspace, keeps: false)
        body(place.record)
      }
    }
  }
}
