/// An operation with options as a request has them, and what PyTorch computes with it.
///
/// The network is y = operation(x₁∘s₁, x₂∘s₂, …), with parameters θ: s₁, s₂, … of the shapes of the inputs, then the
/// weights and biases of the operation. Its loss is the mean of y². With i from 1 and everything in PyTorch's order,
/// xᵢ = sin(1.3i), θᵢ = sin(0.7i), and vᵢ = cos(0.3i) is a direction. `scripts/lib/pytorch_cases.py` prints the cases
/// of `operations` and `attention`.
struct ReferenceCase: Sendable, CustomStringConvertible {
  enum Input: Sendable {
    case any([Int])
    /// exp(x∘s)
    case positive([Int])
    /// ⌊limit·(1 + x)/2⌋ without s
    case whole([Int], below: Int)

    var sizes: [Int] {
      switch self {
      case .any(let sizes), .positive(let sizes), .whole(let sizes, _): sizes
      }
    }
  }

  let type: String
  let inputs: [Input]
  /// Values of y.
  let count: Int
  /// Σ aᵢcos(i) of y, of the gradient g by θ, and of the Hessian times v, by torch 2.13 in `float64`.
  let probes: [Double]
  /// JSON.
  let options: String

  init(_ type: String, _ inputs: [Input], count: Int, _ probes: [Double], _ options: String) {
    self.type = type
    self.inputs = inputs
    self.count = count
    self.probes = probes
    self.options = options
  }

  init(_ type: String, _ shape: [Int], count: Int, _ probes: [Double], _ options: String) {
    self.init(type, [.any(shape)], count: count, probes, options)
  }

  var description: String { "\(type) \(options)" }

  static let all = windows + operations + attention

  /// Convolutions, pools, normalizations of channels, and upsampling.
  private static let windows = [
    ReferenceCase(
      "conv2d", [4, 5, 6], count: 120,
      [-17.955070771902324, -0.6376903316146821, -0.08039193339088654],
      """
      {"out_channels": 6, "kernel_size": [3, 2], "stride": [1, 2], "padding": [2, 1], "dilation": [2,
      1], "groups": 2}
      """),
    ReferenceCase(
      "conv2d", [2, 4, 5], count: 60,
      [-2.5908926234916514, -0.10467606176273475, 0.10022521541254525],
      """
      {"out_channels": 3, "kernel_size": [2, 4], "padding": "same", "dilation": [1, 2], "bias": false}
      """),
    ReferenceCase(
      "conv2d", [9, 5, 7], count: 108,
      [-2.1531497695991915, -0.7785398552047801, -0.6751773438082522],
      """
      {"out_channels": 9, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 9}
      """),
    ReferenceCase(
      "conv2d", [3, 4, 4], count: 96,
      [-0.9516687256059755, -0.2968028594033922, 0.7380372086211688],
      """
      {"out_channels": 6, "kernel_size": 3, "padding": 1, "groups": 3}
      """),
    ReferenceCase(
      "conv1d", [4, 9], count: 12,
      [-0.13051484245054823, -0.10686493114241866, -1.5208229583362045],
      """
      {"out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 3, "dilation": 2, "groups": 2}
      """),
    ReferenceCase(
      "conv_transpose2d", [4, 3, 2], count: 252,
      [21.087334769102654, 0.9438909252586061, 0.8275414761167452],
      """
      {"out_channels": 6, "kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 0],
      "output_padding": [1, 2], "groups": 2}
      """),
    ReferenceCase(
      "conv_transpose2d", [2, 3, 3], count: 36,
      [1.4102906458783835, -0.1543038636677166, -0.6707414285867738],
      """
      {"out_channels": 3, "kernel_size": 2, "padding": 1, "dilation": [3, 2], "bias": false}
      """),
    ReferenceCase(
      "batch_norm1d", [3, 4], count: 12,
      [1.112291316605873, 0.6577419075322511, -0.007392967853404708],
      """
      {"eps": 0.1}
      """),
    ReferenceCase(
      "max_pool2d", [2, 7, 6], count: 16,
      [-0.9404293516833876, 0.33686980181038917, 0.07392074857255515],
      """
      {"kernel_size": [2, 3], "stride": [3, 2], "padding": [0, 1], "dilation": [3, 1], "ceil_mode":
      true}
      """),
    ReferenceCase(
      "max_pool1d", [2, 6], count: 8,
      [2.1392905235197612, -0.12158065158018376, 0.07634625681472096],
      """
      {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": true}
      """),
    ReferenceCase(
      "avg_pool2d", [2, 5, 6], count: 24,
      [0.9500316811874554, -0.0026207215491730754, -0.0015795892229288552],
      """
      {"kernel_size": [2, 3], "stride": [2, 2], "padding": [1, 1], "ceil_mode": true}
      """),
    ReferenceCase(
      "avg_pool2d", [2, 5, 6], count: 24,
      [2.3574607513447576, -0.0644132455299614, -0.015555748144589428],
      """
      {"kernel_size": [2, 3], "stride": 2, "padding": 1, "ceil_mode": true, "count_include_pad":
      false}
      """),
    ReferenceCase(
      "avg_pool2d", [2, 5, 6], count: 30,
      [0.046755939179742384, -0.00015419670788220955, -0.01629663346907325],
      """
      {"kernel_size": 3, "stride": [1, 2], "padding": 1, "divisor_override": 5}
      """),
    ReferenceCase(
      "avg_pool1d", [2, 8], count: 6,
      [0.18025790294411256, -0.019960368688599416, -0.00848821092695205],
      """
      {"kernel_size": 3, "padding": 1, "ceil_mode": true}
      """),
    ReferenceCase(
      "adaptive_avg_pool1d", [2, 7], count: 6,
      [0.6071111159127011, -0.08626482514292591, -0.017365818155565933],
      """
      {"output_size": 3}
      """),
    ReferenceCase(
      "adaptive_max_pool2d", [2, 5, 3], count: 24,
      [1.1445974784310204, -0.00047022058886147036, 0.10392783478963995],
      """
      {"output_size": [3, 4]}
      """),
    ReferenceCase(
      "upsample", [2, 3, 4], count: 80,
      [0.6865645874713183, 0.03203018996365484, -0.023748029972908105],
      """
      {"scale_factor": [1.7, 2]}
      """),
    ReferenceCase(
      "upsample", [2, 3, 4], count: 30,
      [-0.2093874040346864, 0.048381570406169645, -0.015484444748915072],
      """
      {"size": [5, 3], "mode": "bilinear"}
      """),
    ReferenceCase(
      "upsample", [2, 3, 4], count: 60,
      [0.030678570440586306, -0.0027457130049781467, -0.02996886628751455],
      """
      {"scale_factor": 1.7, "mode": "bilinear"}
      """),
    ReferenceCase(
      "upsample", [2, 3, 4], count: 50,
      [-0.5597071657908017, 0.020881481076172347, -0.016398039583433117],
      """
      {"size": 5, "mode": "bilinear", "align_corners": true}
      """),
    ReferenceCase(
      "upsample", [2, 4], count: 14,
      [-0.0818847403858059, -0.22972449471536033, -0.04543781181264805],
      """
      {"size": 7, "mode": "linear"}
      """),
  ]
}
