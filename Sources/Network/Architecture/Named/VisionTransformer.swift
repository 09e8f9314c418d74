import Tensor

/// torchvision's `vit_b_16` (Dosovitskiy et al. 2021): patches of a picture are the tokens of a transformer,
/// and a token of its own gives the classes.
public struct VisionTransformer: TransformerSizes, Equatable {
  /// The side of a patch. nil follows from the picture: 4 below 64 pixels, 8 below 128, else 16.
  public var patchSize: Int?
  public var width = 768
  public var depth = 12
  public var heads = 12
  public var feedforward: Int?

  public init() {}

  private func side(_ input: Shape) -> Int {
    if let patchSize { return patchSize }
    let side = min(input.height, input.width)
    return side < 64 ? 4 : side < 128 ? 8 : 16
  }

  func fault(_ input: Shape) -> ArchitectureFaults.Fault? {
    let side = side(input)
    guard input.height % side == 0, input.width % side == 0, !input.isVector else {
      return NamedArchitecture.unfit(
        input,
        "the network needs pictures whose sides are multiples of \(side), the side of a patch"
          + (patchSize == nil ? "; set patch_size" : ""))
    }
    return sizeFault
  }

  func graph(_ input: Shape, _ outputs: Int) -> NamedGraph {
    let side = side(input)
    let patches = input.height / side * (input.width / side)
    var graph = NamedGraph()
    var token = graph.add("class_token", FreeTensor(sizes: [1, 1, width]))
    token = graph.add("class_token.row", Reshape(sizes: [1, width]), token)
    let patch = Conv2d(outChannels: width, kernel: [side, side], stride: [side, side])
    var value = graph.add("conv_proj", patch, NamedGraph.input)
    value = graph.add("conv_proj.last", Permute(dims: [0, 2, 3, 1]), value)
    value = graph.add("conv_proj.tokens", Reshape(sizes: [patches, width]), value)
    value = graph.add("tokens", Concat(), token, value)
    var places = graph.add(
      "encoder.pos_embedding", FreeTensor(sizes: [1, patches + 1, width], start: .normal))
    places = graph.add("encoder.pos_embedding.rows", Reshape(sizes: [patches + 1, width]), places)
    value = graph.add("encoder", Add(), value, places)
    for layer in 0..<depth { value = block(&graph, "encoder.layers.encoder_layer_\(layer)", value) }
    // Only the class token is read. The normalization looks at each token by itself.
    value = graph.add("class", Select(dim: 1, index: 0), value)
    value = graph.add("encoder.ln", LayerNorm(sizes: [width], epsilon: 1e-6), value)
    graph.add("heads.head", Linear(outFeatures: outputs), value)
    graph.start = Self.start
    return graph
  }

  private func block(_ graph: inout NamedGraph, _ name: String, _ input: String) -> String {
    var value = graph.add(name + ".ln_1", LayerNorm(sizes: [width], epsilon: 1e-6), input)
    value = graph.add(name + ".self_attention", MultiheadAttention(heads: heads), value)
    let attended = graph.residual(name + ".attended", input, value)
    value = graph.add(name + ".ln_2", LayerNorm(sizes: [width], epsilon: 1e-6), attended)
    value = graph.add(name + ".mlp.0", Linear(outFeatures: feedforward ?? 4 * width), value)
    value = graph.add(name + ".mlp.1", GELU(), value)
    value = graph.add(name + ".mlp.3", Linear(outFeatures: width), value)
    return graph.residual(name, attended, value)
  }

  private static func start(_ tensor: ParameterTensor) -> ParameterTensor.Start? {
    let isMLP = tensor.name.contains(".mlp.")
    switch tensor.kind {
    case .convolution: return .normal(deviation: 1 / Double(tensor.fanIn).squareRoot())
    case .linear where isMLP || tensor.name.hasSuffix("in_proj_weight"): return .xavierUniform(tensor)
    case .linear where tensor.name.hasPrefix("heads"): return .constant(0)
    case .bias: return isMLP ? .normal(deviation: 1e-6) : .constant(0)
    default: return nil
    }
  }
}

/// The sizes that transformers share.
public protocol TransformerSizes: Sendable {
  /// The features of a token.
  var width: Int { get set }
  /// The number of blocks.
  var depth: Int { get set }
  var heads: Int { get set }
  /// The width between the two linear layers of a block; nil is four times `width`.
  var feedforward: Int? { get set }
}

extension TransformerSizes {
  var sizeFault: ArchitectureFaults.Fault? {
    width % heads == 0
      ? nil : .init(path: ["heads"], detail: "must divide the width, \(width), got \(heads)")
  }
}
