import Tensor

/// The windows of a pool along one axis.
struct PoolAxis: Sendable, Hashable {
  /// For every target, the places inside the axis.
  let places: [Range<Int>]
  /// For every target, the places inside the axis and its padding.
  let sizes: [Int]

  /// - Precondition: the axis gathers, with the same padding on both sides and no dilation.
  init(_ axis: TapAxis) {
    let starts = (0..<axis.targets).map { $0 * axis.stride - axis.padding }
    let ends = starts.map { min($0 + axis.taps, axis.sources + axis.padding) }
    places = zip(starts, ends).map { start, end in
      let first = min(max(start, 0), axis.sources)
      return first..<max(first, min(end, axis.sources))
    }
    sizes = zip(starts, ends).map { $1 - $0 }
  }

  /// As many windows as there are targets, which cover the axis: places ⌊i·size/targets⌋ ..<
  /// ⌈(i+1)·size/targets⌉. With more targets than places they overlap.
  init(covering size: Int, targets: Int) {
    places = (0..<targets).map { $0 * size / targets..<(($0 + 1) * size + targets - 1) / targets }
    sizes = places.map(\.count)
  }
}

/// The mean over every window, as a linear map given by its terms.
struct AveragePoolLayer<Element: Scalar>: PlaceMap {
  let input: Shape
  let output: Shape
  private let rows: PoolAxis
  private let columns: PoolAxis
  private let divisor: AverageDivisor

  init(taps: Taps, channels: Int, divisor: AverageDivisor) {
    input = taps.source(channels: channels)
    output = taps.target(channels: channels)
    rows = PoolAxis(taps.rows)
    columns = PoolAxis(taps.columns)
    self.divisor = divisor
  }

  /// The adaptive form.
  init(input: Shape, outputHeight: Int, outputWidth: Int) {
    self.input = input
    output = Shape(height: outputHeight, width: outputWidth, channels: input.channels)
    rows = PoolAxis(covering: input.height, targets: outputHeight)
    columns = PoolAxis(covering: input.width, targets: outputWidth)
    divisor = AverageDivisor()
  }

  func forEachTerm(_ body: (_ output: Int, _ input: Int, _ weight: Element) -> Void) {
    for y in rows.places.indices {
      for x in columns.places.indices {
        let (down, across) = (rows.places[y], columns.places[x])
        let size =
          divisor.fixed
          ?? (divisor.countsPadding ? rows.sizes[y] * columns.sizes[x] : down.count * across.count)
        let weight = 1 / Element(size)
        for row in down {
          for column in across { body(y * output.width + x, row * input.width + column, weight) }
        }
      }
    }
  }
}
