import Datasets
import Formats
import JSON
import Jobs
import Network
import Tensor
import TestSupport

/// A trained float64 network on pictures of two channels, for the tests of jobs on influences. The Hessian of
/// its risk comes from differences of the gradient.
struct InfluenceSubject: Sendable {
  static let weightDecay = 0.1
  static let shape = Shape(height: 4, width: 3, channels: 2)

  let store: MemoryStore
  let dataset: Dataset
  let network: Network<Double>
  let state: NetworkState<Double>
  /// Of the mean loss over all training samples, with the weight decay.
  let hessian: DenseMatrix

  /// - Parameter order: of the training samples, among those drawn.
  init(order: [Int] = Array(0..<60), state given: NetworkState<Double>? = nil) throws {
    dataset = try Dataset.arrays(
      name: "two", train: Self.draw(60, "training pictures", order),
      test: Self.draw(25, "test pictures", Array(0..<25)))
    store = MemoryStore(dataset)
    try store.createModel(
      #"""
      {"name": "m", "dataset": "two", "precision": "float64", "weight_decay": 0.1,
       "architecture": {"layers": [
         {"type": "conv2d", "out_channels": 3, "kernel_size": 3, "padding": 1}, {"type": "tanh"},
         {"type": "avg_pool2d", "kernel_size": 2}, {"type": "flatten"}, {"type": "linear", "out_features": 3}]}}
      """#)
    if let given {
      let layout = try store.load("m", checkpoint: store.insertInitial("m", Double.self), as: Double.self)
        .network
        .layout
      store.insert(
        try Weights(layout: layout, precision: .float64).bytes(of: given), model: "m", kind: .uploaded)
    } else {
      try store.run(
        #"""
        {"kind": "train", "model": "m", "validation": 0, "learning_rate": 0.2, "epochs": 200, "batch_size": "all",
         "schedule": "constant"}
        """#)
    }
    (network, state) = try store.load("m")
    let (network, state, samples) = (network, state, Self.samples(dataset.train))
    hessian = try DenseMatrix.hessian(at: state.parameters) { theta in
      try Self.gradient(network, state, at: theta, samples)
    }.shifted(by: Self.weightDecay)
  }

  private static func draw(_ count: Int, _ purpose: String, _ order: [Int]) throws -> SplitArrays {
    var stream = RandomStream(seed: 5, purpose: purpose)
    let samples = (0..<count).map { _ in
      let label = stream.index(below: 3)
      let values = (0..<shape.count).map { Float(stream.normal() + ($0 % 3 == label ? 0.8 : 0)) }
      return (label: Int32(label), values: values)
    }
    return SplitArrays(
      inputs: try NPY.encode(order.flatMap { samples[$0].values }, shape: [count, 2, 4, 3]),
      labels: try NPY.encode(order.map { samples[$0].label }, shape: [count]))
  }

  static func samples(_ split: Split, _ places: [Int]? = nil) -> Samples {
    let places = places ?? Array(0..<split.count)
    return Samples(
      source: TensorSource<Double>(inputs: split.inputs(places).elements, shape: split.shape),
      indices: Array(places.indices), targets: .classes(places.map { split.labels[$0] }))
  }

  private static func gradient(
    _ network: Network<Double>, _ state: NetworkState<Double>, at theta: [Double], _ samples: Samples
  ) throws -> [Double] {
    var moved = state
    moved.parameters = theta
    return try network.gradient(moved, on: samples, loss: .crossEntropy, compute: Compute(pool: testPool))
      .gradient
  }

  /// ∇ℓ of one sample.
  func gradient(_ split: Split, _ place: Int) throws -> [Double] {
    try Self.gradient(network, state, at: state.parameters, Self.samples(split, [place]))
  }

  func losses(_ split: Split) throws -> [Double] {
    try network.evaluate(
      state, on: Self.samples(split), loss: .crossEntropy, compute: Compute(pool: testPool)
    )
    .losses
  }

  /// Posts a request of the kind and gives its result and artifacts. `members` are those of the body after
  /// `model`. By default the curvature is that of the dense reference: the Hessian without damping.
  func post(
    _ members: String, kind: String = "influence", id: String = "job", threads: Int = 2
  ) throws -> (result: JSONValue, context: MemoryContext) {
    let context = MemoryContext(id: id)
    var members = members.isEmpty ? [] : [members]
    for (name, value) in [("hessian", #""hessian""#), ("damping", "0")]
    where !members.contains(where: { $0.contains("\"\(name)\":") || $0.contains("\"factors\":") }) {
      members.append("\"\(name)\": \(value)")
    }
    let result = try store.run(
      #"{"kind": "\#(kind)", "model": "m", \#(members.joined(separator: ", "))}"#, context: context,
      threads: threads)
    return (result, context)
  }
}

extension MemoryContext {
  /// An artifact's elements.
  func doubles(_ name: String) -> [Double] {
    artifacts[name]?.bytes.withUnsafeBytes { raw in
      (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
    } ?? []
  }
}
