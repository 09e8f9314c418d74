import JSON
import Tensor

/// `torch.nn.MultiheadAttention` (Vaswani et al. 2017), batch first: of a sequence with itself, or of queries with
/// keys and values. A mask may follow.
struct MultiheadAttention: LayerKind {
  static let type = "multihead_attention"
  static let arity = 1...4
  static let standard = MultiheadAttention()
  static let fields = Fields<Self>([
    .required("num_heads", \.heads, .size, "The heads, which divide the features."),
    .given("embed_dim", \.features, .size, "Must agree with the layer before."),
    .given("kdim", \.keyFeatures, .size, "Must agree with the keys."),
    .given("vdim", \.valueFeatures, .size, "Must agree with the values."),
    .flag("bias", \.bias, "Whether the projections have biases."),
    .flag("is_causal", \.isCausal, "Whether a position sees itself and earlier ones alone."),
    .choice(
      "mask", \.mask,
      "The second of two inputs, or the fourth, is a mask over queries and keys, or over keys alone. One that is "
        + "`additive` is added to the scores. One that is `boolean` hides the places where it is not 0."),
  ])
  static let examples = [
    LayerExample(MultiheadAttention(heads: 2), [[3, 4]]),
    LayerExample(MultiheadAttention(heads: 1, bias: false, isCausal: true), [[4, 3]]),
    LayerExample(MultiheadAttention(heads: 2), [[3, 4], [3, 3]]),
    LayerExample(MultiheadAttention(heads: 2), [[3, 4], [2, 4], [2, 4]]),
    LayerExample(
      MultiheadAttention(heads: 2, mask: .boolean), [[3, 4], [2, 3], [2, 5], [2]], .any, .any, .any,
      .whole(below: 2)),
  ]

  var heads = 1
  var features: Int?
  var keyFeatures: Int?
  var valueFeatures: Int?
  var bias = true
  var isCausal = false
  var mask = AttentionMask.additive

  func place(at site: LayerSite) -> Architecture.Node? {
    let isCross = site.values.count > 2
    let sources = isCross ? [0, 1, 2] : [0]
    for shape in sources.map({ site.shape($0) }) where shape.rank != 2 {
      return site.fault("needs positions with features, but an input has the shape \(shape.words)")
    }
    let shapes = (0..<3).map { site.shape(isCross ? $0 : 0) }
    let (positions, width) = (site.shape.sizes[0], site.shape.sizes[1])
    for (option, given, index) in [
      ("embed_dim", features, 0), ("kdim", keyFeatures, 1), ("vdim", valueFeatures, 2),
    ] {
      let found = shapes[index].sizes[1]
      if let given, given != found {
        return site.fault("must be \(found), the features of the input, got \(given)", at: option)
      }
    }
    guard width % heads == 0 else {
      return site.fault("must divide the \(width) features, got \(heads)", at: "num_heads")
    }
    guard shapes[1].sizes[0] == shapes[2].sizes[0] else {
      return site.fault("must have as many keys as values", at: "inputs")
    }
    if site.values.count == 1 {
      guard let all = projectAtOnce(site) else { return nil }
      let mixed = site.reading([all]).fusedSelfAttention(heads: heads, isCausal: isCausal)
      return projectOut(site.insert(mixed), site)
    }
    guard let projections = isCross ? projectEach(site) : projectAtOnce(site).flatMap({ thirds($0, site) })
    else {
      return nil
    }
    var parts: [Int] = []
    for projection in projections {
      let places = site.shape(ofValue: projection).sizes[0]
      guard
        let part = site.chain(
          projection, [Reshape(sizes: [places, heads, width / heads]), Permute(dims: [0, 2, 1, 3])])
      else { return nil }
      parts.append(part)
    }
    if let given = site.values.count % 2 == 0 ? site.values.last : nil {
      // PyTorch's masks say here what is hidden, and in scaled_dot_product_attention what is seen.
      let isSeen = PlacedComparison(value: site.shape(ofValue: given), condition: .equal, constant: 0)
      parts.append(mask == .boolean ? site.insert(.init(isSeen, inputs: [given])) : given)
    }
    guard
      let mixed = ScaledDotProductAttention(isCausal: isCausal, mask: mask).place(
        at: site.inGraph(reading: parts, named: site.name)),
      let joined = site.chain(
        site.insert(mixed), [Permute(dims: [0, 2, 1, 3]), Reshape(sizes: [positions, width])])
    else { return nil }
    return projectOut(joined, site)
  }

  /// The last product.
  private func projectOut(_ value: Int, _ site: LayerSite) -> Architecture.Node? {
    let names = [
      "weight": site.tensorName("out_proj.weight"), "bias": site.tensorName("out_proj.bias"),
    ]
    return Linear(outFeatures: site.shape.sizes[1], bias: bias).place(
      at: site.inGraph(reading: [value], named: site.name + ".out_proj", tensors: names))
  }

  /// Queries, keys and values of one input side by side, by one product; nil after a fault.
  private func projectAtOnce(_ site: LayerSite) -> Int? {
    let names = ["weight": site.tensorName("in_proj_weight"), "bias": site.tensorName("in_proj_bias")]
    guard
      let projection = Linear(outFeatures: 3 * site.shape.sizes[1], bias: bias).place(
        at: site.inGraph(reading: [site.value], named: site.name, tensors: names))
    else { return nil }
    return site.insert(projection)
  }

  private func thirds(_ all: Int, _ site: LayerSite) -> [Int]? {
    let parts = (0..<3).compactMap { site.chain(all, [Chunk(chunks: 3, dim: -1, index: $0)]) }
    return parts.count == 3 ? parts : nil
  }

  /// Queries, keys and values of three inputs; nil after a fault. As in PyTorch, they share one tensor of weights if
  /// they are equally wide.
  private func projectEach(_ site: LayerSite) -> [Int]? {
    let width = site.shape.sizes[1]
    let inputs = (0..<3).map { site.rowMajor($0) }
    let widths = inputs.map { $0.shape.sizes[1] }
    for (shape, _) in inputs {
      guard
        site.hasRoom(
          rows: width, columns: shape.sizes[1], values: width * shape.sizes[0], at: "num_heads")
      else { return nil }
    }
    let isPacked = widths.allSatisfy { $0 == width }
    let weights: [Int]
    if isPacked {
      let offset = site.add("in_proj_weight", [3 * width, width], .linear, fanIn: width)
      weights = (0..<3).map { offset + $0 * width * width }
    } else {
      weights = zip(["q", "k", "v"], widths).map { name, inner in
        site.add("\(name)_proj_weight", [width, inner], .linear, fanIn: inner)
      }
    }
    let biases = bias ? site.add("in_proj_bias", [3 * width], .bias, fanIn: width) : nil
    if isPacked {
      site.note(
        NeuronLayer(
          name: site.name, weights: weights[0], bias: biases, neurons: 3 * width, fanIn: width,
          positions: inputs[1].shape.sizes[0], isNarrowable: false))
    }
    return inputs.enumerated().map { index, input in
      let bias = biases.map { $0 + index * width }
      if !isPacked {
        site.note(
          NeuronLayer(
            name: "\(site.name).\(["q", "k", "v"][index])", weights: weights[index], bias: bias,
            neurons: width, fanIn: widths[index], positions: input.shape.sizes[0]))
      }
      return site.insert(
        .init(
          Linear.Placed(
            input: Shape(positionsOf: input.shape), value: ValueShape([input.shape.sizes[0], width]),
            weights: weights[index], bias: bias), inputs: [input.value]))
    }
  }
}
