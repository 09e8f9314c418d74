import Tensor

extension Program {
  /// The settings of a run besides its arrays.
  struct Run {
    /// For all stages; each gets its own memory from the shard's.
    var pass: Pass<Element>
    var memory: Memory
    /// The direction, in tangent passes.
    var v: UnsafePointer<Element>?
    /// Of the network's length, added to: the gradient or the product; nil if nobody asks.
    var gradient: UnsafeMutablePointer<Element>?
  }

  /// Runs the steps over one shard.
  func run(_ schedule: Schedule, _ run: Run) {
    for step in schedule { self.run(step, run) }
  }

  /// The pass for one stage.
  func entering(_ stage: Int, _ run: Run) -> Pass<Element> {
    run.pass.entering(run.memory.kept.frames[stage], run.memory.working.frames[stage])
  }

  func run(_ step: Step, _ run: Run) {
    let memory = run.memory
    let n = run.pass.count * step.count
    switch step.action {
    case .copy: memory[step.y].update(from: memory[step.x[0]], count: n)
    case .add: Element.add(memory[step.x[0]], memory[step.y], n)
    case .clear: memory[step.y].clear(n)
    case .activate: stages[step.stage].activation?.forward(memory[step.y], n)
    case .slope: stages[step.stage].activation?.slope(memory.read(step.x[0]), memory[step.y], n)
    case .slopeTangent:
      stages[step.stage].activation?.slopeTangent(
        memory.read(step.x[0]), ty: memory.read(step.tx[0]), dy: memory.read(step.dy), memory[step.y], n)
    case .forward: forward(step, run, n)
    case .backward: backward(step, run)
    case .tangentForward: tangentForward(step, run, n)
    case .tangentBackward: tangentBackward(step, run)
    case .pull:
      guard case .map(let map) = stages[step.stage].passes else { return }
      map.pull(entering(step.stage, run), dy: memory.read(step.dy), dx: memory[step.dx[0]])
    }
  }

  private func forward(_ step: Step, _ run: Run, _ n: Int) {
    let (pass, memory) = (entering(step.stage, run), run.memory)
    let y = memory[step.y]
    switch stages[step.stage].passes {
    case .layer(let layer): layer.forward(pass, x: memory.read(step.x[0]), y: y)
    case .map(let map): map.forward(pass, x: memory.read(step.x[0]), y: y)
    case .joint(let joint): joint.forward(pass, x: step.x.map(memory.read), y: y)
    case .sum: break
    }
    stages[step.stage].activation?.forward(y, n)
  }

  private func backward(_ step: Step, _ run: Run) {
    guard let gradient = run.gradient else { preconditionFailure("A backward pass gives a gradient.") }
    let (pass, memory) = (entering(step.stage, run), run.memory)
    let dy = memory.read(step.dy)
    switch stages[step.stage].passes {
    case .layer(let layer):
      layer.backward(
        pass, x: memory.read(step.x[0]), dy: dy, dx: memory.optional(step.dx[0]), gradient: gradient)
    case .joint(let joint):
      joint.backward(
        pass, x: step.x.map(memory.optionalRead), y: memory.optionalRead(step.y), dy: dy,
        dx: step.dx.map(memory.optional), gradient: gradient)
    case .map, .sum: break
    }
  }

  private func direction(_ run: Run) -> UnsafePointer<Element> {
    guard let v = run.v else { preconditionFailure("A tangent pass has a direction.") }
    return v
  }

  private func tangentForward(_ step: Step, _ run: Run, _ n: Int) {
    let (pass, memory) = (entering(step.stage, run), run.memory)
    let ty = memory[step.ty]
    switch stages[step.stage].passes {
    case .layer(let layer):
      layer.tangentForward(
        pass, v: direction(run), x: memory.read(step.x[0]), tx: memory.optionalRead(step.tx[0]), ty: ty)
    case .map(let map): map.push(pass, tx: memory.read(step.tx[0]), ty: ty)
    case .joint(let joint):
      joint.tangentForward(
        pass, v: direction(run), x: step.x.map(memory.optionalRead), y: memory.optionalRead(step.y),
        tx: step.tx.map(memory.optionalRead), ty: ty)
    case .sum: break
    }
    if let activation = stages[step.stage].activation { activation.slope(memory.read(step.y), ty, n) }
  }

  private func tangentBackward(_ step: Step, _ run: Run) {
    let (pass, memory) = (entering(step.stage, run), run.memory)
    switch stages[step.stage].passes {
    case .layer(let layer):
      layer.tangentBackward(
        pass, v: direction(run), x: memory.read(step.x[0]), tx: memory.optionalRead(step.tx[0]),
        dy: memory.read(step.dy), tdy: memory.read(step.tdy), tdx: memory.optional(step.dx[0]),
        product: run.gradient)
    case .joint(let joint):
      joint.tangentBackward(
        pass, v: direction(run), x: step.x.map(memory.optionalRead), y: memory.optionalRead(step.y),
        tx: step.tx.map(memory.optionalRead), ty: memory.optionalRead(step.ty),
        dy: memory.optionalRead(step.dy), tdy: memory.read(step.tdy), tdx: step.dx.map(memory.optional),
        product: run.gradient)
    case .map, .sum: break
    }
  }
}
