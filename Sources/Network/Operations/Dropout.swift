import JSON
import Tensor

/// `torch.nn.Dropout`. In training every value becomes 0 with probability p, and the others are divided by 1
/// − p. Everywhere else, and so in all curvature, it is the identity.
public struct Dropout: LayerKind {
  public static let type = "dropout"
  public static let standard = Dropout()
  public static let fields = Fields<Self>([
    .number("p", \.p, NumberRange(probabilities), "The share of values set to 0.")
  ])
  public static let probabilities = 0.0..<1.0

  public var p: Double

  public init(p: Double = 0.5) { self.p = p }

  public func place(at site: LayerSite) -> Architecture.Node? {
    guard Self.probabilities.contains(p) else {
      return site.fault("must be at least 0 and less than 1, got \(p)", at: "p")
    }
    return site.node(Placed(value: site.shape, p: p, index: site.nextDropout()))
  }

  struct Placed: PlacedLayer {
    let value: ValueShape
    let p: Double
    /// Tells this layer's masks from another's.
    let index: Int

    var changesValues: Bool { false }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(DropoutLayer<Element>(outputCount: value.count, probability: p, index: index))
    }
  }
}

extension LayerDescription {
  public static func dropout(p: Double = 0.5) -> LayerDescription { LayerDescription(Dropout(p: p)) }
}

/// Drops values by a mask. The mask is a hash of (seed, layer, sample, place of the value), so it does not
/// depend on how the minibatch is cut into shards. As a matrix it is diagonal, so the backward pass applies
/// it too.
struct DropoutLayer<Element: Scalar>: FixedMap {
  let outputCount: Int
  let probability: Double
  /// Tells this layer's masks from another's.
  let index: Int

  private func apply(
    _ pass: Pass<Element>, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>
  ) {
    y.update(from: x, count: pass.count * outputCount)
    guard let key = pass.dropout, probability > 0 else { return }
    let keep = 1 / Element(1 - probability)
    let threshold = UInt64(probability * 0x1p53)
    for sample in 0..<pass.count {
      var stream = SplitMix64(state: key.seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15)
      stream.state = stream.next() &+ UInt64(key.firstSample + sample)
      stream.state = stream.next()
      let row = y + sample * outputCount
      for value in 0..<outputCount { row[value] = stream.next() >> 11 < threshold ? 0 : row[value] * keep }
    }
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    apply(pass, x, y)
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    apply(pass, dy, dx)
  }
}
