import Tensor

/// The training passes: a stage that couples samples sees all shards at once, the others pass them in parallel.
extension Chain {
  func trainForward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafeMutablePointer<Element>]
  ) throws(Cancelled) {
    var sources = x
    for (index, stage) in stages.enumerated() {
      let targets = passes.indices.map { outputTarget(passes[$0], index, y[$0]) }
      let inner = passes.map { entering($0, index) }
      let arrays = ShardArrays(x: sources, y: targets)
      if stage.layer.couplesSamples {
        try stage.layer.trainForward(step, inner, x: sources, y: targets)
        if stage.activation != .identity {
          try step.forEachShard { shard, _ in
            stage.activation.forward(arrays.y[shard], inner[shard].count * stage.layer.output.count)
          }
        }
      } else {
        try step.forEachShard { shard, _ in
          stage.layer.forward(inner[shard], x: arrays.x[shard], y: arrays.y[shard])
          stage.activation.forward(arrays.y[shard], inner[shard].count * stage.layer.output.count)
        }
      }
      sources = targets.map { UnsafePointer($0) }
    }
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?
  ) throws(Cancelled) {
    try trainBackward(step, passes, x: x, y: nil, dy: dy, dx: dx)
  }

  /// - Parameter y: the chain's outputs; needed where it ends in an activation.
  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], x: [UnsafePointer<Element>],
    y: [UnsafePointer<Element>]?, dy: [UnsafePointer<Element>], dx: [UnsafeMutablePointer<Element>]?
  ) throws(Cancelled) {
    var incoming = dy
    for index in stages.indices.reversed() {
      let stage = stages[index]
      let sources = passes.indices.map { source(passes[$0], index, x[$0]) }
      let inner = passes.map { entering($0, index) }
      // Before the targets are taken: this may take a turn of its own, and the target must be the other buffer.
      let gradients = try throughActivations(step, passes, index, y: y, incoming)
      let targets = index == 0 ? dx : passes.map { gradientTarget($0, index - 1) }
      if stage.layer.couplesSamples {
        try stage.layer.trainBackward(step, inner, x: sources, dy: gradients, dx: targets)
      } else {
        let arrays = ShardArrays(x: sources, y: [], dy: gradients, dx: targets)
        try step.forEachShard { shard, lane in
          stage.layer.backward(
            inner[shard], x: arrays.x[shard], dy: arrays.dy[shard], dx: arrays.dx?[shard],
            gradient: step.gradients[lane])
        }
      }
      if let targets { incoming = targets.map { UnsafePointer($0) } }
    }
  }

  /// ∂zᵢ of every shard from its ∂aᵢ.
  private func throughActivations(
    _ step: TrainingStep<Element>, _ passes: [Pass<Element>], _ index: Int, y: [UnsafePointer<Element>]?,
    _ incoming: [UnsafePointer<Element>]
  ) throws(Cancelled) -> [UnsafePointer<Element>] {
    guard stages[index].activation != .identity else { return incoming }
    let arrays = ShardArrays(x: y ?? [], y: [], dy: incoming)
    let through = Disjoint(UnsafeMutablePointer<UnsafePointer<Element>>.allocate(capacity: passes.count))
    defer { through.pointer.deallocate() }
    try step.forEachShard { shard, _ in
      (through.pointer + shard).initialize(
        to: throughActivation(
          passes[shard], index, y: arrays.x.isEmpty ? nil : arrays.x[shard], arrays.dy[shard]))
    }
    return Array(UnsafeBufferPointer(start: through.pointer, count: passes.count))
  }
}
