import JSON
import Tensor

/// `torchvision.ops.StochasticDepth` (Huang et al. 2016). In training a whole sample becomes 0 with probability p,
/// and the others are divided by 1 − p. Everywhere else it is the identity.
struct StochasticDepth: LayerKind {
  enum Mode: String, Sendable, CaseIterable { case row, batch }

  static let type = "stochastic_depth"
  static let standard = StochasticDepth()
  static let fields = Fields<Self>([
    .required("p", \.p, .number(NumberRange(Dropout.probabilities)), "The probability of zeros."),
    .choice("mode", \.mode, "`row` draws for each sample by itself, `batch` once for all samples of a step."),
  ])
  static let examples = [
    LayerExample(StochasticDepth(p: 0.3), [[3, 4]]),
    LayerExample(StochasticDepth(p: 0.3, mode: .batch), [[3, 4, 2]]),
  ]

  var p = 0.0
  var mode = Mode.row

  func place(at site: LayerSite) -> Architecture.Node? {
    site.placeDropout(p, mode == .row ? .sample : .step)
  }
}

/// `torch.nn.Dropout1d`: as `dropout`, with a draw for each channel of a sequence.
struct Dropout1d: LayerKind {
  static let type = "dropout1d"
  static let standard = Dropout1d()
  static let fields = Fields<Self>([
    .number("p", \.p, NumberRange(Dropout.probabilities), "The share of channels set to 0.")
  ])
  static let examples = [LayerExample(Dropout1d(), [[3, 4]])]

  var p = 0.5

  func place(at site: LayerSite) -> Architecture.Node? { site.placeChannelDropout(p, axes: 1) }
}

/// `torch.nn.Dropout2d` (Tompson et al. 2015): as `dropout`, with a draw for each channel of a picture.
struct Dropout2d: LayerKind {
  static let type = "dropout2d"
  static let standard = Dropout2d()
  static let fields = Fields<Self>([
    .number("p", \.p, NumberRange(Dropout.probabilities), "The share of channels set to 0.")
  ])

  var p = 0.5

  func place(at site: LayerSite) -> Architecture.Node? { site.placeChannelDropout(p, axes: 2) }
}

extension LayerSite {
  fileprivate func placeChannelDropout(_ p: Double, axes: Int) -> Architecture.Node? {
    guard shape.rank == axes + 1 else {
      return fault("needs channels with \(axes) more axes, but the input has the shape \(shape.words)")
    }
    return placeDropout(p, .channel)
  }

  fileprivate func placeDropout(_ p: Double, _ unit: StructuredDropout.Unit) -> Architecture.Node? {
    guard Dropout.probabilities.contains(p) else {
      return fault("must be at least 0 and less than 1, got \(p)", at: "p")
    }
    return node(StructuredDropout(value: shape, p: p, unit: unit, index: nextDropout()))
  }
}

struct StructuredDropout: PlacedLayer {
  /// Values that are dropped together.
  enum Unit: Sendable { case channel, sample, step }

  let value: ValueShape
  let p: Double
  let unit: Unit
  /// Tells this layer's masks from another's.
  let index: Int

  var changesValues: Bool { false }

  func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
    .init(StructuredDropoutLayer<Element>(options: self))
  }
}

/// Drops units of values by a mask. The mask is a hash of (seed, layer, sample, channel), as that of
/// `DropoutLayer` is.
struct StructuredDropoutLayer<Element: Scalar>: FixedMap {
  let options: StructuredDropout
  let outputCount: Int
  private let channels: Int
  /// How far apart neighbouring channels lie.
  private let inner: Int

  init(options: StructuredDropout) {
    self.options = options
    outputCount = options.value.count
    channels = options.unit == .channel ? options.value.sizes[0] : 1
    inner = options.unit == .channel ? options.value.strides[0] : outputCount
  }

  private func apply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) {
    y.update(from: x, count: pass.count * outputCount)
    guard let key = pass.dropout, options.p > 0 else { return }
    let keep = 1 / Element(1 - options.p)
    let threshold = UInt64(options.p * 0x1p53)
    for sample in 0..<pass.count {
      var stream = SplitMix64(state: key.seed &+ UInt64(options.index) &* 0x9e37_79b9_7f4a_7c15)
      stream.state = stream.next()
      if options.unit != .step { stream.state &+= UInt64(key.firstSample + sample) }
      stream.state = stream.next()
      for channel in 0..<channels {
        let factor = stream.next() >> 11 < threshold ? 0 : keep
        for start in stride(from: channel * inner, to: outputCount, by: channels * inner) {
          Element.scale(factor, y + sample * outputCount + start, inner)
        }
      }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    apply(pass, x, y)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    apply(pass, dy, dx)
  }
}
