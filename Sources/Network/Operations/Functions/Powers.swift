import JSON
import Tensor

// Functions of arithmetic, as `torch.exp` and its like.

public struct Exponential: FunctionKind {
  public static let type = "exp"
  public static let standard = Exponential()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.exponential) }
}

public struct Logarithm: FunctionKind {
  public static let type = "log"
  public static let standard = Logarithm()
  public static let fields = Fields<Self>([])
  public static let examples = [LayerExample(Logarithm(), [[3, 4]], .positive)]
  public var function: PointFunction { PointFunction(.logarithm) }
}

public struct SquareRoot: FunctionKind {
  public static let type = "sqrt"
  public static let standard = SquareRoot()
  public static let fields = Fields<Self>([])
  public static let examples = [LayerExample(SquareRoot(), [[3, 4]], .positive)]
  public var function: PointFunction { PointFunction(.root) }
}

public struct AbsoluteValue: FunctionKind {
  public static let type = "abs"
  public static let standard = AbsoluteValue()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.magnitude) }
}

public struct ErrorFunction: FunctionKind {
  public static let type = "erf"
  public static let standard = ErrorFunction()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.errorFunction) }
}

public struct Sine: FunctionKind {
  public static let type = "sin"
  public static let standard = Sine()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.sine) }
}

public struct Cosine: FunctionKind {
  public static let type = "cos"
  public static let standard = Cosine()
  public static let fields = Fields<Self>([])
  public var function: PointFunction { PointFunction(.cosine) }
}

/// xᵖ.
public struct Power: FunctionKind {
  public static let type = "pow"
  public static let standard = Power()
  public static let fields = Fields<Self>([.number("exponent", \.exponent, .any, "p.")])
  public static let examples = [
    LayerExample(Power(exponent: 3), [[3, 4]]), LayerExample(Power(exponent: -1), [[6]], .positive),
    LayerExample(Power(exponent: 1.7), [[6]], .positive), LayerExample(Power(), [[6]]),
  ]

  public var exponent = 2.0

  public var function: PointFunction {
    switch exponent {
    case 2: PointFunction(.square)
    case -1: PointFunction(.reciprocal)
    case 0.5: PointFunction(.root)
    default: PointFunction(.power, exponent)
    }
  }
}
