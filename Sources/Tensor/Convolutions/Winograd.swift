import CKernels

/// Convolutions with 3×3 windows at stride 1 by minimal filtering F(M×M, 3×3) (Winograd 1980; Lavin and Gray
/// 2016). A tile of M×M outputs takes N² = (M+2)² products for each pair of channels instead of 9M².
///
/// - V = Bᵀ x B: the transformed input tiles, N² matrices of tiles × channels,
/// - D = A ∂y Aᵀ: the transformed tiles of the output gradient, of the same form,
/// - U = G w Gᵀ: the transformed weights, N² matrices of out × in.
///
/// - forward: y = Aᵀ(V Uᵀ)A,
/// - input gradient: ∂x = Σ B(D U)Bᵀ over overlapping tiles (the transpose of the forward map),
/// - weight gradient: ∂w = Gᵀ(Dᵀ V)G, summed over all tiles before the one transform back.
///
/// The terms of a sum are added before the transform back, so a tangent pass needs only one. Tiles are taken
/// in blocks that stay in the cache. Everything here runs on one thread.
public struct Winograd<Element: Scalar>: Sendable {
  public let window: Window
  /// Channels of the output.
  public let outputChannels: Int
  /// M, the outputs along a side of a tile.
  public let tile: Int
  private let kernels: WinogradKernels<Element>
  private let tiles: ck_tiles

  /// - Parameter tile: 2 or 4.
  /// - Returns: nil if the window is not 3×3 at stride 1.
  public init?(window: Window, outputChannels: Int, tile: Int) {
    guard window.kernelHeight == 3, window.kernelWidth == 3, window.stride == 1, tile == 2 || tile == 4 else {
      return nil
    }
    self.window = window
    self.outputChannels = outputChannels
    self.tile = tile
    kernels = Element.winogradKernels(tile: tile)
    tiles = ck_tiles(
      height: window.input.height, width: window.input.width, channels: window.input.channels,
      padding: window.padding, output_height: window.outputHeight, output_width: window.outputWidth,
      output_channels: outputChannels, tiles_high: (window.outputHeight + tile - 1) / tile,
      tiles_wide: (window.outputWidth + tile - 1) / tile)
  }

  /// The form that takes the fewest products, or nil if it saves too little over the plain products. It
  /// depends on the shape alone.
  public static func best(_ window: Window, outputChannels: Int) -> Winograd? {
    guard window.input.channels >= leastChannels, outputChannels >= leastChannels else { return nil }
    let forms = [4, 2].compactMap { Winograd(window: window, outputChannels: outputChannels, tile: $0) }
    guard let best = forms.min(by: { $0.productsPerSample < $1.productsPerSample }) else { return nil }
    return 3 * best.productsPerSample <= 2 * 9 * window.positions ? best : nil
  }

  /// Below this many channels transforms cost more than products save.
  public static var leastChannels: Int { 16 }

  /// N², the values of a transformed tile.
  public var points: Int { (tile + 2) * (tile + 2) }

  private var channels: Int { window.input.channels }
  private var tilesPerSample: Int { tiles.tiles_high * tiles.tiles_wide }
  private var productsPerSample: Int { points * tilesPerSample }

  /// Tiles of a block over `count` samples.
  private func block(_ count: Int) -> Int {
    min(channels + outputChannels <= 256 ? 64 : 128, count * tilesPerSample)
  }

  /// Elements from the matrix of one point to that of the next, for matrices of `rows` by `columns`. They are
  /// an odd number of cache lines, so the N² streams of a transform use different sets of the cache.
  private static func plane(_ rows: Int, _ columns: Int) -> Int { ((rows * columns + 15) / 16 | 1) * 16 }

  // MARK: Weights

  /// Elements of U for one point.
  private var weightPlane: Int { outputChannels * channels }

  /// Elements of U: N²·out·in.
  public var weightCount: Int { points * weightPlane }

  /// U ← G w Gᵀ for some of the output channels.
  /// - Parameter w: all weights, out × (row, column, in).
  public func transformWeights(
    _ w: UnsafePointer<Element>, rows: Range<Int>, into u: UnsafeMutablePointer<Element>
  ) {
    kernels.weights(
      w + rows.lowerBound * 9 * channels, u + rows.lowerBound * channels, rows.count, channels, weightPlane)
  }

  // MARK: Passes

  /// Elements of scratch that the passes over `count` samples use.
  public func scratchCount(_ count: Int) -> Int {
    let rows = block(count)
    let some = Self.plane(rows, (outputChannels + 1) / 2)
    return 2 * points * (Self.plane(rows, channels) + Self.plane(rows, outputChannels) + some)
      + points * max(Self.plane(rows, max(channels, outputChannels)), sumPlane(count, outputChannels))
      + (isOneBlock(count) ? 0 : points * sumPlane(count, outputChannels))
  }

  /// y ← b + Σ Aᵀ(V Uᵀ)A over terms (x, U).
  public func forward(
    _ count: Int, _ terms: [(x: UnsafePointer<Element>, u: UnsafePointer<Element>)],
    bias: UnsafePointer<Element>?, y: UnsafeMutablePointer<Element>, scratch: UnsafeMutablePointer<Element>
  ) {
    forEachBlock(count) { tiles, first, rows in
      let inputPlane = Self.plane(rows, channels)
      let plane = Self.plane(rows, outputChannels)
      let product = scratch + points * inputPlane
      for (index, term) in terms.enumerated() {
        kernels.input(term.x, scratch, tiles, first, rows, inputPlane)
        for point in 0..<points {
          Element.gemm(
            false, true, rows, outputChannels, channels, 1, scratch + point * inputPlane, channels,
            term.u + point * weightPlane, channels, index == 0 ? 0 : 1, product + point * plane,
            outputChannels)
        }
      }
      kernels.output(product, bias, y, tiles, first, rows, plane)
    }
  }

  /// ∂y of `channels` output channels: all of them or some.
  public struct Gradient: Equatable {
    public var dy: UnsafePointer<Element>
    public var channels: Int

    public init(_ dy: UnsafePointer<Element>, channels: Int) {
      self.dy = dy
      self.channels = channels
    }
  }

  /// dx ← Σ B(D U)Bᵀ over the input terms, gradient ← gradient + Σ Gᵀ(DᵀV)G over the weight terms. A ∂y that
  /// is in several terms is transformed once.
  /// - Parameters:
  ///   - inputTerms: ∂y and the transformed weights of its channels, points × channels × in.
  ///   - weightTerms: ∂y and x; all ∂y have the same channels.
  ///   - dx: nil if the input gradient is not wanted.
  ///   - gradient: channels × (row, column, in); nil if the weight gradient is not wanted.
  /// - Precondition: at most two ∂y have all channels, at most two have half of them or fewer, and there are
  ///   at most two x.
  public func backward(
    _ count: Int, inputTerms: [(gradient: Gradient, u: UnsafePointer<Element>)],
    weightTerms: [(gradient: Gradient, x: UnsafePointer<Element>)], dx: UnsafeMutablePointer<Element>?,
    gradient: UnsafeMutablePointer<Element>?, scratch: UnsafeMutablePointer<Element>
  ) {
    precondition(weightTerms.count <= 2, "A backward pass has at most two terms.")
    if let dx { dx.clear(count * window.input.count) }
    let weightTerms = gradient == nil ? [] : weightTerms
    let inputTerms = dx == nil ? [] : inputTerms
    var gradients: [Gradient] = []
    for term in inputTerms.map(\.gradient) + weightTerms.map(\.gradient) where !gradients.contains(term) {
      gradients.append(term)
    }
    let most = block(count)
    let outputs = weightTerms.first?.gradient.channels ?? 0
    let sums = scratch
    var next = scratch + (isOneBlock(count) ? 0 : points * sumPlane(count, outputs))
    func take(_ elements: Int) -> UnsafeMutablePointer<Element> {
      defer { next += elements }
      return next
    }
    let transformed = gradients.map { take(points * Self.plane(most, $0.channels)) }
    let inputs = weightTerms.map { _ in take(points * Self.plane(most, channels)) }
    let product = next
    var shapes = gradients.map { gradient in
      var shape = tiles
      shape.output_channels = gradient.channels
      return shape
    }
    forEachBlock(count) { tiles, first, rows in
      let inputPlane = Self.plane(rows, channels)
      for (index, gradient) in gradients.enumerated() {
        kernels.outputGradient(
          gradient.dy, transformed[index], &shapes[index], first, rows, Self.plane(rows, gradient.channels))
      }
      func place(_ gradient: Gradient) -> (d: UnsafePointer<Element>, plane: Int) {
        let index = gradients.firstIndex(of: gradient) ?? 0
        return (UnsafePointer(transformed[index]), Self.plane(rows, gradient.channels))
      }
      if let gradient, !weightTerms.isEmpty {
        for (index, term) in weightTerms.enumerated() {
          kernels.input(term.x, inputs[index], tiles, first, rows, inputPlane)
        }
        addWeightProducts(
          rows, outputs: outputs,
          weightTerms.indices.map { (place(weightTerms[$0].gradient).d, UnsafePointer(inputs[$0])) },
          gradient,
          isOneBlock(count) ? product : sums, isFirst: first == 0,
          isLast: first + rows == count * tilesPerSample, step: sumRows(count, outputs))
      }
      guard let dx, !inputTerms.isEmpty else { return }
      for (index, term) in inputTerms.enumerated() {
        let (d, plane) = place(term.gradient)
        let k = term.gradient.channels
        for point in 0..<points {
          Element.gemm(
            false, false, rows, channels, k, 1, d + point * plane, k, term.u + point * k * channels, channels,
            index == 0 ? 0 : 1, product + point * inputPlane, channels)
        }
      }
      kernels.inputGradient(product, dx, tiles, first, rows, inputPlane)
    }
  }

  /// Adds DᵀV of a block to the sums over blocks, some output channels at a time, and transforms the sums
  /// back after the last block.
  private func addWeightProducts(
    _ rows: Int, outputs: Int, _ factors: [(d: UnsafePointer<Element>, v: UnsafePointer<Element>)],
    _ gradient: UnsafeMutablePointer<Element>, _ sums: UnsafeMutablePointer<Element>, isFirst: Bool,
    isLast: Bool, step: Int
  ) {
    let plane = Self.plane(rows, outputs)
    let inputPlane = Self.plane(rows, channels)
    let sumPlane = Self.plane(step, channels)
    for start in stride(from: 0, to: outputs, by: step) {
      let some = min(step, outputs - start)
      for point in 0..<points {
        for (index, factor) in factors.enumerated() {
          Element.gemm(
            true, false, some, channels, rows, 1, factor.d + point * plane + start, outputs,
            factor.v + point * inputPlane, channels, isFirst && index == 0 ? 0 : 1,
            sums + point * sumPlane, channels)
        }
      }
      if isLast {
        kernels.weightGradient(sums, gradient + start * 9 * channels, some, channels, sumPlane)
      }
    }
  }

  private func isOneBlock(_ count: Int) -> Bool { count * tilesPerSample <= block(count) }

  /// How many output channels have their weight sums in memory at a time. If several blocks add to the sums,
  /// all channels do. Otherwise as many do as stay in the cache until the transform back.
  private func sumRows(_ count: Int, _ outputs: Int) -> Int {
    isOneBlock(count) ? min(outputs, max(16, (1 << 19) / (points * channels) & ~15)) : outputs
  }

  private func sumPlane(_ count: Int, _ outputs: Int) -> Int { Self.plane(sumRows(count, outputs), channels) }

  private func forEachBlock(_ count: Int, _ body: (UnsafePointer<ck_tiles>, Int, Int) -> Void) {
    let total = count * tilesPerSample
    withUnsafePointer(to: tiles) { tiles in
      for first in stride(from: 0, to: total, by: block(count)) {
        body(tiles, first, min(block(count), total - first))
      }
    }
  }
}
