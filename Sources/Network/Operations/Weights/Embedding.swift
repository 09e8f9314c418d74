import JSON
import Tensor

/// `torch.nn.Embedding`: whole numbers become rows of a table.
struct Embedding: LayerKind {
  static let type = "embedding"
  static let standard = Embedding()
  static let fields = Fields<Self>([
    .required("num_embeddings", \.count, .size, "The rows of the table. Inputs are 0 to one less."),
    .required("embedding_dim", \.width, .size, "The values of a row."),
    .given(
      "padding_idx", \.padding, .integer(0...(1 << 30)), standard: "none",
      "A row that starts at zero and that no sample changes."),
  ])
  static let examples = [
    LayerExample(Embedding(count: 5, width: 3), [[4]], .whole(below: 5)),
    LayerExample(Embedding(count: 4, width: 2), [[2, 3]], .whole(below: 4)),
  ]

  var count = 1
  var width = 1
  var padding: Int?

  func place(at site: LayerSite) -> Architecture.Node? {
    let (source, value) = site.rowMajor(0)
    if let padding, padding >= count {
      return site.fault("must be less than num_embeddings, \(count)", at: "padding_idx")
    }
    let (values, overflow) = source.count.multipliedReportingOverflow(by: width)
    guard site.hasRoom(rows: count, columns: width, values: overflow ? .max : values, at: "embedding_dim")
    else { return nil }
    site.readsWhole(value, below: count)
    let weights = site.addTable([count, width], padding: padding, positions: source.count)
    return .init(
      Placed(
        value: ValueShape(source.sizes + [width]), positions: source.count, rows: count, width: width,
        padding: padding, weights: weights), inputs: [value])
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let positions: Int
    let rows: Int
    let width: Int
    let padding: Int?
    let weights: Int

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(EmbeddingLayer<Element>(options: self))
    }
  }
}

/// y = W[x], a row a position. x is a whole number and has no tangent: ẏ = V[x], ∂W[x] += ∂y.
///
/// Inputs outside of the table read its nearest row. Data sets are checked before they get here
/// (`WholeReader`).
struct EmbeddingLayer<Element: Scalar>: Joint {
  let options: Embedding.Placed

  var outputCount: Int { options.value.count }
  var hasParameters: Bool { true }
  var uses: LayerUses { LayerUses(gradient: false) }

  private func forEach(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ body: (_ position: Int, _ row: Int) -> Void
  ) {
    for position in 0..<pass.count * options.positions {
      let value = x[position]
      let row = value.isFinite ? Int(min(max(value, 0), Element(options.rows - 1))) : 0
      body(position, row)
    }
  }

  /// The place of a row among the rows that are there; nil if it is not.
  private static func place(_ row: Int, _ rows: [Int32]?) -> Int? {
    guard let rows else { return row }
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[middle] < Int32(row) { low = middle + 1 } else { high = middle }
    }
    return low < rows.count && rows[low] == Int32(row) ? low : nil
  }

  private func gather(
    _ pass: Pass<Element>, _ table: UnsafePointer<Element>, _ rows: [Int32]?, _ x: UnsafePointer<Element>,
    _ y: UnsafeMutablePointer<Element>
  ) {
    let width = options.width
    forEach(pass, x) { position, row in
      let target = y + position * width
      if let place = Self.place(row, rows) {
        target.update(from: table + options.weights + place * width, count: width)
      } else {
        target.clear(width)
      }
    }
  }

  private func scatter(
    _ pass: Pass<Element>, _ dy: UnsafePointer<Element>, _ x: UnsafePointer<Element>,
    _ gradient: UnsafeMutablePointer<Element>
  ) {
    let width = options.width
    let rows = pass.wanted?.rows(at: options.weights)
    forEach(pass, x) { position, row in
      guard row != options.padding, let place = Self.place(row, rows) else { return }
      Element.add(dy + position * width, gradient + options.weights + place * width, width)
    }
  }

  func forward(_ pass: Pass<Element>, x: [UnsafePointer<Element>], y: UnsafeMutablePointer<Element>) {
    gather(pass, pass.parameters, nil, x[0], y)
  }

  func backward(
    _ pass: Pass<Element>, x: [UnsafePointer<Element>?], y: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>, dx: [UnsafeMutablePointer<Element>?], gradient: UnsafeMutablePointer<Element>
  ) {
    if let x = x[0] { scatter(pass, dy, x, gradient) }
    if let dx = dx[0] { dx.clear(pass.count * options.positions) }
  }

  func tangentForward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafeMutablePointer<Element>
  ) {
    guard let x = x[0] else { return }
    gather(pass, v, pass.support?.rows(at: options.weights), x, ty)
    if let padding = options.padding {
      forEach(pass, x) { position, row in
        if row == padding { (ty + position * options.width).clear(options.width) }
      }
    }
  }

  func tangentBackward(
    _ pass: Pass<Element>, v: UnsafePointer<Element>, x: [UnsafePointer<Element>?],
    y: UnsafePointer<Element>?, tx: [UnsafePointer<Element>?], ty: UnsafePointer<Element>?,
    dy: UnsafePointer<Element>?, tdy: UnsafePointer<Element>, tdx: [UnsafeMutablePointer<Element>?],
    product: UnsafeMutablePointer<Element>?
  ) {
    if let x = x[0], let product { scatter(pass, tdy, x, product) }
    if let tdx = tdx[0] { tdx.clear(pass.count * options.positions) }
  }
}
