import Tensor

// Linear models, perceptrons and small convolutional networks.

extension NamedArchitecture {
  static func perceptron(
    _ hidden: [Int], _ activation: MLPActivation, _ input: Shape, _ outputs: Int
  ) -> [NamedLayer] {
    var layers: [LayerDescription] = input.isVector ? [] : [.flatten]
    for width in hidden { layers += [.linear(outFeatures: width), activation == .relu ? .relu : .tanh] }
    return NamedLayer.sequential(layers + [.linear(outFeatures: outputs)])
  }

  static func cnn(_ outputs: Int) -> [NamedLayer] {
    var layers: [LayerDescription] = []
    for channels in [32, 64, 128, 256] {
      layers += [.conv2d(outChannels: channels, kernel: [3, 3], stride: 2, padding: 1), .relu]
    }
    return NamedLayer.sequential(layers + [.flatten, .linear(outFeatures: outputs)])
  }

  /// Six convolutions of 8 channels, the second and fourth with stride 2, a global mean and a classifier.
  static func smallCNN(_ outputs: Int) -> [NamedLayer] {
    var layers: [LayerDescription] = []
    for (kernel, stride) in [(3, 1), (3, 2), (3, 1), (3, 2), (3, 1), (1, 1)] {
      layers += [
        .conv2d(outChannels: 8, kernel: [kernel, kernel], stride: stride, padding: kernel / 2), .tanh,
      ]
    }
    layers += [.adaptiveAvgPool2d(outputHeight: 1, outputWidth: 1), .flatten, .linear(outFeatures: outputs)]
    return NamedLayer.sequential(layers)
  }

  static func lenet(_ input: Shape, _ outputs: Int) -> [NamedLayer] {
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
}
