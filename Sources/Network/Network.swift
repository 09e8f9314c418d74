import Tensor

/// A network that can compute in one precision: its architecture as layers with their passes. The parameters
/// are no part of the network. Every pass is given them.
public final class Network<Element: Scalar>: Sendable {
  public let architecture: Architecture
  /// The layers of the architecture, unchanged. Training and the means of neurons need them.
  let plain: NetworkForm<Element>
  /// The same function with running statistics in batch normalization, and with fewer layers. Everything but
  /// training and the means of neurons uses this form.
  let folded: NetworkForm<Element>
  private let worksOnRows: Bool

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public init(_ architecture: Architecture) {
    self.architecture = architecture
    plain = NetworkForm(architecture, foldsNormalization: false)
    folded = NetworkForm(architecture, foldsNormalization: true)
    worksOnRows = architecture.nodes.contains { $0.layer.worksOnRows }
  }

  public var layout: ParameterLayout { architecture.layout }

  /// Values that a linearization keeps for one sample.
  public var keptValues: Int { folded.program.inputCount + folded.program.keptValues }

  /// How many values products need in addition to a linearization: θ, a direction and sums, in prepared form.
  public var productValues: Int {
    6 * layout.parameterCount + 2 * folded.transformRoom
  }

  /// A subset of the parameters, for curvature products that concern it alone.
  /// - Precondition: the indices lie in θ.
  public func subset(_ indices: [Int]) -> ParameterSubset<Element> { folded.subset(indices) }

  /// The number of samples in a shard. It depends on the network and the number of samples, never on the
  /// number of threads. With 64 samples the values of small networks stay in the cache. In larger networks
  /// deep layers have few positions, so their passes need many samples to have enough rows.
  func shardSize(for count: Int) -> Int {
    let values = architecture.valuesPerSample
    if values <= 512 { return 256 }
    if 64 * values <= 1 << 22 { return 64 }
    // At least four shards, so that every processor of a small machine has work.
    if 64 * values <= 3 << 24, count >= 4 * 64 { return 64 }
    var size = 32
    while size > 8, size * values > 1 << 26 { size /= 2 }
    // Few samples make two shards, if each of them has rows enough.
    return worksOnRows ? min(size, max(8, (count + 1) / 2)) : size
  }
}
