import Tensor

/// The named architectures, with the tensor names of the PyTorch modules that users have.
public enum NamedArchitecture: Sendable, Equatable {
  case linear
  case logistic
  case mlp(hidden: [Int], activation: MLPActivation)
  /// Four strided convolutions and a classifier: 398,090 parameters at 1×28×28.
  case cnn
  /// The all-convolutional tanh network of Koh and Liang 2017.
  case smallCNN
  /// LeCun et al. 1998, as PyTorch tutorials write it: 62,006 parameters at 3×32×32.
  case lenet
  /// Simonyan and Zisserman 2015.
  case vgg(depth: VGGDepth, form: VGGForm)
  /// He et al. 2016, as torchvision names it.
  case resnet(depth: ResNetDepth, stem: Stem?)
  /// A network of torchvision that has no options.
  case torchvision(TorchvisionNetwork)
  case visionTransformer(VisionTransformer)
  case textTransformer(TextTransformer)

  public enum MLPActivation: String, Sendable, CaseIterable { case relu, tanh }
  public enum VGGDepth: Int, Sendable, CaseIterable {
    case eleven = 11
    case thirteen = 13
    case fourteen = 14
    case sixteen = 16
    case nineteen = 19
  }
  /// `small`: batch normalization and one linear layer, for small pictures. `torchvision`: no batch
  /// normalization and three linear layers, as torchvision's network of the same name.
  public enum VGGForm: String, Sendable, CaseIterable { case small, torchvision }
  public enum ResNetDepth: Int, Sendable, CaseIterable {
    case eighteen = 18
    case fifty = 50
  }
  /// `small`: 3×3, stride 1, no pooling. `imagenet`: 7×7, stride 2, and a max-pool.
  public enum Stem: String, Sendable, CaseIterable { case small, imagenet }

  /// The names a request may use.
  public static let names = standards.map(\.name)

  /// The architecture of that name with its default options, and with placeholders for required ones; nil if
  /// there is none.
  public init?(name: String) {
    guard let found = Self.standards.first(where: { $0.name == name }) else { return nil }
    self = found.architecture
  }

  private static let standards: [(name: String, architecture: NamedArchitecture)] =
    [
      ("linear", .linear), ("logistic", .logistic), ("mlp", .mlp(hidden: [128, 64], activation: .relu)),
      ("cnn", .cnn), ("small_cnn", .smallCNN), ("lenet", .lenet),
    ] + VGGDepth.allCases.map { ("vgg\($0.rawValue)", .vgg(depth: $0, form: .small)) }
    + ResNetDepth.allCases.map { ("resnet\($0.rawValue)", .resnet(depth: $0, stem: nil)) }
    + TorchvisionNetwork.allCases.map { ($0.rawValue, .torchvision($0)) }
    + [
      ("vit_b_16", .visionTransformer(VisionTransformer())),
      ("transformer", .textTransformer(TextTransformer(vocabulary: 1))),
    ]

  // MARK: Layers

  /// Its layers for samples of the given shape; nil if they are no list.
  public func layers(input: Shape, outputs: Int) -> [NamedLayer]? {
    if case .layers(let layers) = plan(input, outputs) { layers } else { nil }
  }

  /// The layers, or the graph, for samples of the given shape.
  private func plan(_ input: Shape, _ outputs: Int) -> Plan {
    switch self {
    case .linear, .logistic: .layers(Self.perceptron([], .relu, input, outputs))
    case .mlp(let hidden, let activation): .layers(Self.perceptron(hidden, activation, input, outputs))
    case .cnn: .layers(Self.cnn(outputs))
    case .smallCNN: .layers(Self.smallCNN(outputs))
    case .lenet: .layers(Self.lenet(input, outputs))
    case .vgg(let depth, .small): .layers(Self.smallVGG(depth, outputs))
    case .vgg(let depth, .torchvision): .graph(.vgg(depth, normalizes: false, outputs))
    case .resnet(let depth, let stem):
      .layers(
        Self.resnet(depth, stem ?? (min(input.height, input.width) < 64 ? .small : .imagenet), outputs))
    case .torchvision(let network): .graph(network.graph(input, outputs))
    case .visionTransformer(let transformer): .graph(transformer.graph(input, outputs))
    case .textTransformer(let transformer): .graph(transformer.graph(input, outputs))
    }
  }

  /// The same architecture with outputs for every token, if it has tokens.
  public var perToken: NamedArchitecture {
    guard case .textTransformer(var transformer) = self else { return self }
    transformer.isPerToken = true
    return .textTransformer(transformer)
  }

  private enum Plan {
    case layers([NamedLayer])
    case graph(NamedGraph)
  }

  /// Why the options, or samples of some shape, are refused before any layer is looked at.
  private func fault(_ input: Shape) -> ArchitectureFaults.Fault? {
    switch self {
    case .vgg(.fourteen, .torchvision):
      .init(path: ["form"], detail: "must be small: torchvision has no VGG of 14 layers")
    case .vgg(_, .torchvision): Self.fault(ofPicturesBelow: 32, input)
    case .torchvision(let network):
      Self.fault(ofPicturesBelow: network.smallestSide, above: network.largestSide, input)
    case .visionTransformer(let transformer): transformer.fault(input)
    case .textTransformer(let transformer): transformer.fault(input)
    case .linear, .logistic, .mlp, .cnn, .smallCNN, .lenet, .vgg(_, .small), .resnet: nil
    }
  }

  private static func fault(
    ofPicturesBelow smallest: Int, above largest: Int = .max, _ input: Shape
  ) -> ArchitectureFaults.Fault? {
    if min(input.height, input.width) < smallest {
      return unfit(input, "the network needs pictures of at least \(smallest)×\(smallest)")
    }
    if max(input.height, input.width) > largest {
      return unfit(input, "the network takes pictures of at most \(largest)×\(largest)")
    }
    return nil
  }

  /// The one fault of a network that does not fit samples of some shape.
  static func unfit(_ input: Shape, _ detail: String) -> ArchitectureFaults.Fault {
    .init(path: [], detail: "does not fit samples of the shape \(input): \(detail)")
  }

  fileprivate func architecture(_ input: Shape, _ outputs: Int) throws(ArchitectureFaults) -> Architecture {
    if let fault = fault(input) { throw ArchitectureFaults([fault]) }
    do throws(ArchitectureFaults) {
      switch plan(input, outputs) {
      case .layers(let layers):
        return try Architecture(layers: layers, input: input, outputs: outputs, path: [])
      case .graph(let graph): return try graph.architecture(input, outputs)
      }
    } catch {
      // A name has no layers that a fault could point at. So there is one fault, at the name.
      throw ArchitectureFaults([Self.unfit(input, error.faults.first?.detail ?? "")])
    }
  }
}

extension Architecture {
  /// The network of a named architecture for samples of some shape.
  /// - Throws: `ArchitectureFaults` with one fault, with the path to an option or with an empty path.
  public init(_ named: NamedArchitecture, input: Shape, outputs: Int) throws(ArchitectureFaults) {
    self = try named.architecture(input, outputs)
  }
}
