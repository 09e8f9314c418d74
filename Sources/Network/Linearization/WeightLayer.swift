import Tensor

/// The weights of one layer, or some of their rows, and how they are prepared for passes.
struct WeightLayer<Element: Scalar>: Sendable {
  /// Offset of the weights: `neurons` rows of `fanIn`.
  let weights: Int
  let neurons: Int
  let fanIn: Int
  /// Offset of the biases, if there are any.
  let bias: Int?
  let fold: NormalizationFold?
  /// The transform, for as many output channels as there are rows; nil if the layer uses plain weights.
  let winograd: Winograd<Element>?
  /// The rows that are read, ascending; nil for all.
  let chosen: [Int32]?
  /// Whether passes can run over some of the rows alone.
  var isNarrowable = true

  var rows: Int { chosen?.count ?? neurons }

  /// Places in θ that are prepared row by row.
  var ranges: [Range<Int>] {
    let own = [weights..<weights + neurons * fanIn]
    guard let fold else { return own }
    return own + [fold.scale..<fold.scale + 2 * neurons] + (bias.map { [$0..<$0 + neurons] } ?? [])
  }

  /// The rows that a subset of θ has here: rows with a weight, the bias or the normalization in the subset.
  func touched(by marks: [Bool]) -> [Int] {
    (0..<neurons).filter { c in
      let start = weights + c * fanIn
      if marks[start..<start + fanIn].contains(true) { return true }
      if let bias, marks[bias + c] { return true }
      if let fold, marks[fold.scale + c] || marks[fold.shift + c] { return true }
      return false
    }
  }

  /// The layer with some rows alone, if they are few enough for a gain.
  func narrowed(to rows: [Int32]) -> WeightLayer {
    guard isNarrowable, 2 * rows.count <= neurons else { return self }
    return WeightLayer(
      weights: weights, neurons: neurons, fanIn: fanIn, bias: bias, fold: fold,
      winograd: winograd.flatMap {
        Winograd(window: $0.window, outputChannels: rows.count, tile: $0.tile)
      }, chosen: rows)
  }

  private func channel(_ place: Int) -> Int { chosen.map { Int($0[place]) } ?? place }

  /// Prepares rows of θ, or of a direction v at θ, by their places.
  func prepare(
    _ places: Range<Int>, _ theta: UnsafePointer<Element>, running: UnsafePointer<Element>,
    direction: UnsafePointer<Element>?, _ operand: Operand<Element>
  ) {
    let values = operand.values.pointer
    let winograd = operand.transformed == nil ? nil : winograd
    if fold == nil, chosen == nil, let winograd {
      winograd.transformWeights(
        (direction ?? theta) + weights, rows: places, into: operand.transformed(weights))
      return
    }
    guard let winograd else {
      return fill(
        places, theta, running, direction, values, rows: values + weights + places.lowerBound * fanIn)
    }
    // Layers read only the transform of these weights, so φ itself is not filled.
    withUnsafeTemporaryAllocation(of: Element.self, capacity: places.count * fanIn) { scratch in
      guard let base = scratch.baseAddress else { return }
      fill(places, theta, running, direction, values, rows: base)
      winograd.transformWeights(
        base - places.lowerBound * fanIn, rows: places, into: operand.transformed(weights))
    }
  }

  private func fill(
    _ places: Range<Int>, _ theta: UnsafePointer<Element>, _ running: UnsafePointer<Element>,
    _ direction: UnsafePointer<Element>?, _ values: UnsafeMutablePointer<Element>,
    rows: UnsafeMutablePointer<Element>
  ) {
    let source = direction ?? theta
    for place in places {
      let c = channel(place)
      let row = rows + (place - places.lowerBound) * fanIn
      // Behind the rows of a narrowed layer are their biases.
      let offset = chosen.map { weights + $0.count * fanIn + place }
      if let fold {
        values[offset ?? fold.shift + c] =
          direction.map { fold.foldDirection(c, $0, at: theta, running: running, row: row) }
          ?? fold.fold(c, theta, running: running, row: row)
      } else {
        row.update(from: source + weights + c * fanIn, count: fanIn)
        if let offset, let bias { values[offset] = source[bias + c] }
      }
    }
  }

  /// Rows of φ′(θ)ᵀg by their places; see `NetworkForm.pullBack`.
  func pullBack(
    _ places: Range<Int>, _ g: UnsafePointer<Element>, _ theta: UnsafePointer<Element>,
    running: UnsafePointer<Element>, curved: (v: UnsafePointer<Element>, primal: UnsafePointer<Element>)?,
    into result: UnsafeMutablePointer<Element>
  ) {
    for place in places {
      let c = channel(place)
      let row = g + weights + place * fanIn
      if let fold {
        fold.pullBack(c, row: row, g, at: theta, running: running, curved: curved, into: result)
      } else {
        (result + weights + c * fanIn).update(from: row, count: fanIn)
      }
    }
  }
}
