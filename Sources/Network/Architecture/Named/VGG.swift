// Simonyan and Zisserman 2015.

extension NamedArchitecture.VGGDepth {
  /// Channels of the convolutions; 0 is a max-pool.
  fileprivate var plan: [Int] {
    switch self {
    case .eleven: [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0]
    case .thirteen: [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0]
    case .fourteen: [64, 64, 0, 128, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 512, 0]
    case .sixteen: [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]
    case .nineteen:
      [64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0]
    }
  }

  /// torchvision's `features`.
  fileprivate func features(normalizes: Bool) -> [NamedLayer] {
    var features: [LayerDescription] = []
    for channels in plan {
      if channels == 0 {
        features.append(.maxPool2d(kernel: [2, 2]))
      } else {
        features.append(.conv2d(outChannels: channels, kernel: [3, 3], padding: 1))
        features += normalizes ? [.batchNorm2d(), .relu] : [.relu]
      }
    }
    return NamedLayer.sequential(features, prefix: "features.")
  }
}

extension NamedArchitecture {
  /// With batch normalization and one linear layer, for small pictures.
  static func smallVGG(_ depth: VGGDepth, _ outputs: Int) -> [NamedLayer] {
    depth.features(normalizes: true) + [
      NamedLayer("flatten", .flatten), NamedLayer("classifier", .linear(outFeatures: outputs)),
    ]
  }
}

extension NamedGraph {
  /// torchvision's form: three linear layers behind 7×7 means.
  static func vgg(
    _ depth: NamedArchitecture.VGGDepth, normalizes: Bool, _ outputs: Int
  ) -> NamedGraph {
    var graph = NamedGraph()
    var value = graph.chain(input, depth.features(normalizes: normalizes))
    value = graph.add("avgpool", AdaptiveAvgPool2d(outputHeight: 7, outputWidth: 7), value)
    value = graph.add("flatten", Flatten(), value)
    graph.chain(
      value,
      NamedLayer.sequential(
        [
          .linear(outFeatures: 4096), .relu, .dropout(), .linear(outFeatures: 4096), .relu, .dropout(),
          .linear(outFeatures: outputs),
        ], prefix: "classifier."))
    graph.start = { tensor in
      switch tensor.kind {
      case .convolution: .kaimingNormal(fanOut: tensor)
      case .linear: .normal(deviation: 0.01)
      case .bias: .constant(0)
      default: nil
      }
    }
    return graph
  }
}
