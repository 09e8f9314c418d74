import Tensor

/// A recurrent layer over its projected inputs x: with a = h₋Wᵀ + b, (k, h) = cell(x, a, k₋, h₋) step by step from
/// zeros (Werbos 1990 for the way back).
///
/// - backward, from the last step to the first: ∂h gets the parts of ∂y and of the step after; ∂x and ∂a follow.
///   ∂W = Σ ∂aᵀh₋, ∂b = Σ ∂a.
/// - tangentForward: ȧ = h₋Vᵀ + ḣ₋Wᵀ + v_b.
/// - tangentBackward: ∂ḣ gets ∂ȧW + ∂aV of the step after; product W: Σ ∂ȧᵀh₋ + ∂aᵀḣ₋, product b: Σ ∂ȧ.
///
/// tangentBackward goes the way of backward again, so of the primal passes only k and h are kept. Arrays are samples
/// × steps × values.
struct RecurrenceLayer<Element: Scalar>: Joint {
  typealias Read = UnsafePointer<Element>
  typealias Write = UnsafeMutablePointer<Element>

  let options: PlacedRecurrence

  var outputCount: Int { options.value.count }
  var hasParameters: Bool { true }
  var uses: LayerUses { LayerUses(inputs: false, output: true) }
  var keptValues: Int { steps * cell.kept }

  private var cell: RecurrentCell { options.cell }
  private var steps: Int { options.steps }
  private var units: Int { cell.units }
  private var gates: Int { cell.gates }

  /// Values of k, or of k̇, of all samples and steps.
  private final class States: Frame {
    let values: Buffer<Element>
    init(_ count: Int) { values = Buffer(count: count) }
  }

  func makeFrame(capacity: Int) -> Frame { States(capacity * keptValues) }
  func makeWorkspace(capacity: Int, spares: Spares<Element>) -> Frame { States(capacity * keptValues) }

  /// Two arrays of gates and two of states over all steps, and four arrays of states of one step.
  func scratchCount(capacity: Int) -> Int { capacity * (2 * steps * (gates + units) + 4 * units) }

  private func states(_ frame: Frame) -> Write {
    guard let states = frame as? States else { preconditionFailure("The frame is the layer's own.") }
    return states.values.pointer
  }

  /// The steps in the order in which they are made.
  private var order: [Int] { options.isReverse ? Array((0..<steps).reversed()) : Array(0..<steps) }

  /// The step before another in that order; nil for the first.
  private func before(_ step: Int) -> Int? {
    let before = options.isReverse ? step + 1 : step - 1
    return (0..<steps).contains(before) ? before : nil
  }

  /// The states before each step.
  private func shifted(_ pass: Pass<Element>, _ h: Read, into target: Write) {
    for sample in 0..<pass.count {
      let (source, row) = (h + sample * steps * units, target + sample * steps * units)
      if options.isReverse {
        row.update(from: source + units, count: (steps - 1) * units)
        (row + (steps - 1) * units).clear(units)
      } else {
        (row + units).update(from: source, count: (steps - 1) * units)
        row.clear(units)
      }
    }
  }

  /// a ← βa + hWᵀ of one step.
  private func project(
    _ pass: Pass<Element>, _ h: Read, _ vector: Read, _ beta: Element, _ a: Write, step: Int
  ) {
    Element.gemm(
      false, true, pass.count, gates, units, 1, h, steps * units, vector + options.weights, units, beta, a,
      step)
  }

  /// dh ← dh + ∂aW of one step.
  private func pull(_ pass: Pass<Element>, _ da: Read, _ vector: Read, _ dh: Write) {
    Element.gemm(
      false, false, pass.count, units, gates, 1, da, steps * gates, vector + options.weights, units, 1, dh,
      units)
  }

  /// dh ← ∂y of one step.
  private func takeStep(_ pass: Pass<Element>, _ dy: Read, _ step: Int, into dh: Write) {
    for sample in 0..<pass.count {
      (dh + sample * units).update(from: dy + (sample * steps + step) * units, count: units)
    }
  }

  /// Adds Σ ∂aᵀh₋, and Σ ∂a if there are biases.
  private func addWeights(
    _ pass: Pass<Element>, _ da: Read, _ before: Read, bias: Bool, to gradient: Write
  ) {
    let rows = pass.count * steps
    Element.gemm(
      true, false, gates, units, rows, 1, da, gates, before, units, 1, gradient + options.weights, units)
    if bias, let offset = options.bias { Element.sumRows(da, gradient + offset, rows, gates) }
  }

  func forward(_ pass: Pass<Element>, x: [Read], y: Write) {
    let (k, a) = (states(pass.frame), pass.scratch)
    for step in order {
      let before = before(step).map { (h: Read(y + $0 * units), k: Read(k + $0 * cell.kept)) }
      if let bias = options.bias {
        Element.broadcastRows(pass.parameters + bias, a, pass.count, gates)
      } else {
        a.clear(pass.count * gates)
      }
      if let before { project(pass, before.h, pass.parameters, 1, a, step: gates) }
      cell.step(
        pass.count, x: .init(x[0] + step * gates, step: steps * gates), a: .init(Read(a), step: gates),
        before: before, k: .init(k + step * cell.kept, step: keptValues),
        h: .init(y + step * units, step: steps * units))
    }
  }

  /// Writes ∂a of all steps into scratch memory, and ∂x if somebody asks. Returns memory behind ∂a for the states
  /// before each step.
  private func goBack(_ pass: Pass<Element>, _ y: Read, _ dy: Read, _ dx: Write?) -> (
    da: Write, before: Write
  ) {
    let k = Read(states(pass.frame))
    let da = pass.scratch
    let before = da + pass.count * steps * gates
    let dh = before + pass.count * steps * units
    let carry = dh + pass.count * units
    carry.clear(pass.count * units)
    var after: Int?
    for step in order.reversed() {
      takeStep(pass, dy, step, into: dh)
      if let after { pull(pass, da + after * gates, pass.parameters, dh) }
      cell.backward(
        pass.count, before: self.before(step).map { (y + $0 * units, k + $0 * cell.kept) },
        hStep: steps * units, k: .init(k + step * cell.kept, step: keptValues), dh: dh, carry: carry,
        dx: .init(dx.map { $0 + step * gates }, step: steps * gates),
        da: .init(da + step * gates, step: steps * gates))
      after = step
    }
    return (da, before)
  }

  func backward(_ pass: Pass<Element>, x: [Read?], y: Read?, dy: Read, dx: [Write?], gradient: Write) {
    guard let y else { return }
    let (da, before) = goBack(pass, y, dy, dx[0])
    shifted(pass, y, into: before)
    addWeights(pass, da, before, bias: true, to: gradient)
  }

  func tangentForward(_ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Write) {
    guard let y else { return }
    let (k, tk) = (Read(states(pass.frame)), states(pass.workspace))
    let ta = pass.scratch
    let before = ta + pass.count * steps * gates
    let rows = pass.count * steps
    shifted(pass, y, into: before)
    if let bias = options.bias {
      Element.broadcastRows(v + bias, ta, rows, gates)
    } else {
      ta.clear(rows * gates)
    }
    Element.gemm(
      false, true, rows, gates, units, 1, before, units, v + options.weights, units, 1, ta, gates)
    for step in order {
      let before = self.before(step).map { place in
        (
          h: y + place * units, k: k + place * cell.kept, th: Read(ty + place * units),
          tk: Read(tk + place * cell.kept)
        )
      }
      if let before {
        project(pass, before.th, pass.parameters, 1, ta + step * gates, step: steps * gates)
      }
      cell.tangent(
        pass.count, tx: .init(tx[0].map { $0 + step * gates }, step: steps * gates),
        ta: .init(Read(ta + step * gates), step: steps * gates), before: before, k: k + step * cell.kept,
        tk: .init(tk + step * cell.kept, step: keptValues),
        th: .init(ty + step * units, step: steps * units))
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: Read, x: [Read?], y: Read?, tx: [Read?], ty: Read?, dy: Read?, tdy: Read,
    tdx: [Write?], product: Write?
  ) {
    guard let y else { return }
    guard let ty, let dy else {
      // Neither the inputs nor the weights have a tangent.
      _ = goBack(pass, y, tdy, tdx[0])
      return
    }
    let (k, tk) = (Read(states(pass.frame)), Read(states(pass.workspace)))
    let rows = pass.count * steps
    let (da, tda) = (pass.scratch, pass.scratch + rows * gates)
    let (before, tbefore) = (tda + rows * gates, tda + rows * (gates + units))
    let dh = tbefore + rows * units
    let (tdh, carry) = (dh + pass.count * units, dh + 2 * pass.count * units)
    let tcarry = carry + pass.count * units
    carry.clear(2 * pass.count * units)
    var after: Int?
    for step in order.reversed() {
      takeStep(pass, dy, step, into: dh)
      takeStep(pass, tdy, step, into: tdh)
      if let after {
        pull(pass, da + after * gates, pass.parameters, dh)
        pull(pass, tda + after * gates, pass.parameters, tdh)
        pull(pass, da + after * gates, v, tdh)
      }
      cell.backwardTangent(
        pass.count,
        before: self.before(step).map { place in
          (y + place * units, k + place * cell.kept, ty + place * units, tk + place * cell.kept)
        }, hStep: steps * units, k: (k + step * cell.kept, tk + step * cell.kept), kStep: keptValues,
        dh: (Read(dh), Read(tdh)), carry: (carry, tcarry),
        tdx: .init(tdx[0].map { $0 + step * gates }, step: steps * gates),
        da: (da + step * gates, tda + step * gates), daStep: steps * gates)
      after = step
    }
    guard let product else { return }
    shifted(pass, y, into: before)
    shifted(pass, ty, into: tbefore)
    addWeights(pass, tda, before, bias: true, to: product)
    addWeights(pass, da, tbefore, bias: false, to: product)
  }
}
