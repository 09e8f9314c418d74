import Foundation
import Network
import Tensor
import TestSupport
import Testing

/// The named architectures of torchvision against torchvision, and their passes against finite differences.
struct NamedNetworkTests {
  private static let picture = Shape(height: 64, width: 64, channels: 3)

  private static func named(_ name: String) throws -> NamedArchitecture {
    try #require(NamedArchitecture(name: name))
  }

  private static func vgg(_ depth: NamedArchitecture.VGGDepth) -> NamedArchitecture {
    .vgg(depth: depth, form: .torchvision)
  }

  /// A network, and the `state_dict()` of the PyTorch module with ten classes: how many tensors, how many
  /// parameters, and the hash of the tensors' names and shapes.
  struct Module: Sendable, CustomStringConvertible {
    let name: String
    let network: NamedArchitecture
    let input: Shape
    let tensors: Int
    let parameters: Int
    let hash: UInt64
    var description: String { name }

    init(
      _ name: String, _ network: NamedArchitecture?, _ input: Shape, _ tensors: Int, _ parameters: Int,
      _ hash: UInt64
    ) {
      self.name = name
      self.network = network ?? NamedArchitecture(name: name) ?? .linear
      self.input = input
      self.tensors = tensors
      self.parameters = parameters
      self.hash = hash
    }
  }

  /// Of torchvision 0.28. `transformer` has an `Embedding`, a `TransformerEncoder` and a `Linear` of PyTorch.
  static let modules = [
    Module("vgg11_bn", nil, picture, 62, 128_812_810, 0xcd75_f5e8_1b39_76cb),
    Module("vgg13_bn", nil, picture, 76, 128_997_706, 0x5faf_c4a9_e11f_c633),
    Module("vgg16_bn", nil, picture, 97, 134_309_962, 0x700d_5595_1f87_215c),
    Module("vgg19_bn", nil, picture, 118, 139_622_218, 0x5963_a36a_c5b1_363f),
    Module("squeezenet1_1", nil, picture, 52, 727_626, 0x1733_880e_aef3_6672),
    Module("densenet121", nil, picture, 727, 6_964_106, 0xd078_3000_bb6a_1c0c),
    Module("mobilenet_v2", nil, picture, 314, 2_236_682, 0x80d1_196e_9432_dfa7),
    Module("mobilenet_v3_small", nil, picture, 244, 1_528_106, 0x4116_c526_3cc6_0dbf),
    Module("shufflenet_v2_x1_0", nil, picture, 338, 1_263_854, 0x1557_921f_4168_f109),
    Module("efficientnet_b0", nil, picture, 360, 4_020_358, 0xd4d6_ce76_b00e_6477),
    Module("convnext_tiny", nil, picture, 182, 27_827_818, 0x8b0e_4167_a51b_c47d),
    Module("swin_t", nil, picture, 185, 27_527_044, 0xe306_8245_ec9f_da8f),
    Module("vgg11, torchvision", vgg(.eleven), picture, 22, 128_807_306, 0x2803_df39_09b5_4825),
    Module("vgg13, torchvision", vgg(.thirteen), picture, 26, 128_991_818, 0x94eb_dd9f_6a2c_c9fa),
    Module("vgg16, torchvision", vgg(.sixteen), picture, 32, 134_301_514, 0x436e_a4b9_5e90_b0c2),
    Module("vgg19, torchvision", vgg(.nineteen), picture, 38, 139_611_210, 0x2c50_b512_d7f6_1ad2),
    Module(
      "vit_b_16", nil, Shape(height: 224, width: 224, channels: 3), 152, 85_806_346, 0x4b73_8006_2127_da2e),
    Module(
      "vit_b_16, small", .visionTransformer(VisionTransformer()), Shape(height: 32, width: 32, channels: 3),
      152, 85_152_010, 0x3a54_df39_4d5e_12b4),
    Module(
      "transformer", .textTransformer(TextTransformer(vocabulary: 50)), Shape(features: 12), 30, 406_026,
      0xbaf1_72ab_fffc_c45d),
  ]

  /// 64-bit FNV-1a.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  @Test(arguments: modules)
  func tensorsAreThoseOfPyTorch(_ module: Module) throws {
    let layout = try Architecture(module.network, input: module.input, outputs: 10).layout
    #expect(layout.tensors.count == module.tensors)
    #expect(layout.parameterCount == module.parameters)
    let lines = layout.tensors.map { "\($0.name) \($0.shape)\n" }.joined()
    #expect(Self.hash(lines) == module.hash, "\(lines)")
  }

  /// Every name beyond the small networks has its line above.
  @Test func everyNameIsCompared() {
    let compared = Set(Self.modules.map(\.name))
    for network in TorchvisionNetwork.allCases { #expect(compared.contains(network.rawValue)) }
    #expect(compared.isSuperset(of: ["vit_b_16", "transformer"]))
  }

  // MARK: Passes

  private static var vit: NamedArchitecture {
    var transformer = VisionTransformer()
    transformer.width = 12
    transformer.depth = 2
    transformer.heads = 3
    return .visionTransformer(transformer)
  }

  private static func transformer(isCausal: Bool) -> NamedArchitecture {
    var transformer = TextTransformer(vocabulary: 4)
    transformer.width = 8
    transformer.heads = 2
    transformer.feedforward = 12
    transformer.isCausal = isCausal
    return .textTransformer(transformer)
  }

  private static func small(_ name: String, side: Int) -> SmallNetwork {
    SmallNetwork(
      name, Shape(height: side, width: side, channels: 3), NamedArchitecture(name: name) ?? .linear)
  }

  /// The networks that are small enough, each at a small picture.
  static let small = [
    small("squeezenet1_1", side: 17), small("mobilenet_v2", side: 32),
    small("mobilenet_v3_small", side: 32), small("shufflenet_v2_x1_0", side: 32),
    SmallNetwork("vit", Shape(height: 8, width: 12, channels: 1), vit),
    SmallNetwork("transformer", Shape(features: 5), transformer(isCausal: false)),
    SmallNetwork("causal transformer", Shape(features: 5), transformer(isCausal: true)),
  ]

  /// Networks of 4 to 28 million parameters. The windows of `swin_t` at 32 pixels are padded, and moved in its first
  /// stage.
  static let large = [
    small("densenet121", side: 29), small("efficientnet_b0", side: 32), small("convnext_tiny", side: 32),
    small("swin_t", side: 32),
  ]

  @Test(arguments: small)
  func productsAgreeWithDifferences(_ network: SmallNetwork) throws { try check(network) }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["INFLUENCED_ALL_TESTS"] == "1"), arguments: large)
  func productsOfLargeNetworksAgreeWithDifferences(_ network: SmallNetwork) throws { try check(network) }

  /// The step is so small that no value crosses the kink of a function. The gradient's rounding, 1e-13 of its
  /// norm, is divided by the step.
  private func check(_ network: SmallNetwork) throws {
    let step = 1e-6
    let samples = network.samples(2)
    var state = NetworkState<Double>(initial: network.architecture.layout, seed: 1)
    // Weights that begin with zeros would hide the derivatives of others.
    var stream = RandomStream(seed: 1, purpose: "test state")
    for index in state.parameters.indices { state.parameters[index] += stream.uniform(in: -0.02..<0.02) }
    var v = network.direction(Double.self, seed: 3)
    let length = v.norm
    for index in v.indices { v[index] /= length }

    func gradient(_ move: Double) throws -> [Double] {
      var moved = state
      moved.parameters.add(move, times: v)
      return try linearization(network, moved, samples).gradient
    }
    var product: [Double] = []
    try linearization(network, state, samples).curvatureProduct(.hessian, v, into: &product)
    let (forward, backward) = (try gradient(step), try gradient(-step))
    let estimate = zip(forward, backward).map { ($0 - $1) / (2 * step) }
    #expect(estimate.norm > 1e-3)
    #expect(relativeError(product, estimate) < 1e-5)
  }

  private func linearization(
    _ network: SmallNetwork, _ state: NetworkState<Double>, _ samples: Samples
  ) throws -> Linearization<Double> {
    try Linearization(
      network: Network(network.architecture), state: state, samples: samples, loss: network.loss,
      compute: Compute(pool: testPool))
  }

  /// A branch is left out for a share of the samples only where torchvision adds it to its input.
  @Test func stochasticDepthStandsBeforeSums() throws {
    func places(_ name: String) throws -> [String] {
      try Architecture(
        Self.named(name), input: Shape(height: 32, width: 32, channels: 3), outputs: 3
      ).rows.filter { $0.type == "stochastic_depth" }.map(\.name)
    }
    let efficient = try places("efficientnet_b0")
    #expect(efficient.count == 9)
    #expect(efficient.first == "features.2.1.stochastic_depth")
    // The first block of both has the probability 0.
    #expect(try places("convnext_tiny").count == 17)
    #expect(try places("swin_t").count == 22)
    #expect(try places("mobilenet_v2").isEmpty)
  }

  // MARK: First values

  @Test func firstValuesAreThoseOfTorchvision() throws {
    func tensors(_ named: NamedArchitecture) throws -> (String) throws -> [Float] {
      let input = Shape(height: 32, width: 32, channels: 3)
      let layout = try Architecture(named, input: input, outputs: 10).layout
      let parameters = NetworkState<Float>(initial: layout, seed: 2).parameters
      return { name in
        try #require(layout.tensors.first { $0.name == name }).exported(from: parameters)
      }
    }
    func deviation(_ values: [Float]) -> Double { values.norm / Double(values.count).squareRoot() }
    // √(2/(1280·1)), √(2/(32·9)) and √(6/256) by the rules of He et al. 2015.
    let mobile = try tensors(Self.named("mobilenet_v2"))
    #expect(abs(deviation(try mobile("features.18.0.weight")) / 0.039528 - 1) < 0.01)
    #expect(abs(deviation(try mobile("features.1.conv.0.0.weight")) / 0.083333 - 1) < 0.1)
    #expect(try mobile("classifier.1.bias").allSatisfy { $0 == 0 })
    let squeeze = try tensors(Self.named("squeezenet1_1"))
    let largest = try squeeze("features.9.squeeze.weight").max() ?? 0
    #expect((0.1528...0.153094).contains(largest))
    #expect(abs(deviation(try squeeze("classifier.1.weight")) / 0.01 - 1) < 0.05)
    let convolutional = try tensors(Self.named("convnext_tiny"))
    #expect(try convolutional("features.1.0.layer_scale").allSatisfy { $0 == 1e-6 })
    let swin = try tensors(Self.named("swin_t"))
    #expect(abs(deviation(try swin("features.1.0.attn.qkv.weight")) / 0.02 - 1) < 0.02)
    let vit = try tensors(Self.vit)
    for name in [
      "heads.head.weight", "class_token", "encoder.layers.encoder_layer_0.self_attention.in_proj_bias",
    ] {
      #expect(try vit(name).allSatisfy { $0 == 0 }, "\(name)")
    }
    #expect(abs(deviation(try vit("encoder.pos_embedding")) / 0.02 - 1) < 0.1)
  }

  // MARK: Samples that do not fit

  private func fault(_ named: NamedArchitecture, _ input: Shape) -> ArchitectureFaults.Fault? {
    do throws(ArchitectureFaults) {
      _ = try Architecture(named, input: input, outputs: 10)
      return nil
    } catch {
      return error.faults.first
    }
  }

  @Test(arguments: TorchvisionNetwork.allCases)
  func theSmallestPicturesFitAndSmallerOnesAreNamed(_ network: TorchvisionNetwork) {
    let named = NamedArchitecture.torchvision(network)
    let fits = (1..<40).first { side in
      fault(named, Shape(height: side, width: side, channels: 1)) == nil
    }
    let side = fits ?? 0
    #expect((2...32).contains(side))
    #expect(
      fault(named, Shape(height: 40, width: side - 1, channels: 1))
        == .init(
          path: [],
          detail: "does not fit samples of the shape "
            + "\(Shape(height: 40, width: side - 1, channels: 1)): the network needs pictures of at least "
            + "\(side)×\(side)"))
    let huge = Shape(height: 8192, width: 8192, channels: 1)
    #expect(fault(named, huge)?.detail.hasPrefix("does not fit samples of the shape 1×8192×8192") == true)
  }

  @Test func optionsThatDoNotFitAreNamed() throws {
    let odd = Shape(height: 30, width: 32, channels: 3)
    #expect(fault(try Self.named("vit_b_16"), odd)?.detail.contains("multiples of 4") == true)
    var transformer = VisionTransformer()
    transformer.patchSize = 15
    #expect(
      fault(.visionTransformer(transformer), Shape(height: 30, width: 45, channels: 3)) == nil)
    transformer.heads = 5
    #expect(
      fault(.visionTransformer(transformer), Shape(height: 30, width: 45, channels: 3))
        == .init(path: ["heads"], detail: "must divide the width, 768, got 5"))
    #expect(
      fault(.textTransformer(TextTransformer(vocabulary: 9)), odd)?.detail.contains("row of token ids")
        == true)
    #expect(
      fault(Self.vgg(.fourteen), Shape(height: 32, width: 32, channels: 3))?.path == ["form"])
  }
}
