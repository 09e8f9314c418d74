import JSON
import Tensor

/// `torch.nn.functional.scaled_dot_product_attention`: softmax(QKᵀ·scale + mask)V over the last two axes. The
/// fourth input, if there is one, is added to the scores.
struct ScaledDotProductAttention: LayerKind {
  static let type = "scaled_dot_product_attention"
  static let arity = 3...4
  static let standard = ScaledDotProductAttention()
  static let fields = Fields<Self>([
    .flag("is_causal", \.isCausal, "Whether a position sees itself and earlier ones alone."),
    .given("scale", \.scale, .number(.any), standard: "1/√d of d features", "The factor of the scores."),
  ])
  static let examples = [
    LayerExample(ScaledDotProductAttention(), [[2, 3, 4], [2, 5, 4], [2, 5, 2]]),
    LayerExample(ScaledDotProductAttention(isCausal: true, scale: 0.7), [[3, 4], [3, 4], [3, 4]]),
    LayerExample(ScaledDotProductAttention(), [[3, 4], [2, 4], [2, 4], [3, 2]]),
  ]

  var isCausal = false
  var scale: Double?

  /// A score that no softmax notices.
  static let hidden = -1e30

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let width = site.shape.sizes.last, site.shape.rank >= 2 else {
      return site.fault("must have at least two axes, got \(site.shape.words)", at: "inputs")
    }
    guard let product = MatMul(transposesB: true).place(at: site.reading(Array(site.values[..<2]))) else {
      return nil
    }
    var scores = site.affine(site.insert(product), factor: scale ?? 1 / Double(width).squareRoot())
    var masks = Array(site.values[3...])
    if isCausal {
      let sizes = site.shape(ofValue: scores).sizes
      let (rows, columns) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
      let mask = Constant(
        sizes: [rows, columns],
        values: (0..<rows).flatMap { row in (0..<columns).map { $0 > row ? Self.hidden : 0 } })
      guard let node = mask.place(at: site.reading([])) else { return nil }
      masks.append(site.insert(node))
    }
    for mask in masks {
      guard let sum = Add().place(at: site.reading([scores, mask])) else { return nil }
      scores = site.insert(sum)
    }
    guard let shares = Softmax().place(at: site.reading([scores])) else { return nil }
    return MatMul().place(at: site.reading([site.insert(shares), site.values[2]]))
  }
}

/// `torch.nn.MultiheadAttention` of one sequence with itself (Vaswani et al. 2017), batch first.
struct MultiheadAttention: LayerKind {
  static let type = "multihead_attention"
  static let standard = MultiheadAttention()
  static let fields = Fields<Self>([
    .required("num_heads", \.heads, .size, "The heads, which divide the features."),
    .given("embed_dim", \.features, .size, "Must agree with the layer before."),
    .flag("bias", \.bias, "Whether the projections have biases."),
    .flag("is_causal", \.isCausal, "Whether a position sees itself and earlier ones alone."),
  ])
  static let examples = [
    LayerExample(MultiheadAttention(heads: 2), [[3, 4]]),
    LayerExample(MultiheadAttention(heads: 1, bias: false, isCausal: true), [[4, 3]]),
  ]

  var heads = 1
  var features: Int?
  var bias = true
  var isCausal = false

  func place(at site: LayerSite) -> Architecture.Node? {
    guard site.shape.rank == 2 else {
      return site.fault("needs positions with features, but the input has the shape \(site.shape.words)")
    }
    let (positions, width) = (site.shape.sizes[0], site.shape.sizes[1])
    if let features, features != width {
      return site.fault(
        "must be \(width), the features of the layer before, got \(features)", at: "embed_dim")
    }
    guard width % heads == 0 else {
      return site.fault("must divide the \(width) features, got \(heads)", at: "num_heads")
    }
    let names = [
      "weight": site.tensorName("in_proj_weight"), "bias": site.tensorName("in_proj_bias"),
    ]
    guard
      let projection = Linear(outFeatures: 3 * width, bias: bias).place(
        at: site.inGraph(reading: [site.value], named: site.name, tensors: names))
    else { return nil }
    let all = site.insert(projection)
    var parts: [Int] = []
    for index in 0..<3 {
      guard
        let value = site.chain(
          all,
          [
            Chunk(chunks: 3, dim: -1, index: index),
            Reshape(sizes: [positions, heads, width / heads]), Permute(dims: [0, 2, 1, 3]),
          ])
      else { return nil }
      parts.append(value)
    }
    guard
      let mixed = ScaledDotProductAttention(isCausal: isCausal).place(
        at: site.inGraph(reading: parts, named: site.name)),
      let joined = site.chain(
        site.insert(mixed), [Permute(dims: [0, 2, 1, 3]), Reshape(sizes: [positions, width])])
    else { return nil }
    return Linear(outFeatures: width, bias: bias).place(
      at: site.inGraph(
        reading: [joined], named: site.name + ".out_proj",
        tensors: [
          "weight": site.tensorName("out_proj.weight"), "bias": site.tensorName("out_proj.bias"),
        ]))
  }
}
