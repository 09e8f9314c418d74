import JSON
import Tensor

// Activations of PyTorch with the options of its modules.

/// `torch.nn.Sigmoid`: 1/(1 + exp(−x)).
public struct Sigmoid: FunctionKind {
  public static let type = "sigmoid"
  public static let standard = Sigmoid()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.sigmoid) }
}

/// `torch.nn.SiLU`: x/(1 + exp(−x)).
public struct SiLU: FunctionKind {
  public static let type = "silu"
  public static let standard = SiLU()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.silu) }
}

/// `torch.nn.GELU` (Hendrycks and Gimpel 2016): xΦ(x), or its form with tanh.
public struct GELU: FunctionKind {
  public enum Approximation: String, Sendable, CaseIterable { case none, tanh }

  public static let type = "gelu"
  public static let standard = GELU()
  public static let fields = Fields<Self>([
    .choice("approximate", \.approximate, "`none` is xΦ(x). `tanh` is ½x(1 + tanh(√(2/π)(x + 0.044715x³))).")
  ])
  public static let examples = [
    LayerExample(GELU(), [[3, 4, 2]]), LayerExample(GELU(approximate: .tanh), [[6]]),
  ]

  public var approximate = Approximation.none
  public var function: PointFunction { PointFunction(approximate == .none ? .gelu : .geluTanh) }
}

/// `torch.nn.Softplus`: log(1 + exp(βx))/β, and x where βx > threshold.
public struct Softplus: FunctionKind {
  public static let type = "softplus"
  public static let standard = Softplus()
  public static let fields = Fields<Self>([
    .number("beta", \.beta, .positive, "β."),
    .number("threshold", \.threshold, .any, "The function is x where βx is larger."),
  ])
  public static let examples = [LayerExample(Softplus(beta: 2, threshold: 1), [[12]])]

  public var beta = 1.0
  public var threshold = 20.0
  public var function: PointFunction { PointFunction(.softplus, beta, threshold) }
}

/// `torch.nn.ELU`: x above 0, α(exp x − 1) below.
public struct ELU: FunctionKind {
  public static let type = "elu"
  public static let standard = ELU()
  public static let fields = Fields<Self>([
    .number("alpha", \.alpha, .any, "The limit at −∞ is −alpha.")
  ])

  public var alpha = 1.0
  public var function: PointFunction { PointFunction(.elu, alpha, 1) }
}

/// `torch.nn.SELU` (Klambauer et al. 2017).
public struct SELU: FunctionKind {
  public static let type = "selu"
  public static let standard = SELU()
  public static let fields = Fields<Self>([])
  public var function: PointFunction {
    PointFunction(.elu, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)
  }
}

/// `torch.nn.Mish`: x·tanh(softplus(x)).
public struct Mish: FunctionKind {
  public static let type = "mish"
  public static let standard = Mish()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.mish) }
}

/// `torch.nn.Hardswish`: x·relu6(x + 3)/6.
public struct HardSwish: FunctionKind {
  public static let type = "hardswish"
  public static let standard = HardSwish()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.hardSwish) }
}

/// `torch.nn.Hardsigmoid`: relu6(x + 3)/6.
public struct HardSigmoid: FunctionKind {
  public static let type = "hardsigmoid"
  public static let standard = HardSigmoid()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.hardSigmoid) }
}

/// `torch.nn.LeakyReLU`: x above 0, a multiple below.
public struct LeakyReLU: FunctionKind {
  public static let type = "leaky_relu"
  public static let standard = LeakyReLU()
  public static let fields = Fields<Self>([
    .number("negative_slope", \.negativeSlope, .any, "The slope below 0.")
  ])

  public var negativeSlope = 0.01
  public var function: PointFunction { PointFunction(.leaky, negativeSlope) }
}

/// `torch.nn.ReLU6`: x between 0 and 6.
public struct ReLU6: FunctionKind {
  public static let type = "relu6"
  public static let standard = ReLU6()
  public static let fields = Fields<Self>([])
  public static let examples = [LayerExample(ReLU6(), [[12]])]
  public var function: PointFunction { PointFunction(.clamp, 0, 6) }
}

/// `torch.nn.Hardtanh`, `torch.clamp`: x between two bounds.
public struct HardTanh: FunctionKind {
  public static let type = "hardtanh"
  public static let standard = HardTanh()
  public static let fields = Fields<Self>([
    .number("min_val", \.lower, .any, "The lower bound."),
    .number("max_val", \.upper, .any, "The upper bound."),
  ])

  public var lower = -1.0
  public var upper = 1.0
  public var function: PointFunction { PointFunction(.clamp, lower, upper) }
}

extension LayerDescription {
  public static var sigmoid: LayerDescription { LayerDescription(Sigmoid()) }
}
