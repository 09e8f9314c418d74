import Network
import Tensor

/// The curvature of the risk R(θ) = L(θ) + λ/2‖θ‖² at one θ over any number of samples, in bounded memory.
///
/// The samples are cut into pieces, and as many pieces as fit stay linearized. The passes of the other pieces
/// run again for every product, which adds half the product's time. The pieces depend on the network alone,
/// so `memoryLimit` changes the time and no bit of a result.
public struct SampledCurvature<Element: Scalar>: SymmetricOperator {
  public let network: Network<Element>
  public let state: NetworkState<Element>
  public let samples: Samples
  public let loss: Loss
  public let kind: CurvatureKind
  /// λ.
  public let weightDecay: Double
  private let memoryLimit: Int
  private let compute: Compute
  private let pieceSize: Int
  private let pieces: [Range<Int>]
  /// Linearizations of the first pieces.
  private let kept: [Linearization<Element>]
  private var support: ParameterSubset<Element>?
  private var wanted: ParameterSubset<Element>?

  /// Pieces have a multiple of this many samples, so that each has whole shards.
  private static var pieceUnit: Int { 256 }

  /// Bytes that the linearization of a piece of more than `pieceUnit` samples may take.
  private static var pieceBytes: Int { 1 << 28 }

  /// Linearizes as many samples as fit in `memoryLimit` bytes. During a product one more piece is in memory.
  /// - Parameter pieceSize: samples in a piece; nil follows from the network.
  /// - Precondition: there is at least one sample.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(
    network: Network<Element>, state: NetworkState<Element>, samples: Samples, loss: Loss,
    kind: CurvatureKind = .hessian, weightDecay: Double, memoryLimit: Int, compute: Compute,
    pieceSize: Int? = nil
  ) throws(Cancelled) {
    precondition(samples.count > 0, "A curvature needs at least one sample.")
    self.network = network
    self.state = state
    self.samples = samples
    self.loss = loss
    self.kind = kind
    self.weightDecay = weightDecay
    self.memoryLimit = memoryLimit
    self.compute = compute
    let bytes = network.keptValues * MemoryLayout<Element>.size
    let size = pieceSize ?? max(1, min(64, Self.pieceBytes / (bytes * Self.pieceUnit))) * Self.pieceUnit
    self.pieceSize = size
    pieces = stride(from: 0, to: samples.count, by: size).map { $0..<min($0 + size, samples.count) }
    var kept: [Linearization<Element>] = []
    let gradient = network.layout.parameterCount * MemoryLayout<Element>.size
    var left = memoryLimit - network.productValues * MemoryLayout<Element>.size
    for piece in pieces {
      left -= piece.count * bytes + gradient
      // The first piece is kept in any case: a product needs the memory of one piece anyway.
      if left < 0, !kept.isEmpty { break }
      kept.append(
        try Linearization(
          network: network, state: state, samples: samples.selecting(Array(piece)), loss: loss,
          compute: compute, beside: kept.first))
    }
    self.kept = kept
  }

  /// The curvature over one piece of samples that are linearized already.
  public init(_ linearization: Linearization<Element>, kind: CurvatureKind = .hessian, weightDecay: Double) {
    network = linearization.network
    state = linearization.state
    samples = linearization.samples
    loss = linearization.loss
    self.kind = kind
    self.weightDecay = weightDecay
    memoryLimit = .max
    compute = linearization.compute
    pieceSize = samples.count
    pieces = [0..<samples.count]
    kept = [linearization]
  }

  public var dimension: Int { network.layout.parameterCount }

  public func narrowed(support: [Int]?, wanted: [Int]?) -> SampledCurvature {
    var narrowed = self
    (narrowed.support, narrowed.wanted) = network.subsets(support, wanted)
    return narrowed
  }

  /// Samples whose passes are kept between products.
  public var keptSamples: Int { kept.reduce(0) { $0 + $1.count } }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func apply(_ x: [Element], into y: inout [Element]) throws {
    try requireLength(x.count, dimension, "the vector to multiply")
    if pieces.count == 1 {
      try kept[0].curvatureProduct(kind, x, into: &y, support: support, wanted: wanted)
    } else {
      var part = [Element].zeros(dimension)
      for index in y.indices { y[index] = 0 }
      try forEachPiece { linearization, share in
        try linearization.curvatureProduct(kind, x, into: &part, support: support, wanted: wanted)
        y.add(share, times: part)
      }
    }
    if weightDecay != 0 { y.add(Element(weightDecay), times: x) }
  }

  /// Pieces that are not kept are linearized once for all vectors.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func apply(block: VectorBlock<Element>, into products: inout VectorBlock<Element>) throws {
    try requireLength(block.length, dimension, "the vector to multiply")
    if pieces.count == 1 {
      try kept[0].curvatureProducts(kind, block, into: &products)
    } else {
      var part = VectorBlock<Element>(count: block.count, length: dimension, zeroed: false)
      products = VectorBlock(count: block.count, length: dimension)
      try forEachPiece { linearization, share in
        try linearization.curvatureProducts(kind, block, into: &part)
        products.add(share, times: part)
      }
    }
    if weightDecay != 0 { products.add(Element(weightDecay), times: block) }
  }

  /// Calls `body` with every piece in order, and with the piece's share of the samples.
  private func forEachPiece(_ body: (Linearization<Element>, Element) throws -> Void) throws {
    for (place, piece) in pieces.enumerated() {
      let linearization =
        place < kept.count
        ? kept[place]
        : try Linearization(
          network: network, state: state, samples: samples.selecting(Array(piece)), loss: loss,
          compute: compute, beside: kept.first)
      try body(linearization, Element(Double(piece.count) / Double(samples.count)))
    }
  }

  /// The curvature of the same risk over some of the samples, by their places.
  /// - Throws: `Cancelled`.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public func restricted(to places: [Int]) throws(Cancelled) -> SampledCurvature {
    try SampledCurvature(
      network: network, state: state, samples: samples.selecting(places), loss: loss, kind: kind,
      weightDecay: weightDecay, memoryLimit: memoryLimit, compute: compute, pieceSize: pieceSize)
  }
}

extension Network {
  /// Two sets of places in the form that the passes use. If the sets are equal, the form is made once.
  func subsets(
    _ support: [Int]?, _ wanted: [Int]?
  ) -> (support: ParameterSubset<Element>?, wanted: ParameterSubset<Element>?) {
    let first = support.map { subset($0) }
    return (first, support == wanted ? first : wanted.map { subset($0) })
  }
}
