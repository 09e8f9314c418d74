import Tensor

extension NamedGraph {
  /// `swin_t` (Liu et al. 2021): attention inside windows of 7×7 positions. In every second block the windows
  /// are moved by 3 positions.
  static func swinTiny(_ input: Shape, _ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    var (rows, columns) = (input.height / 4, input.width / 4)
    var value = graph.add(
      "features.0.0", Conv2d(outChannels: 96, kernel: [4, 4], stride: [4, 4]), Self.input)
    value = graph.add("features.0.1", Permute(dims: [0, 2, 3, 1]), value)
    value = graph.add("features.0.2", LayerNorm(sizes: [96]), value)
    let depths = [2, 2, 6, 2]
    let total = depths.reduce(0, +)
    var count = 0
    for (stage, blocks) in depths.enumerated() {
      let width = 96 << stage
      if stage > 0 {
        value = graph.merging("features.\(2 * stage)", value, rows, columns, width / 2)
        (rows, columns) = ((rows + 1) / 2, (columns + 1) / 2)
      }
      for block in 0..<blocks {
        let windows = Windows(rows: rows, columns: columns, isShifted: block % 2 == 1)
        value = graph.swinBlock(
          "features.\(2 * stage + 1).\(block)", value, width, heads: 3 << stage, windows,
          stochasticDepth: 0.2 * Double(count) / Double(total - 1))
        count += 1
      }
    }
    value = graph.add("norm", LayerNorm(sizes: [768]), value)
    value = graph.add("avgpool", Mean(dims: [1, 2]), value)
    graph.add("head", Linear(outFeatures: outputs), value)
    graph.start = { tensor in
      switch tensor.kind {
      case .linear: .normal(deviation: 0.02)
      case .bias where tensor.name != "features.0.0.bias": .constant(0)
      default: nil
      }
    }
    return graph
  }

  /// Four neighbouring positions become one of twice the width.
  private mutating func merging(
    _ name: String, _ input: String, _ rows: Int, _ columns: Int, _ width: Int
  ) -> String {
    let (high, wide) = ((rows + 1) / 2, (columns + 1) / 2)
    var value = padded(name, input, rows: 2 * high - rows, columns: 2 * wide - columns)
    value = add(name + ".squares", Reshape(sizes: [high, 2, wide, 2, width]), value)
    value = add(name + ".columnwise", Permute(dims: [0, 1, 3, 4, 2, 5]), value)
    value = add(name + ".joined", Reshape(sizes: [high, wide, 4 * width]), value)
    value = add(name + ".norm", LayerNorm(sizes: [4 * width]), value)
    move(name + ".norm", behind: name + ".reduction")
    return add(name + ".reduction", Linear(outFeatures: 2 * width, bias: false), value)
  }

  /// Zeros behind the rows and the columns.
  private mutating func padded(_ name: String, _ value: String, rows: Int, columns: Int) -> String {
    rows == 0 && columns == 0 ? value : add(name + ".padded", Pad(pad: [0, 0, 0, columns, 0, rows]), value)
  }

  private mutating func swinBlock(
    _ name: String, _ input: String, _ width: Int, heads: Int, _ windows: Windows, stochasticDepth: Double
  ) -> String {
    var value = add(name + ".norm1", LayerNorm(sizes: [width]), input)
    value = attention(name + ".attn", value, width, heads: heads, windows)
    let attended = residual(name + ".attended", input, value, stochasticDepth: stochasticDepth)
    value = add(name + ".norm2", LayerNorm(sizes: [width]), attended)
    value = add(name + ".mlp.0", Linear(outFeatures: 4 * width), value)
    value = add(name + ".mlp.1", GELU(), value)
    value = add(name + ".mlp.3", Linear(outFeatures: width), value)
    return residual(name, attended, value, stochasticDepth: stochasticDepth)
  }

  /// Attention inside windows, with a learned number for each pair of positions of a window.
  private mutating func attention(
    _ name: String, _ input: String, _ width: Int, heads: Int, _ windows: Windows
  ) -> String {
    let (positions, side) = (Windows.positions, Windows.side)
    let scores = bias(name, heads, windows)
    var value = padded(name, input, rows: windows.addedRows, columns: windows.addedColumns)
    let shift = windows.shift
    let moves = shift != [0, 0]
    if moves { value = add(name + ".moved", Roll(shifts: shift.map(-), dims: [1, 2]), value) }
    value = add(name + ".grid", Reshape(sizes: [windows.high, side, windows.wide, side, width]), value)
    value = add(name + ".windows", Permute(dims: [0, 1, 3, 2, 4, 5]), value)
    value = add(name + ".tokens", Reshape(sizes: [windows.count, positions, width]), value)
    let all = add(name + ".qkv", Linear(outFeatures: 3 * width), value)
    let parts = ["query", "key", "value"].enumerated().map { index, part in
      var value = add("\(name).\(part)", Chunk(chunks: 3, dim: -1, index: index), all)
      value = add(
        "\(name).\(part).heads", Reshape(sizes: [windows.count, positions, heads, width / heads]), value)
      return add("\(name).\(part).first", Permute(dims: [0, 1, 3, 2, 4]), value)
    }
    value = add(name, ScaledDotProductAttention(), parts[0], parts[1], parts[2], scores)
    value = add(name + ".last", Permute(dims: [0, 1, 3, 2, 4]), value)
    value = add(name + ".joined", Reshape(sizes: [windows.count, positions, width]), value)
    value = add(name + ".proj", Linear(outFeatures: width), value)
    value = add(
      name + ".apart", Reshape(sizes: [windows.high, windows.wide, side, side, width]), value)
    value = add(name + ".back", Permute(dims: [0, 1, 3, 2, 4, 5]), value)
    value = add(
      name + ".picture", Reshape(sizes: [windows.high * side, windows.wide * side, width]), value)
    if moves { value = add(name + ".returned", Roll(shifts: shift, dims: [1, 2]), value) }
    if windows.addedRows > 0 { value = add(name + ".rows", Slice(dim: 1, end: windows.rows), value) }
    if windows.addedColumns > 0 { value = add(name + ".columns", Slice(dim: 2, end: windows.columns), value) }
    return value
  }

  /// The numbers that are added to the scores.
  private mutating func bias(_ name: String, _ heads: Int, _ windows: Windows) -> String {
    let (positions, distances) = (Windows.positions, 2 * Windows.side - 1)
    let table = name + ".relative_position_bias_table"
    let index = Windows.relativeIndex
    var value = add(table, FreeTensor(sizes: [distances * distances, heads], start: .normal))
    addBuffer(name + ".relative_position_index", index.map(Int64.init), behind: table)
    value = add(name + ".pairs", IndexSelect(dim: 1, index: index), value)
    value = add(name + ".square", Reshape(sizes: [positions, positions, heads]), value)
    value = add(name + ".bias", Permute(dims: [0, 3, 1, 2]), value)
    guard windows.shift != [0, 0] else { return value }
    let mask = Constant(sizes: [windows.count, 1, positions, positions], values: windows.mask)
    return add(name + ".masked", Add(), add(name + ".mask", mask), value)
  }
}

/// The windows over a grid of positions, with zeros behind the last rows and columns.
private struct Windows {
  static let side = 7
  static let positions = side * side

  let rows: Int
  let columns: Int
  let isShifted: Bool

  var high: Int { (rows + Self.side - 1) / Self.side }
  var wide: Int { (columns + Self.side - 1) / Self.side }
  var count: Int { high * wide }
  var addedRows: Int { high * Self.side - rows }
  var addedColumns: Int { wide * Self.side - columns }

  /// Steps along rows and columns. An axis with one window is not moved.
  var shift: [Int] { [high, wide].map { isShifted && $0 > 1 ? Self.side / 2 : 0 } }

  /// For each pair of positions of a window, the place in the table of their distance.
  static let relativeIndex: [Int] = (0..<positions).flatMap { a in
    (0..<positions).map { b in
      let (rows, columns) = (a / side - b / side + side - 1, a % side - b % side + side - 1)
      return rows * (2 * side - 1) + columns
    }
  }

  /// Moved windows hold positions that were not neighbours before. Such a pair does not see each other.
  var mask: [Double] {
    /// Which of three parts of an axis a place is in.
    func part(_ place: Int, _ windows: Int, _ shift: Int) -> Int {
      let size = windows * Self.side
      return shift == 0 || place < size - Self.side ? 0 : place < size - shift ? 1 : 2
    }
    let shift = shift
    var mask: [Double] = []
    for window in 0..<count {
      let parts = (0..<Self.positions).map { position in
        3 * part(window / wide * Self.side + position / Self.side, high, shift[0])
          + part(window % wide * Self.side + position % Self.side, wide, shift[1])
      }
      for a in parts { for b in parts { mask.append(a == b ? 0 : -100) } }
    }
    return mask
  }
}
