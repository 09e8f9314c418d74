import JSON
import Tensor

// Activations of PyTorch with the options of its modules.

/// `torch.nn.Sigmoid`: 1/(1 + exp(−x)).
struct Sigmoid: FunctionKind {
  static let type = "sigmoid"
  static let standard = Sigmoid()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.sigmoid) }
}

/// `torch.nn.SiLU`: x/(1 + exp(−x)).
struct SiLU: FunctionKind {
  static let type = "silu"
  static let standard = SiLU()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.silu) }
}

/// `torch.nn.GELU` (Hendrycks and Gimpel 2016): xΦ(x), or its form with tanh.
struct GELU: FunctionKind {
  enum Approximation: String, Sendable, CaseIterable { case none, tanh }

  static let type = "gelu"
  static let standard = GELU()
  static let fields = Fields<Self>([
    .choice("approximate", \.approximate, "`none` is xΦ(x). `tanh` is ½x(1 + tanh(√(2/π)(x + 0.044715x³))).")
  ])
  static let examples = [
    LayerExample(GELU(), [[3, 4, 2]]), LayerExample(GELU(approximate: .tanh), [[6]]),
  ]

  var approximate = Approximation.none
  var function: PointFunction { PointFunction(approximate == .none ? .gelu : .gelu_tanh) }
}

/// `torch.nn.Softplus`: log(1 + exp(βx))/β, and x where βx > threshold.
struct Softplus: FunctionKind {
  static let type = "softplus"
  static let standard = Softplus()
  static let fields = Fields<Self>([
    .number("beta", \.beta, .positive, "β."),
    .number("threshold", \.threshold, .any, "The function is x where βx is larger."),
  ])
  static let examples = [LayerExample(Softplus(beta: 2, threshold: 1), [[12]])]

  var beta = 1.0
  var threshold = 20.0
  var function: PointFunction { PointFunction(.softplus, beta, threshold) }
}

/// `torch.nn.ELU`: x above 0, α(exp x − 1) below.
struct ELU: FunctionKind {
  static let type = "elu"
  static let standard = ELU()
  static let fields = Fields<Self>([
    .number("alpha", \.alpha, .any, "The limit at −∞ is −alpha.")
  ])

  var alpha = 1.0
  var function: PointFunction { PointFunction(.elu, alpha, 1) }
}

/// `torch.nn.SELU` (Klambauer et al. 2017).
struct SELU: FunctionKind {
  static let type = "selu"
  static let standard = SELU()
  static let fields = Fields<Self>([])
  var function: PointFunction {
    PointFunction(.elu, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)
  }
}

/// `torch.nn.Mish`: x·tanh(softplus(x)).
struct Mish: FunctionKind {
  static let type = "mish"
  static let standard = Mish()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.mish) }
}

/// `torch.nn.Hardswish`: x·relu6(x + 3)/6.
struct HardSwish: FunctionKind {
  static let type = "hardswish"
  static let standard = HardSwish()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.hardswish) }
}

/// `torch.nn.Hardsigmoid`: relu6(x + 3)/6.
struct HardSigmoid: FunctionKind {
  static let type = "hardsigmoid"
  static let standard = HardSigmoid()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.hardsigmoid) }
}

/// `torch.nn.LeakyReLU`: x above 0, a multiple below.
struct LeakyReLU: FunctionKind {
  static let type = "leaky_relu"
  static let standard = LeakyReLU()
  static let fields = Fields<Self>([
    .number("negative_slope", \.negativeSlope, .any, "The slope below 0.")
  ])

  var negativeSlope = 0.01
  var function: PointFunction { PointFunction(.leaky, negativeSlope) }
}

/// `torch.nn.ReLU6`: x between 0 and 6.
struct ReLU6: FunctionKind {
  static let type = "relu6"
  static let standard = ReLU6()
  static let fields = Fields<Self>([])
  static let examples = [LayerExample(ReLU6(), [[12]])]
  var function: PointFunction { PointFunction(.clamp, 0, 6) }
}

/// `torch.nn.Hardtanh`, `torch.clamp`: x between two bounds.
struct HardTanh: FunctionKind {
  static let type = "hardtanh"
  static let standard = HardTanh()
  static let fields = Fields<Self>([
    .number("min_val", \.lower, .any, "The lower bound."),
    .number("max_val", \.upper, .any, "The upper bound."),
  ])

  var lower = -1.0
  var upper = 1.0
  var function: PointFunction { PointFunction(.clamp, lower, upper) }
}

extension LayerDescription {
  public static var sigmoid: LayerDescription { LayerDescription(Sigmoid()) }
}
