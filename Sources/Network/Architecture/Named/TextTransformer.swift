import Tensor

/// A small transformer for rows of token ids, with the modules of `torch.nn`: an `Embedding` and a table of
/// positions, a `TransformerEncoder` with the normalization first, and a linear layer. The encoder's output is
/// averaged over the tokens, or every token has outputs of its own.
public struct TextTransformer: TransformerSizes, Equatable {
  /// Token ids are 0 to one less.
  public var vocabulary: Int
  public var width = 128
  public var depth = 2
  public var heads = 4
  public var feedforward: Int?
  public var dropout = 0.0
  /// Whether a token sees itself and earlier ones alone.
  public var isCausal = false
  /// Whether every token has outputs of its own, and not the mean of the tokens.
  var isPerToken = false

  public init(vocabulary: Int) { self.vocabulary = vocabulary }

  func fault(_ input: Shape) -> ArchitectureFaults.Fault? {
    guard input.isVector else {
      return NamedArchitecture.unfit(input, "the network needs a row of token ids")
    }
    return sizeFault
  }

  func graph(_ input: Shape, _ outputs: Int) -> NamedGraph {
    var graph = NamedGraph()
    let places = graph.add("positions", FreeTensor(sizes: [input.count, width], start: .normal))
    var value = graph.add("embedding", Embedding(count: vocabulary, width: width), NamedGraph.input)
    value = graph.add("tokens", Add(), value, places)
    value = drop(&graph, "dropout", value)
    for layer in 0..<depth { value = block(&graph, "encoder.layers.\(layer)", value) }
    value = graph.add("encoder.norm", LayerNorm(sizes: [width]), value)
    if !isPerToken { value = graph.add("mean", Mean(dims: [1]), value) }
    graph.add("head", Linear(outFeatures: isPerToken ? outputs / input.count : outputs), value)
    graph.start = Self.start
    return graph
  }

  /// `torch.nn.TransformerEncoderLayer` with `norm_first` and the activation `gelu`.
  private func block(_ graph: inout NamedGraph, _ name: String, _ input: String) -> String {
    var value = graph.add(name + ".norm1", LayerNorm(sizes: [width]), input)
    value = graph.add(name + ".self_attn", MultiheadAttention(heads: heads, isCausal: isCausal), value)
    value = drop(&graph, name + ".dropout1", value)
    let attended = graph.residual(name + ".attended", input, value)
    value = graph.add(name + ".norm2", LayerNorm(sizes: [width]), attended)
    value = graph.add(name + ".linear1", Linear(outFeatures: feedforward ?? 4 * width), value)
    value = graph.add(name + ".activation", GELU(), value)
    value = drop(&graph, name + ".dropout", value)
    value = graph.add(name + ".linear2", Linear(outFeatures: width), value)
    value = drop(&graph, name + ".dropout2", value)
    graph.move(name + ".norm1", behind: name + ".linear2")
    graph.move(name + ".norm2", behind: name + ".norm1")
    return graph.residual(name, attended, value)
  }

  private func drop(_ graph: inout NamedGraph, _ name: String, _ value: String) -> String {
    dropout == 0 ? value : graph.add(name, Dropout(p: dropout), value)
  }

  private static func start(_ tensor: ParameterTensor) -> ParameterTensor.Start? {
    switch tensor.kind {
    // Tokens and positions begin with one size.
    case .table: .normal(deviation: 0.02)
    case .linear where tensor.name.hasSuffix("in_proj_weight"): .xavierUniform(tensor)
    case .bias where tensor.name.contains("self_attn"): .constant(0)
    default: nil
    }
  }
}
