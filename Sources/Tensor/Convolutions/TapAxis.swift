import CKernels

/// How the taps of a kernel connect the places of two pictures along one axis. A tap reads one source for a
/// target, or none.
///
/// A convolution gathers: source = target·stride + tap·dilation − padding. Its transpose spreads: target =
/// source·stride + tap·dilation − padding.
public struct TapAxis: Sendable, Hashable {
  public let sources: Int
  public let targets: Int
  public let taps: Int
  public let stride: Int
  public let dilation: Int
  /// Places in front of the axis of the picture that has the taps.
  public let padding: Int
  /// Whether sources spread.
  public let spreads: Bool

  private init(
    sources: Int, targets: Int, taps: Int, stride: Int, dilation: Int, padding: Int, spreads: Bool
  ) {
    self.sources = sources
    self.targets = targets
    self.taps = taps
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.spreads = spreads
  }

  /// A window that slides over an axis, with a target for each of its positions.
  /// - Parameters:
  ///   - after: padding behind the axis; nil is that in front.
  ///   - ceil: whether a last window may reach beyond the padding behind the axis.
  /// - Returns: nil if the window does not fit even once.
  /// - Precondition: no number is larger than 2³¹, so that nothing overflows.
  public init?(
    _ size: Int, taps: Int, stride: Int = 1, dilation: Int = 1, padding: Int = 0, after: Int? = nil,
    ceil: Bool = false
  ) {
    guard size > 0, taps > 0, stride > 0, dilation > 0, padding >= 0 else { return nil }
    let free = size + padding + (after ?? padding) - (dilation * (taps - 1) + 1) + (ceil ? stride - 1 : 0)
    guard free >= 0 else { return nil }
    var targets = free / stride + 1
    // PyTorch's rule: the last window starts inside the picture or the padding in front.
    if ceil, (targets - 1) * stride >= size + padding { targets -= 1 }
    self.init(
      sources: size, targets: targets, taps: taps, stride: stride, dilation: dilation, padding: padding,
      spreads: false)
  }

  /// The axis of a transposed convolution: every source spreads over its own window.
  /// - Parameter extra: places behind the last window.
  /// - Returns: nil if there is no target.
  /// - Precondition: no number is larger than 2³¹, so that nothing overflows.
  public static func spreading(
    _ size: Int, taps: Int, stride: Int = 1, dilation: Int = 1, padding: Int = 0, extra: Int = 0
  ) -> TapAxis? {
    let targets = (size - 1) * stride - 2 * padding + dilation * (taps - 1) + extra + 1
    guard size > 0, taps > 0, stride > 0, dilation > 0, padding >= 0, extra >= 0, targets > 0 else {
      return nil
    }
    return TapAxis(
      sources: size, targets: targets, taps: taps, stride: stride, dilation: dilation, padding: padding,
      spreads: true)
  }

  /// An axis of one place under a kernel of one tap.
  public static func point(spreads: Bool = false) -> TapAxis {
    TapAxis(sources: 1, targets: 1, taps: 1, stride: 1, dilation: 1, padding: 0, spreads: spreads)
  }

  /// The same taps with sources and targets exchanged: the transposed map.
  public var adjoint: TapAxis {
    TapAxis(
      sources: targets, targets: sources, taps: taps, stride: stride, dilation: dilation, padding: padding,
      spreads: !spreads)
  }

  /// The places inside the axis that the window of a target has.
  /// - Precondition: the axis gathers.
  public func places(_ target: Int) -> [Int] {
    (0..<taps).map { target * stride - padding + $0 * dilation }.filter { (0..<sources).contains($0) }
  }

  /// Whether every source is its only target's.
  var isIdentity: Bool { taps == 1 && stride == 1 && padding == 0 && sources == targets }

  fileprivate var geometry: ck_tap_axis {
    ck_tap_axis(
      sources: sources, targets: targets, taps: taps, stride: stride, dilation: dilation, padding: padding,
      spreads: spreads ? 1 : 0)
  }
}

/// The taps of a kernel over channels-last pictures.
public struct Taps: Sendable, Hashable {
  public let rows: TapAxis
  public let columns: TapAxis

  public init(rows: TapAxis, columns: TapAxis) {
    self.rows = rows
    self.columns = columns
  }

  /// The window of a plain convolution.
  public init(_ window: Window) {
    func axis(_ size: Int, _ taps: Int) -> TapAxis {
      guard let axis = TapAxis(size, taps: taps, stride: window.stride, padding: window.padding) else {
        preconditionFailure("A window fits into its picture.")
      }
      return axis
    }
    rows = axis(window.input.height, window.kernelHeight)
    columns = axis(window.input.width, window.kernelWidth)
  }

  /// Taps of the kernel.
  public var count: Int { rows.taps * columns.taps }
  /// Places of the target picture.
  public var targets: Int { rows.targets * columns.targets }
  public var sources: Int { rows.sources * columns.sources }

  public func source(channels: Int) -> Shape {
    Shape(height: rows.sources, width: columns.sources, channels: channels)
  }

  public func target(channels: Int) -> Shape {
    Shape(height: rows.targets, width: columns.targets, channels: channels)
  }

  /// The transposed map.
  public var adjoint: Taps { Taps(rows: rows.adjoint, columns: columns.adjoint) }

  /// Whether every source is its only target's.
  public var isPointwise: Bool { rows.isIdentity && columns.isIdentity }

  /// The same as a plain window; nil if both axes are not alike, or if there is more than a window has.
  public func window(channels: Int) -> Window? {
    guard rows.dilation == 1 || rows.taps == 1, columns.dilation == 1 || columns.taps == 1,
      rows.stride == columns.stride, rows.padding == columns.padding, !rows.spreads, !columns.spreads,
      let window = Window(
        input: source(channels: channels), kernelHeight: rows.taps, kernelWidth: columns.taps,
        stride: rows.stride, padding: rows.padding),
      window.outputHeight == rows.targets, window.outputWidth == columns.targets
    else { return nil }
    return window
  }

  var geometry: ck_taps { ck_taps(rows: rows.geometry, columns: columns.geometry) }
}
