import Tensor

/// `torch.nn.Flatten`: makes a vector of a picture, in PyTorch's order (channel, row, column).
public struct Flatten: LayerKind {
  public static let type = "flatten"

  public init() {}

  public func place(at site: LayerSite) -> Architecture.Node? { site.node(Placed(input: site.input)) }

  struct Placed: PlacedLayer {
    let input: Shape

    var output: Shape { Shape(features: input.count) }
    var changesValues: Bool { !input.isVector }
    /// A vector, and a picture of one channel, lie in memory as PyTorch flattens them.
    var isAlias: Bool { input.channels == 1 || input.positions == 1 }

    func stage<Element: Scalar>(_: Element.Type) -> Program<Element>.Stage {
      .init(Rearrangement<Element>.flatten(input))
    }
  }
}

extension LayerDescription {
  public static var flatten: LayerDescription { LayerDescription(Flatten()) }
}

/// A fixed permutation of each sample's values. Without `order` it is the identity, for an activation that no
/// layer precedes.
struct Rearrangement<Element: Scalar>: FixedMap {
  let input: Shape
  let output: Shape
  /// y[i] = x[order[i]]
  private let order: [Int]?

  static func identity(_ shape: Shape) -> Rearrangement {
    Rearrangement(input: shape, output: shape, order: nil)
  }

  static func flatten(_ input: Shape) -> Rearrangement {
    let order = (0..<input.channels).flatMap { c in (0..<input.positions).map { $0 * input.channels + c } }
    return Rearrangement(input: input, output: Shape(features: input.count), order: order)
  }

  func forward(_ pass: Pass<Element>, x: UnsafePointer<Element>, y: UnsafeMutablePointer<Element>) {
    guard let order else { return y.update(from: x, count: pass.count * input.count) }
    let size = order.count
    order.withUnsafeBufferPointer { order in
      for sample in 0..<pass.count {
        let source = x + sample * size
        let target = y + sample * size
        for index in 0..<size { target[index] = source[order[index]] }
      }
    }
  }

  func pull(_ pass: Pass<Element>, dy: UnsafePointer<Element>, dx: UnsafeMutablePointer<Element>) {
    guard let order else { return dx.update(from: dy, count: pass.count * input.count) }
    let size = order.count
    order.withUnsafeBufferPointer { order in
      for sample in 0..<pass.count {
        let target = dx + sample * size
        let source = dy + sample * size
        for index in 0..<size { target[order[index]] = source[index] }
      }
    }
  }
}
