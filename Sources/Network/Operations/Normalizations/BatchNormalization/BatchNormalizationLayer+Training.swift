import Tensor

/// The training passes. The statistics are those of the whole minibatch. They are summed over all shards, in
/// the order of the shards, before any shard goes on.
extension BatchNormalizationLayer {
  func trainForward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafeMutablePointer<Element>>
  ) throws(Cancelled) {
    let total = passes.indices.reduce(0) { $0 + passes[$1].count } * input.positions
    let mean = try sums(step, passes) { pass, shard, sums in
      Element.sumRows(x[shard], sums, pass.count * input.positions, channels)
    }.map { $0 / Double(total) }
    let centre = mean.map { Element($0) }
    // The second moment is taken about the mean, because E[x²] − mean² would cancel.
    let variance = try sums(step, passes) { pass, shard, sums in
      let rows = pass.count * input.positions
      let squares = Buffer<Element>(count: rows * channels)
      let ones = [Element](repeating: 1, count: channels)
      let shift = centre.map { -$0 }
      Element.affineRows(x[shard], ones, shift, squares.pointer, rows, channels)
      Element.centredDotRows(x[shard], centre, squares.pointer, sums, rows, channels)
    }.map { $0 / Double(total) }

    let unbiased = Double(total) / Double(max(1, total - 1))
    for c in 0..<channels {
      let means = step.statistics.pointer + options.mean
      let variances = step.statistics.pointer + options.variance
      let rate = options.momentum
      means[c] = Element((1 - rate) * Double(means[c]) + rate * mean[c])
      variances[c] = Element((1 - rate) * Double(variances[c]) + rate * variance[c] * unbiased)
    }
    let inverse = variance.map { Element(1 / ($0 + options.epsilon).squareRoot()) }
    try step.forEachShard { shard, _ in
      let kept = unsafeDowncast(passes[shard].frame, to: BatchStatistics.self)
      kept.mean.pointer.update(from: centre, count: channels)
      kept.inverse.pointer.update(from: inverse, count: channels)
      normalize(
        passes[shard], mean: kept.mean.pointer, inverse: kept.inverse.pointer, x[shard],
        y[shard])
    }
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    dy: PerShard<UnsafePointer<Element>>, dx: PerShard<UnsafeMutablePointer<Element>>?
  ) throws(Cancelled) {
    let total = Double(passes.indices.reduce(0) { $0 + passes[$1].count } * input.positions)
    let shift = try sums(step, passes) { pass, shard, sums in
      Element.sumRows(dy[shard], sums, pass.count * input.positions, channels)
    }
    let kept = unsafeDowncast(passes[0].frame, to: BatchStatistics.self)
    let slope = try sums(step, passes) { pass, shard, sums in
      let kept = unsafeDowncast(pass.frame, to: BatchStatistics.self)
      Element.centredDotRows(
        x[shard], kept.mean.pointer, dy[shard], sums, pass.count * input.positions, channels)
    }
    let gradient = step.gradient(ofLane: 0)
    // ∂x = a·∂y + b·x + c for each channel.
    var a = [Element](repeating: 0, count: channels)
    var b = a
    var c = a
    for channel in 0..<channels {
      let inverse = Double(kept.inverse.pointer[channel])
      let gammaGradient = slope[channel] * inverse
      if let scale = options.scale { gradient[scale + channel] += Element(gammaGradient) }
      if let offset = options.shift { gradient[offset + channel] += Element(shift[channel]) }
      let factor = Double(gamma(passes[0], channel)) * inverse
      let tilt = -factor * gammaGradient * inverse / total
      a[channel] = Element(factor)
      b[channel] = Element(tilt)
      c[channel] = Element(-factor * shift[channel] / total - tilt * Double(kept.mean.pointer[channel]))
    }
    guard dx != nil else { return }
    let (slopes, tilts, offsets) = (a, b, c)
    let zero = [Element](repeating: 0, count: channels)
    try step.forEachShard { shard, _ in
      guard let dx = dx?[shard] else { return }
      let rows = passes[shard].count * input.positions
      Element.affineRows(dy[shard], slopes, offsets, dx, rows, channels)
      Element.affineRowsAdd(x[shard], tilts, zero, dx, rows, channels)
    }
  }

  /// Sums every channel over all shards: each shard sums into a row of its own, and the rows are added in
  /// order in `Double`.
  private func sums(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>,
    _ body: @Sendable (Pass<Element>, Int, UnsafeMutablePointer<Element>) -> Void
  ) throws(Cancelled) -> [Double] {
    let rows = Buffer<Element>(count: passes.indices.count * channels, zeroed: true)
    try step.forEachShard { shard, _ in body(passes[shard], shard, rows.pointer + shard * channels) }
    var total = [Double](repeating: 0, count: channels)
    for shard in passes.indices {
      for c in 0..<channels { total[c] += Double(rows.pointer[shard * channels + c]) }
    }
    return total
  }
}
