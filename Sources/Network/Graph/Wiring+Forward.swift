/// The schedules of passes from the input to the output.
extension Wiring {
  /// The forward pass.
  /// - Parameter keeps: whether values stay for later passes; else memory is used again as soon as it can be.
  func forward(keeps: Bool, _ slots: inout [Int]) -> Schedule {
    let storage = storage { keeps && keepsOutput($0) }
    var builder = ScheduleBuilder()
    var places = [Place](repeating: .none, count: sizes.count)
    places[Self.input] = .end(.x)
    for (index, stage) in stages.enumerated() {
      let y = target(stage.output, storage, &places, &builder) { value in
        keeps && keepsOutput(value) ? .output(value) : nil
      }
      switch stage.kind {
      case .layer, .map:
        builder.add(
          Step(
            action: .forward, stage: index, count: sizes[stage.output], x: stage.inputs.map { places[$0] },
            y: y))
      case .sum:
        addSum(stage.inputs.map { places[$0] }, into: y, sizes[stage.output], &builder)
        if stage.activation != .none {
          builder.add(Step(action: .activate, stage: index, count: sizes[stage.output], y: y))
        }
      }
    }
    return builder.finish(&slots)
  }

  /// The place of every value that the forward pass leaves.
  func outputPlace(_ value: Int) -> Place {
    value == Self.input ? .end(.x) : value == output ? .end(.y) : keepsOutput(value) ? .output(value) : .none
  }

  /// The place of every tangent that `tangentForward` leaves.
  func tangentPlace(_ value: Int) -> Place {
    guard hasTangent(value) else { return .none }
    return value == output ? .end(.ty) : keepsTangent(value) ? .tangent(value) : .none
  }

  /// The pass along a direction. It reads what `forward(keeps: true)` has kept.
  func tangentForward(_ slots: inout [Int]) -> Schedule {
    let storage = storage(keepsTangent)
    var builder = ScheduleBuilder()
    var places = [Place](repeating: .none, count: sizes.count)
    for (index, stage) in stages.enumerated() where hasTangent(stage.output) {
      let ty = target(stage.output, storage, &places, &builder, end: .ty) { value in
        keepsTangent(value) ? .tangent(value) : nil
      }
      let tx = stage.inputs.map { places[$0] }
      let count = sizes[stage.output]
      switch stage.kind {
      case .layer, .map:
        builder.add(
          Step(
            action: .tangentForward, stage: index, count: count, x: stage.inputs.map(outputPlace),
            y: outputPlace(stage.output), tx: tx, ty: ty))
      case .sum:
        addSum(tx.filter { !$0.isNone }, into: ty, count, &builder)
        if stage.activation != .none {
          builder.add(
            Step(action: .slope, stage: index, count: count, x: [outputPlace(stage.output)], y: ty))
        }
      }
    }
    if !hasTangent(output) {
      builder.add(Step(action: .clear, stage: 0, count: sizes[output], y: .end(.ty)))
    }
    return builder.finish(&slots)
  }

  /// The place that a stage writes its value to.
  private func target(
    _ value: Int, _ storage: [Int], _ places: inout [Place], _ builder: inout ScheduleBuilder,
    end: Place.End = .y, _ kept: (Int) -> Place?
  ) -> Place {
    let owner = storage[value]
    if places[owner].isNone {
      places[owner] = owner == output ? .end(end) : kept(owner) ?? builder.makeArray(sizes[owner])
    }
    places[value] = places[owner]
    return places[value]
  }

  private func addSum(_ parts: [Place], into y: Place, _ count: Int, _ builder: inout ScheduleBuilder) {
    var parts = parts
    if let own = parts.firstIndex(of: y) {
      parts.remove(at: own)
    } else if !parts.isEmpty {
      builder.copy(parts.removeFirst(), to: y, count)
    }
    for part in parts { builder.sum(part, into: y, count) }
  }
}
