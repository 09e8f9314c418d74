import Tensor

/// The training passes: a stage that couples samples sees all shards at once. The steps between two such
/// stages run shard by shard, in parallel.
extension Program {
  func train(
    _ schedule: Schedule, _ step: TrainingStep<Element>, _ runs: PerShard<Run>
  ) throws(Cancelled) {
    var rest = schedule[...]
    while let next = rest.first {
      if let layer = stages[next.stage].coupled, next.action == .forward || next.action == .backward {
        try train(next, layer, step, runs)
        rest.removeFirst()
        continue
      }
      let alone = rest.prefix {
        stages[$0.stage].coupled == nil || !($0.action == .forward || $0.action == .backward)
      }
      try step.forEachShard { shard, lane in
        var run = runs[shard]
        run.gradient = step.gradient(ofLane: lane)
        for step in alone { self.run(step, run) }
      }
      rest = rest.dropFirst(alone.count)
    }
  }

  private func train(
    _ next: Step, _ layer: any CoupledLayer<Element>, _ step: TrainingStep<Element>, _ runs: PerShard<Run>
  ) throws(Cancelled) {
    let passes = runs.map { entering(next.stage, $0) }
    let x = runs.map { $0.memory.read(next.x[0]) }
    if next.action == .forward {
      let y = runs.map { $0.memory[next.y] }
      try layer.trainForward(step, passes, x: x, y: y)
      guard let activation = stages[next.stage].activation else { return }
      try step.forEachShard { shard, _ in activation.forward(y[shard], passes[shard].count * next.count) }
    } else {
      try layer.trainBackward(
        step, passes, x: x, dy: runs.map { $0.memory.read(next.dy) },
        dx: next.dx[0].isNone ? nil : runs.map { $0.memory[next.dx[0]] })
    }
  }
}
