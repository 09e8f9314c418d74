import Tensor

/// The training passes. A stage that couples samples gets all shards at once. Other stages run shards in
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
  ///   - dx: receives ∂x; nil if not wanted.
  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafePointer<Element>>, dy: PerShard<UnsafePointer<Element>>,
    dx: PerShard<UnsafeMutablePointer<Element>>?
  ) throws(Cancelled) {
    var incoming = dy
    var own: PerShard<UnsafeMutablePointer<Element>>?
    for (index, stage) in stages.enumerated().reversed() {
      let inner = passes.map { entering($0, index) }
      // This comes before the targets are taken: it may take a buffer itself, and the target must be the
      // other one.
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
