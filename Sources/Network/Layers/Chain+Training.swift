import Tensor

/// The training passes: a stage that couples samples sees all shards at once, the others pass them in
/// parallel.
extension Chain {
  /// - Parameter y: receives the chain's output.
  func trainForward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafeMutablePointer<Element>>
  ) throws(Cancelled) {
    var sources = x
    for (index, stage) in stages.enumerated() {
      let targets = PerShard(passes.indices.map { outputTarget(passes[$0], index, y[$0]) })
      let inner = passes.map { entering($0, index) }
      if let coupled = stage.coupled {
        try coupled.trainForward(step, inner, x: sources, y: targets)
        if let activation = stage.activation {
          try step.forEachShard { shard, _ in activation.forward(targets[shard], count(inner[shard], index)) }
        }
      } else {
        let sources = sources
        try step.forEachShard { shard, _ in
          forward(inner[shard], index, x: sources[shard], y: targets[shard])
        }
      }
      sources = targets.map { UnsafePointer($0) }
    }
  }

  /// - Parameters:
  ///   - y: the chain's outputs; needed if the chain ends in an activation.
  ///   - dx: receives ∂x; nil if nobody asks.
  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafePointer<Element>>, dy: PerShard<UnsafePointer<Element>>,
    dx: PerShard<UnsafeMutablePointer<Element>>?
  ) throws(Cancelled) {
    var incoming = dy
    var own: PerShard<UnsafeMutablePointer<Element>>?
    for (index, stage) in stages.enumerated().reversed() {
      let inner = passes.map { entering($0, index) }
      // Before the targets are taken: this may take a turn of its own, and the target must be the other
      // buffer.
      if stage.activation != nil {
        let gradients = own ?? passes.map { gradientTarget($0, index) }
        let outer = incoming
        try step.forEachShard { shard, _ in
          throughActivation(passes[shard], index, y: y[shard], from: outer[shard], into: gradients[shard])
        }
        incoming = gradients.map { UnsafePointer($0) }
      }
      let gradients = incoming
      let targets = index == 0 ? dx : passes.map { gradientTarget($0, index - 1) }
      let sources =
        stage.isFixedMap ? nil : PerShard(passes.indices.map { source(passes[$0], index, x[$0]) })
      if let coupled = stage.coupled, let sources {
        try coupled.trainBackward(step, inner, x: sources, dy: gradients, dx: targets)
      } else {
        try step.forEachShard { shard, lane in
          backward(
            inner[shard], index, x: sources?[shard], dy: gradients[shard], dx: targets?[shard],
            gradient: step.gradient(ofLane: lane))
        }
      }
      own = targets
      if let targets { incoming = targets.map { UnsafePointer($0) } }
    }
  }
}
