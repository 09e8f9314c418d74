import JSON
import Tensor

// Functions of arithmetic, as `torch.exp` and its like.

struct Exponential: FunctionKind {
  static let type = "exp"
  static let standard = Exponential()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.exponential) }
}

struct Logarithm: FunctionKind {
  static let type = "log"
  static let standard = Logarithm()
  static let fields = Fields<Self>([])
  static let examples = [LayerExample(Logarithm(), [[3, 4]], .positive)]
  var function: PointFunction { PointFunction(.logarithm) }
}

struct SquareRoot: FunctionKind {
  static let type = "sqrt"
  static let standard = SquareRoot()
  static let fields = Fields<Self>([])
  static let examples = [LayerExample(SquareRoot(), [[3, 4]], .positive)]
  var function: PointFunction { PointFunction(.root) }
}

struct AbsoluteValue: FunctionKind {
  static let type = "abs"
  static let standard = AbsoluteValue()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.magnitude) }
}

struct ErrorFunction: FunctionKind {
  static let type = "erf"
  static let standard = ErrorFunction()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.error_function) }
}

struct Sine: FunctionKind {
  static let type = "sin"
  static let standard = Sine()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.sine) }
}

struct Cosine: FunctionKind {
  static let type = "cos"
  static let standard = Cosine()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.cosine) }
}

/// xᵖ.
struct Power: FunctionKind {
  static let type = "pow"
  static let standard = Power()
  static let fields = Fields<Self>([.number("exponent", \.exponent, .any, "p.")])
  static let examples = [
    LayerExample(Power(exponent: 3), [[3, 4]]), LayerExample(Power(exponent: -1), [[6]], .positive),
    LayerExample(Power(exponent: 1.7), [[6]], .positive), LayerExample(Power(), [[6]]),
  ]

  var exponent = 2.0

  var function: PointFunction {
    switch exponent {
    case 2: PointFunction(.square)
    case -1: PointFunction(.reciprocal)
    case 0.5: PointFunction(.root)
    default: PointFunction(.power, exponent)
    }
  }
}

extension LayerDescription {
  public static var exponential: LayerDescription { LayerDescription(Exponential()) }
}
