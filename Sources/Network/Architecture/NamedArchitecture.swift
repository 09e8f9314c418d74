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
  /// Simonyan and Zisserman 2015 with batch normalization, for small pictures.
  case vgg(depth: VGGDepth)
  /// He et al. 2016, as torchvision names it.
  case resnet(depth: ResNetDepth, stem: Stem?)

  public enum MLPActivation: String, Sendable, CaseIterable { case relu, tanh }
  public enum VGGDepth: Int, Sendable, CaseIterable {
    case eleven = 11
    case thirteen = 13
    case fourteen = 14
  }
  public enum ResNetDepth: Int, Sendable, CaseIterable {
    case eighteen = 18
    case fifty = 50
  }
  /// `small`: 3×3, stride 1, no pooling. `imagenet`: 7×7, stride 2, and a max-pool.
  public enum Stem: String, Sendable, CaseIterable { case small, imagenet }

  /// The names a request may use.
  public static let names = [
    "linear", "logistic", "mlp", "cnn", "small_cnn", "lenet", "vgg11", "vgg13", "vgg14", "resnet18",
    "resnet50",
  ]

  /// The architecture of that name with its default options; nil if there is none.
  public init?(name: String) {
    switch name {
    case "linear": self = .linear
    case "logistic": self = .logistic
    case "mlp": self = .mlp(hidden: [128, 64], activation: .relu)
    case "cnn": self = .cnn
    case "small_cnn": self = .smallCNN
    case "lenet": self = .lenet
    case "vgg11": self = .vgg(depth: .eleven)
    case "vgg13": self = .vgg(depth: .thirteen)
    case "vgg14": self = .vgg(depth: .fourteen)
    case "resnet18": self = .resnet(depth: .eighteen, stem: nil)
    case "resnet50": self = .resnet(depth: .fifty, stem: nil)
    default: return nil
    }
  }

  /// Its layers for samples of the given shape.
  public func layers(input: Shape, outputs: Int) -> [NamedLayer] {
    switch self {
    case .linear, .logistic: return Self.perceptron([], .relu, input, outputs)
    case .mlp(let hidden, let activation): return Self.perceptron(hidden, activation, input, outputs)
    case .cnn:
      var layers: [LayerDescription] = []
      for channels in [32, 64, 128, 256] {
        layers += [.conv2d(outChannels: channels, kernel: [3, 3], stride: 2, padding: 1), .relu]
      }
      return NamedLayer.sequential(layers + [.flatten, .linear(outFeatures: outputs)])
    case .smallCNN: return Self.smallCNN(outputs)
    case .lenet: return Self.lenet(input, outputs)
    case .vgg(let depth): return Self.vgg(depth, outputs)
    case .resnet(let depth, let stem):
      return Self.resnet(depth, stem ?? (min(input.height, input.width) < 64 ? .small : .imagenet), outputs)
    }
  }

  private static func perceptron(
    _ hidden: [Int], _ activation: MLPActivation, _ input: Shape, _ outputs: Int
  ) -> [NamedLayer] {
    var layers: [LayerDescription] = input.isVector ? [] : [.flatten]
    for width in hidden { layers += [.linear(outFeatures: width), activation == .relu ? .relu : .tanh] }
    return NamedLayer.sequential(layers + [.linear(outFeatures: outputs)])
  }

  /// Six convolutions of 8 channels, the second and fourth with stride 2, a global mean and a classifier.
  private static func smallCNN(_ outputs: Int) -> [NamedLayer] {
    var layers: [LayerDescription] = []
    for (kernel, stride) in [(3, 1), (3, 2), (3, 1), (3, 2), (3, 1), (1, 1)] {
      layers += [
        .conv2d(outChannels: 8, kernel: [kernel, kernel], stride: stride, padding: kernel / 2), .tanh,
      ]
    }
    layers += [.adaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), .flatten, .linear(outFeatures: outputs)]
    return NamedLayer.sequential(layers)
  }

  private static func lenet(_ input: Shape, _ outputs: Int) -> [NamedLayer] {
    // 28×28 pictures are padded to the 32×32 that the network was made for.
    let padding = min(input.height, input.width) < 32 ? 2 : 0
    return [
      NamedLayer("conv1", .conv2d(outChannels: 6, kernel: [5, 5], padding: padding)),
      NamedLayer("relu1", .relu),
      NamedLayer("pool1", .maxPool2d(kernel: [2, 2])),
      NamedLayer("conv2", .conv2d(outChannels: 16, kernel: [5, 5])), NamedLayer("relu2", .relu),
      NamedLayer("pool2", .maxPool2d(kernel: [2, 2])), NamedLayer("flatten", .flatten),
      NamedLayer("fc1", .linear(outFeatures: 120)), NamedLayer("relu3", .relu),
      NamedLayer("fc2", .linear(outFeatures: 84)), NamedLayer("relu4", .relu),
      NamedLayer("fc3", .linear(outFeatures: outputs)),
    ]
  }

  private static func vgg(_ depth: VGGDepth, _ outputs: Int) -> [NamedLayer] {
    // Channels of the convolutions; 0 is a max-pool.
    let plan: [Int]
    switch depth {
    case .eleven: plan = [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0]
    case .thirteen: plan = [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0]
    case .fourteen: plan = [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 512, 0]
    }
    var features: [LayerDescription] = []
    for channels in plan {
      features +=
        channels == 0
        ? [.maxPool2d(kernel: [2, 2])]
        : [.conv2d(outChannels: channels, kernel: [3, 3], padding: 1), .batchNorm2d(), .relu]
    }
    return NamedLayer.sequential(features, prefix: "features.") + [
      NamedLayer("flatten", .flatten), NamedLayer("classifier", .linear(outFeatures: outputs)),
    ]
  }

  private static func resnet(_ depth: ResNetDepth, _ stem: Stem, _ outputs: Int) -> [NamedLayer] {
    var layers: [NamedLayer]
    switch stem {
    case .small:
      layers = [NamedLayer("conv1", .conv2d(outChannels: 64, kernel: [3, 3], padding: 1, bias: false))]
    case .imagenet:
      layers = [
        NamedLayer("conv1", .conv2d(outChannels: 64, kernel: [7, 7], stride: 2, padding: 3, bias: false))
      ]
    }
    layers += [NamedLayer("bn1", .batchNorm2d()), NamedLayer("relu", .relu)]
    if stem == .imagenet {
      layers.append(NamedLayer("maxpool", .maxPool2d(kernel: [3, 3], stride: 2, padding: 1)))
    }
    let blocks = depth == .eighteen ? [2, 2, 2, 2] : [3, 4, 6, 3]
    let expansion = depth == .eighteen ? 1 : 4
    var channels = 64
    for (stage, count) in blocks.enumerated() {
      let width = 64 << stage
      for block in 0..<count {
        let stride = stage > 0 && block == 0 ? 2 : 1
        let name = "layer\(stage + 1).\(block)"
        let projects = stride != 1 || channels != width * expansion
        layers.append(
          NamedLayer(
            name,
            .residual(
              layers: depth == .eighteen ? basic(name, width, stride) : bottleneck(name, width, stride),
              shortcut: projects ? projection(name, width * expansion, stride) : nil)))
        layers.append(NamedLayer(name + ".relu", .relu))
        channels = width * expansion
      }
    }
    return layers + [
      NamedLayer("avgpool", .adaptiveAvgPool2d(outputHeight: 1, outputWidth: 1)),
      NamedLayer("flatten", .flatten),
      NamedLayer("fc", .linear(outFeatures: outputs)),
    ]
  }

  private static func basic(_ name: String, _ width: Int, _ stride: Int) -> [NamedLayer] {
    [
      NamedLayer(
        name + ".conv1", .conv2d(outChannels: width, kernel: [3, 3], stride: stride, padding: 1, bias: false)),
      NamedLayer(name + ".bn1", .batchNorm2d()), NamedLayer(name + ".relu1", .relu),
      NamedLayer(name + ".conv2", .conv2d(outChannels: width, kernel: [3, 3], padding: 1, bias: false)),
      NamedLayer(name + ".bn2", .batchNorm2d()),
    ]
  }

  private static func bottleneck(_ name: String, _ width: Int, _ stride: Int) -> [NamedLayer] {
    [
      NamedLayer(name + ".conv1", .conv2d(outChannels: width, kernel: [1, 1], bias: false)),
      NamedLayer(name + ".bn1", .batchNorm2d()), NamedLayer(name + ".relu1", .relu),
      NamedLayer(
        name + ".conv2", .conv2d(outChannels: width, kernel: [3, 3], stride: stride, padding: 1, bias: false)),
      NamedLayer(name + ".bn2", .batchNorm2d()), NamedLayer(name + ".relu2", .relu),
      NamedLayer(name + ".conv3", .conv2d(outChannels: 4 * width, kernel: [1, 1], bias: false)),
      NamedLayer(name + ".bn3", .batchNorm2d()),
    ]
  }

  private static func projection(_ name: String, _ channels: Int, _ stride: Int) -> [NamedLayer] {
    [
      NamedLayer(
        name + ".downsample.0", .conv2d(outChannels: channels, kernel: [1, 1], stride: stride, bias: false)),
      NamedLayer(name + ".downsample.1", .batchNorm2d()),
    ]
  }
}
