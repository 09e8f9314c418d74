import Tensor

/// y = main(x) + shortcut(x). A shortcut of nil is the identity. The chain around applies the activation of
/// the sum.
///
/// Every pass runs the same pass of both branches and adds the results.
struct ResidualLayer<Element: Scalar>: CoupledLayer {
  let main: Chain<Element>
  let shortcut: Chain<Element>?

  var input: Shape { main.input }
  var output: Shape { main.output }

  final class Branches: Frame {
    let main: Frame
    let shortcut: Frame
    /// The main branch's output (or its tangent), if it is not written to its target at once.
    let mainOutput: Buffer<Element>
    /// The shortcut's output (or its tangent), if an activation reads it again.
    let shortcutOutput: Buffer<Element>
    /// The buffers of the branches' chains, in a workspace.
    let turns: Turns<Element>

    init(main: Frame, shortcut: Frame?, output: Int, shortcutOutput: Int, turns: Turns<Element>) {
      self.main = main
      self.shortcut = shortcut ?? Frame()
      mainOutput = Buffer(count: output)
      self.shortcutOutput = Buffer(count: shortcutOutput)
      self.turns = turns
    }
  }

  var weightTransforms: [WeightTransform<Element>] {
    main.weightTransforms + (shortcut?.weightTransforms ?? [])
  }

  func scratchCount(capacity: Int) -> Int {
    max(main.scratchCount(capacity: capacity), shortcut?.scratchCount(capacity: capacity) ?? 0)
  }

  var keptValues: Int {
    main.keptValues + (main.endsInLayer ? 0 : output.count)
      + (shortcut.map { $0.keptValues + ($0.endsInLayer ? 0 : output.count) } ?? 0)
  }

  func makeFrame(capacity: Int) -> Frame {
    let size = capacity * output.count
    return Branches(
      main: main.makeFrame(capacity: capacity), shortcut: shortcut?.makeFrame(capacity: capacity),
      output: main.endsInLayer ? 0 : size, shortcutOutput: shortcut?.endsInLayer ?? true ? 0 : size,
      turns: Turns())
  }

  func makeWorkspace(capacity: Int, turns: Turns<Element>) -> Frame {
    let size = capacity * output.count
    let nested = turns.nested
    nested.makeRoom(for: capacity * max(input.count, output.count))
    return Branches(
      main: main.makeWorkspace(capacity: capacity, turns: nested),
      shortcut: shortcut?.makeWorkspace(capacity: capacity, turns: nested),
      output: main.endsInLayer ? 0 : size, shortcutOutput: shortcut?.endsInLayer ?? true ? 0 : size,
      turns: nested)
  }

  private func kept(_ pass: Pass<Element>) -> Branches { unsafeDowncast(pass.frame, to: Branches.self) }
  private func used(_ pass: Pass<Element>) -> Branches { unsafeDowncast(pass.workspace, to: Branches.self) }

  private func inMain(_ pass: Pass<Element>) -> Pass<Element> {
    pass.entering(kept(pass).main, used(pass).main)
  }

  private func inShortcut(_ pass: Pass<Element>) -> Pass<Element> {
    pass.entering(kept(pass).shortcut, used(pass).shortcut)
  }

  /// The memory of the main branch's output. It is y, unless an activation needs memory of its own.
  private func mainTarget(
    _ branches: Branches, _ y: UnsafeMutablePointer<Element>
  ) -> UnsafeMutablePointer<Element> {
    main.endsInLayer ? y : branches.mainOutput.pointer
  }

  /// The memory of the shortcut's output, or of its tangent. It is kept only if an activation reads it again.
  private func shortcutTarget(_ pass: Pass<Element>, _ branches: Branches) -> UnsafeMutablePointer<Element> {
    shortcut?.endsInLayer == false ? branches.shortcutOutput.pointer : used(pass).turns.apart.pointer
  }

  private func addShortcut(
    _ count: Int, _ branches: Branches, _ part: UnsafeMutablePointer<Element>, _ x: UnsafePointer<Element>?,
    _ y: UnsafeMutablePointer<Element>
  ) {
    let n = count * output.count
    if !main.endsInLayer { y.update(from: branches.mainOutput.pointer, count: n) }
    if shortcut != nil {
      Element.add(part, y, n)
    } else if let x {
      Element.add(x, y, n)
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    main.forward(inMain(pass), x: x, y: mainTarget(kept(pass), y))
    let part = shortcutTarget(pass, kept(pass))
    shortcut?.forward(inShortcut(pass), x: x, y: part)
    addShortcut(pass.count, kept(pass), part, x, y)
  }

  func backward(
    _ pass: Pass<Element>, x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    let kept = kept(pass)
    main.backward(
      inMain(pass), x: x, y: UnsafePointer(kept.mainOutput.pointer), dy: dy, dx: dx, gradient: gradient)
    let n = pass.count * input.count
    if let shortcut {
      let part = dx == nil ? nil : used(pass).turns.apart.pointer
      shortcut.backward(
        inShortcut(pass), x: x, y: UnsafePointer(kept.shortcutOutput.pointer), dy: dy, dx: part,
        gradient: gradient)
      if let dx, let part { Element.add(part, dx, n) }
    } else if let dx {
      Element.add(dy, dx, n)
    }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    let kept = kept(pass)
    let used = used(pass)
    main.tangentForward(
      inMain(pass), v: v, x: x, y: UnsafePointer(kept.mainOutput.pointer), tx: tx, ty: mainTarget(used, ty))
    let part = shortcutTarget(pass, used)
    shortcut?.tangentForward(
      inShortcut(pass), v: v, x: x, y: UnsafePointer(kept.shortcutOutput.pointer), tx: tx,
      ty: part)
    addShortcut(pass.count, used, part, tx, ty)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>, tdy: UnsafePointer<Element>,
    tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let kept = kept(pass)
    let used = used(pass)
    main.tangentBackward(
      inMain(pass), v: v, x: x, y: UnsafePointer(kept.mainOutput.pointer), tx: tx,
      ty: UnsafePointer(used.mainOutput.pointer), dy: dy, tdy: tdy, tdx: tdx, product: product)
    let n = pass.count * input.count
    if let shortcut {
      let part = tdx == nil ? nil : used.turns.apart.pointer
      shortcut.tangentBackward(
        inShortcut(pass), v: v, x: x, y: UnsafePointer(kept.shortcutOutput.pointer), tx: tx,
        ty: UnsafePointer(used.shortcutOutput.pointer), dy: dy, tdy: tdy, tdx: part, product: product)
      if let tdx, let part { Element.add(part, tdx, n) }
    } else if let tdx {
      Element.add(tdy, tdx, n)
    }
  }

  // MARK: Training

  var coupled: (any CoupledLayer<Element>)? {
    main.couplesSamples || shortcut?.couplesSamples == true ? self : nil
  }

  func trainForward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    y: PerShard<UnsafeMutablePointer<Element>>
  ) throws(Cancelled) {
    let mainTargets = PerShard(passes.indices.map { mainTarget(kept(passes[$0]), y[$0]) })
    try main.trainForward(step, passes.map(inMain), x: x, y: mainTargets)
    let parts = passes.map { shortcutTarget($0, kept($0)) }
    try shortcut?.trainForward(step, passes.map(inShortcut), x: x, y: parts)
    try step.forEachShard { shard, _ in
      addShortcut(passes[shard].count, kept(passes[shard]), parts[shard], x[shard], y[shard])
    }
  }

  func trainBackward(
    _ step: TrainingStep<Element>, _ passes: PerShard<Pass<Element>>, x: PerShard<UnsafePointer<Element>>,
    dy: PerShard<UnsafePointer<Element>>, dx: PerShard<UnsafeMutablePointer<Element>>?
  ) throws(Cancelled) {
    try main.trainBackward(
      step, passes.map(inMain), x: x, y: passes.map { UnsafePointer(kept($0).mainOutput.pointer) }, dy: dy,
      dx: dx)
    let parts = dx == nil || shortcut == nil ? nil : passes.map { used($0).turns.apart.pointer }
    try shortcut?.trainBackward(
      step, passes.map(inShortcut), x: x, y: passes.map { UnsafePointer(kept($0).shortcutOutput.pointer) },
      dy: dy, dx: parts)
    guard let dx else { return }
    // The identity's ∂x is ∂y.
    let added = parts.map { $0.map { UnsafePointer($0) } } ?? dy
    try step.forEachShard { shard, _ in
      Element.add(added[shard], dx[shard], passes[shard].count * input.count)
    }
  }
}
