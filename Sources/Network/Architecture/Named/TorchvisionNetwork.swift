import Tensor

/// Networks of torchvision that have no options here, under torchvision's names.
public enum TorchvisionNetwork: String, Sendable, CaseIterable {
  case vgg11Normalized = "vgg11_bn"
  case vgg13Normalized = "vgg13_bn"
  case vgg16Normalized = "vgg16_bn"
  case vgg19Normalized = "vgg19_bn"
  case squeezeNet = "squeezenet1_1"
  case denseNet121 = "densenet121"
  case mobileNetV2 = "mobilenet_v2"
  case mobileNetV3Small = "mobilenet_v3_small"
  case shuffleNetV2 = "shufflenet_v2_x1_0"
  case efficientNetB0 = "efficientnet_b0"
  case convNeXtTiny = "convnext_tiny"
  case swinTiny = "swin_t"

  /// The smallest side of a picture.
  var smallestSide: Int {
    switch self {
    case .vgg11Normalized, .vgg13Normalized, .vgg16Normalized, .vgg19Normalized, .convNeXtTiny: 32
    case .denseNet121: 29
    case .squeezeNet: 17
    case .swinTiny: 4
    case .mobileNetV2, .mobileNetV3Small, .shuffleNetV2, .efficientNetB0: 2
    }
  }

  /// The largest side of a picture. The masks of `swin_t` grow with the picture, and are made before the network's
  /// sizes are known.
  var largestSide: Int { self == .swinTiny ? 2048 : .max }

  func graph(_ input: Shape, _ outputs: Int) -> NamedGraph {
    switch self {
    case .vgg11Normalized: .vgg(.eleven, normalizes: true, outputs)
    case .vgg13Normalized: .vgg(.thirteen, normalizes: true, outputs)
    case .vgg16Normalized: .vgg(.sixteen, normalizes: true, outputs)
    case .vgg19Normalized: .vgg(.nineteen, normalizes: true, outputs)
    case .squeezeNet: .squeezeNet(outputs)
    case .denseNet121: .denseNet121(outputs)
    case .mobileNetV2: .mobileNetV2(outputs)
    case .mobileNetV3Small: .mobileNetV3Small(outputs)
    case .shuffleNetV2: .shuffleNetV2(outputs)
    case .efficientNetB0: .efficientNetB0(outputs)
    case .convNeXtTiny: .convNeXtTiny(outputs)
    case .swinTiny: .swinTiny(input, outputs)
    }
  }
}
