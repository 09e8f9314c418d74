import Tensor

/// Normalization of rows of a sample, y = γ∘x̂ + β with x̂ = (x − μ)s and s = 1/√(σ² + ε), where μ and σ² are
/// the mean and the biased variance of the row. Without centring, μ is 0 and σ² the mean square.
///
/// With ⟨·⟩ the mean over a row, ġ and so on along (ẋ, v), and ẋ̂ = s(ẋ − ⟨ẋ⟩ − x̂⟨x̂ẋ⟩):
/// - backward: g = γ∘∂y, ∂x = s(g − ⟨g⟩ − x̂⟨g x̂⟩), ∂γ = Σ x̂∘∂y, ∂β = Σ ∂y.
/// - tangentForward: ẏ = γ∘ẋ̂ + v_γ∘x̂ + v_β.
/// - tangentBackward: ġ = γ∘∂ẏ + v_γ∘∂y, ∂ẋ = s(ġ − ⟨ġ⟩ − ẋ̂⟨g x̂⟩ − x̂⟨ġ x̂ + g ẋ̂⟩) − s⟨x̂ẋ⟩∂x, product γ:
///   Σ x̂∘∂ẏ + ẋ̂∘∂y, product β: Σ ∂ẏ.
struct PlacedRowNormalization: PlacedLayer {
  let value: ValueShape
  /// Values of a row.
  let row: Int
  let epsilon: Double
  let isCentred: Bool
  /// Offsets of γ and β, if there are any.
  let scale: Int?
  let shift: Int?
  /// Neighbours in a row that share a coefficient, and rows after which coefficients come again.
  let repeats: Int
  let period: Int

  var worksOnRows: Bool { true }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(RowNormalization<Element>(options: self))
  }
}

struct RowNormalization<Element: Scalar>: Joint {
  let options: PlacedRowNormalization

  var outputCount: Int { options.value.count }
  var hasParameters: Bool { options.scale != nil || options.shift != nil }
  private var row: Int { options.row }
  private var rowsOfSample: Int { outputCount / row }
  /// Values of γ as the kernels read it.
  private var spread: Int { options.period * row }
  private var own: Int { spread / options.repeats }

  final class Statistics: Frame {
    let mean: Buffer<Element>
    let inverse: Buffer<Element>

    init(rows: Int) {
      mean = Buffer(count: rows)
      inverse = Buffer(count: rows)
    }
  }

  var keptValues: Int { 2 * rowsOfSample }
  func makeFrame(capacity: Int) -> Frame { Statistics(rows: capacity * rowsOfSample) }

  /// γ, v_γ, and sums for γ and β; three rows.
  func scratchCount(capacity: Int) -> Int { (options.repeats == 1 ? 0 : 4 * spread) + 3 * row }

  private func statistics(_ pass: Pass<Element>) -> Statistics {
    unsafeDowncast(pass.frame, to: Statistics.self)
  }

  /// Coefficients of a vector of θ's length, one for each value of a period.
  private func coefficients(
    _ vector: UnsafePointer<Element>, _ offset: Int?, _ scratch: UnsafeMutablePointer<Element>
  ) -> UnsafePointer<Element>? {
    guard let offset else { return nil }
    if options.repeats == 1 { return vector + offset }
    for index in 0..<own {
      (scratch + index * options.repeats).update(repeating: vector[offset + index], count: options.repeats)
    }
    return UnsafePointer(scratch)
  }

  /// The memory in which the kernels add sums for coefficients.
  private func sums(
    _ vector: UnsafeMutablePointer<Element>?, _ offset: Int?, _ scratch: UnsafeMutablePointer<Element>
  ) -> UnsafeMutablePointer<Element>? {
    guard let vector, let offset else { return nil }
    if options.repeats == 1 { return vector + offset }
    scratch.clear(spread)
    return scratch
  }

  private func addSums(
    _ sums: UnsafeMutablePointer<Element>?, to vector: UnsafeMutablePointer<Element>?, _ offset: Int?
  ) {
    guard options.repeats > 1, let sums, let vector, let offset else { return }
    for index in 0..<own {
      vector[offset + index] += Element(Element.sum(sums + index * options.repeats, options.repeats))
    }
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    let kept = statistics(pass)
    Element.rowKernels.norm(
      x[0], coefficients(pass.parameters, options.scale, pass.scratch),
      coefficients(pass.parameters, options.shift, pass.scratch + spread), y, kept.mean.pointer,
      kept.inverse.pointer, pass.count * rowsOfSample, options.period, row, Element(options.epsilon),
      options.isCentred)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0] else { return }
    let kept = statistics(pass)
    let gamma = sums(gradient, options.scale, pass.scratch + 2 * spread)
    let beta = sums(gradient, options.shift, pass.scratch + 3 * spread)
    Element.rowKernels.normBackward(
      x, kept.mean.pointer, kept.inverse.pointer,
      coefficients(pass.parameters, options.scale, pass.scratch), dy, dx[0], gamma, beta,
      pass.count * rowsOfSample, options.period, row, options.isCentred)
    addSums(gamma, to: gradient, options.scale)
    addSums(beta, to: gradient, options.shift)
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0] else { return }
    let kept = statistics(pass)
    Element.rowKernels.normTangent(
      x, kept.mean.pointer, kept.inverse.pointer,
      coefficients(pass.parameters, options.scale, pass.scratch),
      coefficients(v, options.scale, pass.scratch + spread),
      coefficients(v, options.shift, pass.scratch + 2 * spread), tx[0], ty, pass.count * rowsOfSample,
      options.period, row, options.isCentred)
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    guard let x = x[0] else { return }
    let kept = statistics(pass)
    let tx = tx[0]
    let rows = pass.count * rowsOfSample
    let gammas = coefficients(pass.parameters, options.scale, pass.scratch)
    guard let dy else {
      // Nothing before the layer depends on parameters, and the layer has none: the derivative is that of
      // the backward pass.
      Element.rowKernels.normBackward(
        x, kept.mean.pointer, kept.inverse.pointer, gammas, tdy, tdx[0], nil, nil, rows, options.period, row,
        options.isCentred)
      return
    }
    let gamma = sums(product, options.scale, pass.scratch + 2 * spread)
    let beta = sums(product, options.shift, pass.scratch + 3 * spread)
    let room = options.repeats == 1 ? 0 : 4 * spread
    Element.rowKernels.normTangentBackward(
      x, kept.mean.pointer, kept.inverse.pointer, gammas,
      coefficients(v, options.scale, pass.scratch + spread), tx, dy, tdy, tdx[0], gamma, beta,
      pass.scratch + room, rows, options.period, row, options.isCentred)
    addSums(gamma, to: product, options.scale)
    addSums(beta, to: product, options.shift)
  }
}
