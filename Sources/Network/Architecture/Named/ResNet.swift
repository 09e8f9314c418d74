/// He et al. 2016.
extension NamedArchitecture {
  static func resnet(_ depth: ResNetDepth, _ stem: Stem, _ outputs: Int) -> [NamedLayer] {
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
