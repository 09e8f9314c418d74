/// The schedules of passes from the output to the inputs.
extension Wiring {
  /// The places of the gradients that the primal pass leaves of a stage: before its activation, and behind it.
  struct Primal: Sendable {
    var inner = Place.none
    var outer = Place.none
  }

  /// The backward pass.
  /// - Parameters:
  ///   - keeps: whether the gradients that products read stay in the record.
  ///   - toInput: whether ∂x of the network is written.
  /// - Returns: the steps, and the gradients that stay, a row for each stage.
  func backward(
    keeps: Bool, toInput: Bool = false, _ slots: inout [Int]
  ) -> (schedule: Schedule, primal: [Primal]) {
    var builder = ScheduleBuilder()
    var parts = GradientParts(self, toInput: toInput, input: .dx) { value in
      keeps && readsPrimal(value) && !isRemakable(value) ? .gradient(value) : nil
    }
    var primal = [Primal](repeating: Primal(), count: stages.count)
    parts.add(.end(.dy), to: output)
    for (index, stage) in stages.enumerated().reversed() {
      guard let gradient = parts.settle(stage.output, &builder) else { continue }
      let count = sizes[stage.output]
      var inner = gradient.place
      primal[index].outer = gradient.isOwn ? .none : inner
      if stage.activation != .none {
        if !gradient.isOwn {
          inner = parts.makeArray(stage.output, &builder)
          builder.copy(gradient.place, to: inner, count)
        }
        if keeps, stage.activation == .curved, !primal[index].outer.isKept, !isRemakable(stage.output) {
          primal[index].outer = .outer(stage.output)
          builder.copy(inner, to: .outer(stage.output), count)
        }
        builder.add(
          Step(action: .slope, stage: index, count: count, x: [outputPlace(stage.output)], y: inner))
      }
      primal[index].inner = inner
      switch stage.kind {
      case .sum: for input in stage.inputs { parts.add(inner, to: input) }
      case .map:
        parts.write(stage.inputs, &builder) { targets in
          Step(action: .pull, stage: index, dy: inner, dx: targets)
        }
      case .layer:
        parts.write(stage.inputs, &builder, always: stage.hasParameters) { targets in
          Step(
            action: .backward, stage: index, x: stage.inputs.map(outputPlace), y: outputPlace(stage.output),
            dy: inner, dx: targets)
        }
      }
    }
    if toInput { parts.settleInput(&builder) }
    for index in primal.indices {
      if !primal[index].inner.isKept { primal[index].inner = .none }
      if !primal[index].outer.isKept { primal[index].outer = .none }
    }
    return (builder.finish(&slots), primal)
  }

  /// The backward pass along a direction, after `backward(keeps: true)` and `tangentForward`.
  /// - Parameter primal: where that backward pass has left its gradients.
  func tangentBackward(_ primal: [Primal], toInput: Bool, _ slots: inout [Int]) -> Schedule {
    var builder = ScheduleBuilder()
    var parts = GradientParts(self, toInput: toInput, input: .tdx) { _ in nil }
    // The gradients of the primal pass that are made again: by value, behind its activation.
    var remade = [Place](repeating: .none, count: sizes.count)
    parts.add(.end(.tdy), to: output)
    for (index, stage) in stages.enumerated().reversed() {
      guard let gradient = parts.settle(stage.output, &builder) else { continue }
      let count = sizes[stage.output]
      let outer = primal[index].outer.isNone ? remade[stage.output] : primal[index].outer
      var dy = primal[index].inner
      var inner = gradient.place
      if stage.activation != .none {
        if !gradient.isOwn {
          inner = builder.makeArray(count)
          builder.copy(gradient.place, to: inner, count)
        }
        let y = outputPlace(stage.output)
        if stage.activation == .curved, hasTangent(stage.output) {
          builder.add(
            Step(
              action: .slopeTangent, stage: index, count: count, x: [y], y: inner,
              tx: [tangentPlace(stage.output)], dy: outer))
        } else {
          builder.add(Step(action: .slope, stage: index, count: count, x: [y], y: inner))
        }
        if dy.isNone, isRemakable(stage.output), readsPrimal(stage.output) {
          builder.add(Step(action: .slope, stage: index, count: count, x: [y], y: outer))
        }
      }
      if dy.isNone { dy = outer }
      switch stage.kind {
      case .sum:
        for input in stage.inputs {
          parts.add(inner, to: input)
          remade[input] = dy
        }
      case .map:
        parts.write(stage.inputs, &builder) { targets in
          Step(action: .pull, stage: index, dy: inner, dx: targets)
        }
        for input in stage.inputs where isRemakable(input) && readsPrimal(input) {
          remade[input] = builder.makeArray(sizes[input])
          builder.add(Step(action: .pull, stage: index, dy: dy, dx: [remade[input]]))
        }
      case .layer(let uses):
        // Without a tangent of the value, ∂y would only meet zeros. Any array of its size will do.
        if uses.gradient, dy.isNone, !hasTangent(stage.output) { dy = inner }
        parts.write(stage.inputs, &builder, always: stage.hasParameters) { targets in
          Step(
            action: .tangentBackward, stage: index, x: stage.inputs.map(outputPlace),
            y: outputPlace(stage.output), tx: stage.inputs.map(tangentPlace),
            ty: tangentPlace(stage.output), dy: dy, tdy: inner, dx: targets)
        }
      }
    }
    if toInput { parts.settleInput(&builder) }
    return builder.finish(&slots)
  }
}

/// The parts of gradients that readers of a value have given so far. A reader writes its part into memory of
/// the value or beside it, or it hands on an array that others read too. All parts are added when the stage
/// that gave the value is reached.
private struct GradientParts {
  private let wiring: Wiring
  private let toInput: Bool
  private let input: Place.End
  private let kept: (Int) -> Place?
  private var written: [Place]
  private var shared: [[Place]]

  /// - Parameter kept: the memory of a value's gradient that lasts beyond the pass; nil if there is none.
  init(_ wiring: Wiring, toInput: Bool, input: Place.End, kept: @escaping (Int) -> Place?) {
    self.wiring = wiring
    self.toInput = toInput
    self.input = input
    self.kept = kept
    written = Array(repeating: .none, count: wiring.sizes.count)
    shared = Array(repeating: [], count: wiring.sizes.count)
  }

  private func isNeeded(_ value: Int) -> Bool { wiring.needsGradient(value, toInput: toInput) }

  /// Memory for the gradient by a value.
  func makeArray(_ value: Int, _ builder: inout ScheduleBuilder) -> Place {
    value == Wiring.input ? .end(input) : kept(value) ?? builder.makeArray(wiring.sizes[value])
  }

  /// Takes an array that others read too.
  mutating func add(_ place: Place, to value: Int) { if isNeeded(value) { shared[value].append(place) } }

  /// Adds a step that writes a part for each of its inputs.
  /// - Parameter always: whether the step is made even if no part is asked for.
  mutating func write(
    _ values: [Int], _ builder: inout ScheduleBuilder, always: Bool = false, _ step: ([Place]) -> Step
  ) {
    var later: [(part: Place, value: Int)] = []
    let targets = values.map { value -> Place in
      guard isNeeded(value) else { return .none }
      if written[value].isNone {
        written[value] = makeArray(value, &builder)
        return written[value]
      }
      let part = builder.makeArray(wiring.sizes[value])
      later.append((part, value))
      return part
    }
    guard always || targets.contains(where: { !$0.isNone }) else { return }
    builder.add(step(targets))
    for (part, value) in later { builder.sum(part, into: written[value], wiring.sizes[value]) }
  }

  /// The gradient by a value, of which all readers have given their parts.
  /// - Returns: nil if there is none; `isOwn` if nobody else reads the array.
  mutating func settle(
    _ value: Int, _ builder: inout ScheduleBuilder
  ) -> (place: Place, isOwn: Bool)? {
    var parts = shared[value][...]
    if written[value].isNone {
      guard let first = parts.popFirst() else { return nil }
      if parts.isEmpty, value != Wiring.input { return (first, false) }
      written[value] = makeArray(value, &builder)
      builder.copy(first, to: written[value], wiring.sizes[value])
    }
    for part in parts { builder.sum(part, into: written[value], wiring.sizes[value]) }
    return (written[value], true)
  }

  /// Writes the gradient by the network's input.
  mutating func settleInput(_ builder: inout ScheduleBuilder) {
    if settle(Wiring.input, &builder) == nil {
      builder.add(
        Step(action: .clear, stage: 0, count: wiring.sizes[Wiring.input], y: .end(input)))
    }
  }
}
