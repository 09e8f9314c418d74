import Tensor

/// A network ready to compute in one precision: its architecture as layers with their passes.
///
/// It holds no parameters; every pass is given them.
public final class Network<Element: Scalar>: Sendable {
  public let architecture: Architecture
  /// The layers as they are. Training runs them, and they show a neuron's own output.
  let plain: NetworkForm<Element>
  /// The same function of θ with running statistics in batch normalization and with fewer layers. Everything
  /// but training runs it.
  let folded: NetworkForm<Element>

  public init(_ architecture: Architecture) {
    self.architecture = architecture
    plain = NetworkForm(architecture, foldsNormalization: false)
    folded = NetworkForm(architecture, foldsNormalization: true)
  }

  public var layout: ParameterLayout { architecture.layout }

  /// Values that a linearization keeps for one sample.
  public var keptValues: Int { folded.root.input.count + folded.root.keptValues }

  /// Values that products need besides those that each linearization keeps: θ, a direction and sums in the
  /// forms they take.
  public var productValues: Int {
    ((folded.hasTransforms ? 2 * Operand<Element>.room : 2) + 4) * layout.parameterCount
  }

  /// A subset of the parameters, for curvature products that concern it alone.
  /// - Precondition: the indices lie in θ.
  public func subset(_ indices: [Int]) -> ParameterSubset<Element> { folded.subset(indices) }

  /// Samples in a shard: the unit of parallel work and of fixed-order sums. The size depends on the network
  /// and the number of samples, never on the number of threads. A shard of 64 keeps the values of small
  /// networks in the cache. In larger networks deep layers have few positions, and many samples give their
  /// passes enough rows.
  func shardSize(for count: Int) -> Int {
    let values = architecture.valuesPerSample
    if values <= 512 { return 256 }
    if 64 * values <= 1 << 22 { return 64 }
    // Four shards at least, so that a machine of few processors has work for all.
    if 64 * values <= 3 << 24, count >= 4 * 64 { return 64 }
    var size = 32
    while size > 8, size * values > 1 << 26 { size /= 2 }
    return size
  }
}
