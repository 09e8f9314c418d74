import Dispatch
import JSON
import Network
import Synchronization
import Tensor

/// The machine of the jobs as estimates see it: its speed, and the memory that a job may fill.
public final class Machine: Sendable {
  /// Multiply-adds a second of all threads together in large float32 convolutions; float64 is half as fast.
  public let multiplyAdds: Double
  public let threads: Int
  /// Bytes that the linearizations of a job may take.
  public let memoryLimit: Int
  private let networks = Mutex<[NetworkKey: NetworkCost]>([:])

  private struct NetworkKey: Hashable {
    let architecture: ArchitectureRequest
    let loss: Loss
    let shape: [Int]
    let targets: CatalogDataset.Targets
  }

  public init(multiplyAdds: Double, threads: Int, memoryLimit: Int) {
    self.multiplyAdds = max(1, multiplyAdds)
    self.threads = max(1, threads)
    self.memoryLimit = memoryLimit
  }

  /// Measures the rate with forward passes of a small network. This takes some hundredths of a second.
  ///
  /// - Throws: `ArchitectureFaults` and `Cancelled`, which cannot happen for this network.
  public convenience init(pool: ComputePool, memoryLimit: Int) throws {
    let input = Shape(height: 28, width: 28, channels: 1)
    let architecture = try Architecture(NamedArchitecture.cnn, input: input, outputs: 10)
    let network = Network<Float>(architecture)
    let state = NetworkState<Float>(initial: architecture.layout, seed: 0)
    // One shard for each thread.
    let count = 64 * pool.threads
    let samples = Samples(
      source: TensorSource(inputs: [Float](repeating: 0.5, count: count * input.count), shape: input),
      indices: Array(0..<count),
      targets: .classes(Array(repeating: 0, count: count)))
    var best = Double.infinity
    for _ in 0..<8 {
      let start = DispatchTime.now().uptimeNanoseconds
      _ = try network.evaluate(state, on: samples, loss: .crossEntropy, compute: Compute(pool: pool))
      best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)
    }
    let operations = Double(count) * NetworkCost(architecture).forwardOperations
    self.init(multiplyAdds: operations / max(best, 1e-9), threads: pool.threads, memoryLimit: memoryLimit)
  }

  /// The cost of a network, computed once for each network.
  func network(of model: CatalogModel, _ set: CatalogDataset) throws -> NetworkCost {
    let key = NetworkKey(
      architecture: model.architecture, loss: model.loss, shape: set.inputShape, targets: set.targets)
    if let known = networks.withLock({ $0[key] }) { return known }
    let cost = NetworkCost(try model.network(for: set))
    networks.withLock { networks in
      if networks.count >= 256 { networks.removeAll() }
      networks[key] = cost
    }
    return cost
  }
}

/// The cost of a network's passes over one sample.
struct NetworkCost: Sendable {
  let parameters: Double
  let outputs: Double
  /// Multiply-adds of a forward pass.
  let multiplyAdds: Double
  /// Values that layers pass on.
  let values: Double
  let inputs: Double
  /// The part of `values` that arithmetic computes.
  let computed: Double
  /// Values that a linearization keeps.
  let kept: Double
  /// The memory of passes in float32.
  private let memory: PassMemory
  /// Whether a training step keeps the values of its whole batch, as batch normalization does.
  let couplesSamples: Bool

  /// The most samples that a thread works on at a time. Large networks have fewer.
  var shardSamples: Double { min(values <= 512 ? 256 : 64, max(8, 0x1p26 / max(1, values))) }

  /// The most samples of a set that a thread works on at a time.
  private func shardSamples(of count: Double) -> Double { max(1, min(shardSamples, count)) }

  /// How many threads work at a time, in passes over `count` samples.
  func lanes(_ count: Double, threads: Int) -> Double {
    max(1, min(Double(threads), (count / shardSamples(of: count)).rounded(.up)))
  }

  /// How many values the threads have in work at a time, in passes over a set of `count` samples.
  /// - Parameter isProduct: for the tangents alone, which products need in addition.
  func inWork(_ count: Double, threads: Int, tangents isProduct: Bool = false) -> Double {
    let shard = shardSamples(of: count)
    let values =
      isProduct
      ? shard * Double(memory.tangents)
      : shard * (kept + Double(memory.working)) + Double(memory.scratch(Int(shard)))
    return lanes(count, threads: threads) * values
  }

  /// The cost of a forward pass over one sample, in multiply-adds of large convolutions. Activations, pooling
  /// and loss are proportional to the values that layers compute.
  var forwardOperations: Double { multiplyAdds + 260 * computed + 1000 }

  init(_ network: Architecture) {
    parameters = Double(network.layout.parameterCount)
    outputs = Double(network.output.count)
    multiplyAdds = Double(network.multiplyAddsPerSample)
    values = Double(network.valuesPerSample)
    inputs = Double(network.input.count)
    // A flatten passes its input on without computing.
    let flattened = network.rows.filter { $0.type == "flatten" }.map { $0.output.reduce(1, *) }
    computed = max(0, values - 0.9 * inputs - Double(flattened.reduce(0, +)))
    memory = network.passMemory(as: Float.self)
    kept = Double(memory.kept)
    couplesSamples = network.layout.runningCount > 0
  }
}
