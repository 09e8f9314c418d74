/// One layer as a user writes it: its type and PyTorch's options. Sizes of the input follow from the layer before;
/// where the user gives one it must agree.
public indirect enum LayerDescription: Sendable, Equatable {
  case linear(outFeatures: Int, inFeatures: Int? = nil, bias: Bool = true)
  case conv2d(
    outChannels: Int, kernel: [Int], stride: Int = 1, padding: Int = 0, inChannels: Int? = nil,
    bias: Bool = true)
  case batchNorm2d(features: Int? = nil)
  case relu
  case tanh
  case maxPool2d(kernel: [Int], stride: Int? = nil, padding: Int = 0)
  case avgPool2d(kernel: [Int], stride: Int? = nil, padding: Int = 0)
  case adaptiveAvgPool2d(outputHeight: Int, outputWidth: Int)
  case flatten
  case dropout(p: Double = 0.5)
  case residual(layers: [NamedLayer], shortcut: [NamedLayer]? = nil)

  /// The `type` of the layer in a request.
  public var type: String {
    switch self {
    case .linear: "linear"
    case .conv2d: "conv2d"
    case .batchNorm2d: "batch_norm2d"
    case .relu: "relu"
    case .tanh: "tanh"
    case .maxPool2d: "max_pool2d"
    case .avgPool2d: "avg_pool2d"
    case .adaptiveAvgPool2d: "adaptive_avg_pool2d"
    case .flatten: "flatten"
    case .dropout: "dropout"
    case .residual: "residual"
    }
  }
}

/// A layer and the name its tensors begin with, as the PyTorch module of the network has it.
public struct NamedLayer: Sendable, Equatable {
  public var name: String
  public var layer: LayerDescription

  public init(_ name: String, _ layer: LayerDescription) {
    self.name = name
    self.layer = layer
  }

  /// Names as `torch.nn.Sequential` counts its modules; inside a `residual` at position i they are
  /// `i.layers.j` and `i.shortcut.j`.
  public static func sequential(_ layers: [LayerDescription], prefix: String = "") -> [NamedLayer] {
    layers.enumerated().map { index, layer in
      let name = "\(prefix)\(index)"
      guard case .residual(let main, let shortcut) = layer else { return NamedLayer(name, layer) }
      return NamedLayer(
        name,
        .residual(
          layers: sequential(main.map(\.layer), prefix: name + ".layers."),
          shortcut: shortcut.map { sequential($0.map(\.layer), prefix: name + ".shortcut.") }))
    }
  }
}
