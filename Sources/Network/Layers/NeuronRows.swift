import Tensor

/// A layer of neurons, each with a row of weights. Its passes cost less if most rows of a direction are zero,
/// or if few rows of a product are wanted. Then narrow layers with these neurons run beside the whole layer.
protocol NeuronRows<Element>: Layer, PictureBody {
  /// Offset of the weights.
  var weights: Int { get }
  /// Offset of the biases, if there are any.
  var bias: Int? { get }
  /// Weights of a neuron.
  var fanIn: Int { get }

  /// The layer without its biases.
  var withoutBias: Self { get }

  /// The layer with `neurons` neurons. Its weights begin at offset 0, and its biases follow the weights.
  func narrowed(to neurons: Int, bias: Bool) -> Self

  /// ∂x = f_x(θ)ᵀ∂y alone.
  func inputGradient(
    _ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>)
}

/// The workspace of such a layer.
final class RowWorkspace<Element: Scalar>: Frame {
  let spares: Spares<Element>
  init(_ spares: Spares<Element>) { self.spares = spares }
}

extension NeuronRows {
  private var neurons: Int { output.channels }
  private func total(_ pass: Pass<Element>) -> Int { pass.count * output.positions }

  func makeWorkspace(capacity: Int, spares: Spares<Element>) -> Frame { RowWorkspace(spares) }

  private func spare(_ pass: Pass<Element>, _ use: Spares<Element>.Use) -> UnsafeMutablePointer<Element> {
    unsafeDowncast(pass.workspace, to: RowWorkspace<Element>.self).spares.spare(use)
  }

  /// Rows of the direction that are not zero, if they are few.
  func support(_ pass: Pass<Element>) -> [Int32]? { pass.support?.rows(at: weights) }

  /// Rows of the product that are wanted, if they are few.
  func wanted(_ pass: Pass<Element>) -> [Int32]? { pass.wanted?.rows(at: weights) }

  /// The pass for the narrow layer that has the direction's rows.
  private func direction(_ pass: Pass<Element>, _ v: UnsafePointer<Element>) -> Pass<Element> {
    var pass = pass
    pass.parameters = v + weights
    pass.transformed = pass.transformedDirection.map { $0 + Operand<Element>.room * weights }
    return pass.plain
  }

  /// The columns of a gradient that belong to some neurons.
  func columns(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ rows: [Int32], _ use: Spares<Element>.Use
  ) -> UnsafePointer<Element> {
    let target = spare(pass, use)
    rows.withUnsafeBufferPointer { Element.gatherColumns(dy, $0, target, total(pass), neurons) }
    return UnsafePointer(target)
  }

  /// ẏ = f_xẋ + f_θ v for a v with few rows that are not zero.
  func tangentForward(
    _ pass: Pass<Element>, rows: [Int32], v: UnsafePointer<Element>, x: UnsafePointer<Element>,
    tx: UnsafePointer<Element>?, ty: UnsafeMutablePointer<Element>
  ) {
    if let tx {
      withoutBias.forward(pass.plain, x: tx, y: ty)
    } else {
      ty.clear(total(pass) * neurons)
    }
    guard !rows.isEmpty else { return }
    let part = spare(pass, .narrowOutput)
    narrowed(to: rows.count, bias: bias != nil).forward(direction(pass, v), x: x, y: part)
    rows.withUnsafeBufferPointer { Element.scatterColumns(part, $0, ty, total(pass), neurons) }
  }

  /// Adds the wanted rows of the gradient (or product) from x and ∂y. These rows lie one after the other at
  /// the offset of the weights.
  private func addRows(
    _ pass: Pass<Element>, _ rows: [Int32], x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    _ gradient: UnsafeMutablePointer<Element>
  ) {
    narrowed(to: rows.count, bias: false).backward(
      pass.plain, x: x, dy: columns(pass, dy, rows, .wantedColumns), dx: nil, gradient: gradient + weights)
  }

  /// `backward` if few rows of the gradient are wanted.
  func backward(
    _ pass: Pass<Element>, wanted rows: [Int32], x: UnsafePointer<Element>, dy: UnsafePointer<Element>,
    dx: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>
  ) {
    if let bias { Element.sumRows(dy, gradient + bias, total(pass), neurons) }
    if !rows.isEmpty { addRows(pass, rows, x: x, dy: dy, gradient) }
    if let dx { inputGradient(pass, dy: dy, dx: dx) }
  }

  /// `tangentBackward` if v has few rows that are not zero, or few rows of the product are wanted.
  func tangentBackward(
    _ pass: Pass<Element>, support: [Int32]?, wanted: [Int32]?, v: UnsafePointer<Element>,
    x: UnsafePointer<Element>, tx: UnsafePointer<Element>?, dy: UnsafePointer<Element>,
    tdy: UnsafePointer<Element>, tdx: UnsafeMutablePointer<Element>?, product: UnsafeMutablePointer<Element>?
  ) {
    let plain = pass.plain
    if let product, let wanted {
      if let bias { Element.sumRows(tdy, product + bias, total(pass), neurons) }
      if !wanted.isEmpty {
        addRows(plain, wanted, x: x, dy: tdy, product)
        if let tx { addRows(plain, wanted, x: tx, dy: dy, product) }
      }
      if let tdx { inputGradient(plain, dy: tdy, dx: tdx) }
    } else if let product {
      backward(plain, x: x, dy: tdy, dx: tdx, gradient: product)
      if let tx { withoutBias.backward(plain, x: tx, dy: dy, dx: nil, gradient: product) }
    } else if let tdx {
      inputGradient(plain, dy: tdy, dx: tdx)
    }
    guard let tdx else { return }
    let part = spare(pass, .inputPart)
    if let support {
      guard !support.isEmpty else { return }
      narrowed(to: support.count, bias: false).inputGradient(
        direction(pass, v), dy: columns(pass, dy, support, .directionColumns), dx: part)
    } else {
      var whole = plain
      whole.parameters = v
      whole.transformed = pass.transformedDirection
      inputGradient(whole, dy: dy, dx: part)
    }
    Element.add(part, tdx, pass.count * input.count)
  }
}
