import JSON
import Tensor

// Further activations of PyTorch with the options of its modules.

/// `torch.nn.Softsign`: x/(1 + |x|).
struct Softsign: FunctionKind {
  static let type = "softsign"
  static let standard = Softsign()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.softsign) }
}

/// `torch.nn.LogSigmoid`: −log(1 + exp(−x)).
struct LogSigmoid: FunctionKind {
  static let type = "logsigmoid"
  static let standard = LogSigmoid()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.log_sigmoid) }
}

/// `torch.nn.Softshrink`: x moved towards 0 by λ.
struct Softshrink: FunctionKind {
  static let type = "softshrink"
  static let standard = Softshrink()
  static let fields = Fields<Self>([
    .number("lambd", \.lambda, .notNegative, "λ. The function is 0 from −λ to λ.")
  ])
  static let examples = [
    LayerExample(Softshrink(), [[3, 4]]), LayerExample(Softshrink(lambda: 0.1), [[12]]),
  ]

  var lambda = 0.5
  var function: PointFunction { PointFunction(.soft_shrink, lambda) }
}

/// `torch.nn.Hardshrink`: x, and 0 near 0.
struct Hardshrink: FunctionKind {
  static let type = "hardshrink"
  static let standard = Hardshrink()
  static let fields = Fields<Self>([
    .number("lambd", \.lambda, .notNegative, "λ. The function is 0 from −λ to λ.")
  ])
  static let examples = [
    LayerExample(Hardshrink(), [[3, 4]]), LayerExample(Hardshrink(lambda: 0.1), [[12]]),
  ]

  var lambda = 0.5
  var function: PointFunction { PointFunction(.hard_shrink, lambda) }
}

/// `torch.nn.Tanhshrink`: x − tanh x.
struct Tanhshrink: FunctionKind {
  static let type = "tanhshrink"
  static let standard = Tanhshrink()
  static let fields = Fields<Self>([])
  var function: PointFunction { PointFunction(.tanh_shrink) }
}

/// `torch.nn.CELU` (Barron 2017): x above 0, α(exp(x/α) − 1) below.
struct CELU: FunctionKind {
  static let type = "celu"
  static let standard = CELU()
  static let fields = Fields<Self>([.number("alpha", \.alpha, .positive, "α. The limit at −∞ is −α.")])
  static let examples = [LayerExample(CELU(), [[3, 4]]), LayerExample(CELU(alpha: 0.4), [[12]])]

  var alpha = 1.0
  var function: PointFunction { PointFunction(.celu, alpha) }
}

/// `torch.nn.Threshold`: x above a threshold, a constant elsewhere.
struct Threshold: FunctionKind {
  static let type = "threshold"
  static let standard = Threshold()
  static let fields = Fields<Self>([
    .required("threshold", \.threshold, .number(.any), "The function is x above."),
    .required("value", \.constant, .number(.any), "The value elsewhere."),
  ])
  static let examples = [LayerExample(Threshold(threshold: 0.1, constant: -2), [[3, 4]])]

  var threshold = 0.0
  var constant = 0.0
  var function: PointFunction { PointFunction(.threshold, threshold, constant) }
}

/// `torch.clamp`: x between two bounds, of which one may be absent. At a bound itself the derivative is 1.
struct Clamp: FunctionKind {
  static let type = "clamp"
  static let standard = Clamp()
  static let fields = Fields<Self>([
    .given("min", \.lower, .number(.any), standard: "none", "The lower bound."),
    .given("max", \.upper, .number(.any), standard: "none", "The upper bound."),
  ])
  static let examples = [
    LayerExample(Clamp(lower: -0.4, upper: 0.3), [[3, 4]]), LayerExample(Clamp(lower: 0.1), [[6]]),
    LayerExample(Clamp(upper: 0.1), [[6]]),
  ]

  var lower: Double?
  var upper: Double?
  var function: PointFunction { PointFunction(.clip, lower ?? -.infinity, upper ?? .infinity) }
}

/// `torch.reciprocal`: 1/x.
struct Reciprocal: FunctionKind {
  static let type = "reciprocal"
  static let standard = Reciprocal()
  static let fields = Fields<Self>([])
  static let examples = [LayerExample(Reciprocal(), [[3, 4]], .positive)]
  var function: PointFunction { PointFunction(.reciprocal) }
}

/// `torch.rsqrt`: 1/√x.
struct InverseRoot: FunctionKind {
  static let type = "rsqrt"
  static let standard = InverseRoot()
  static let fields = Fields<Self>([])
  static let examples = [LayerExample(InverseRoot(), [[3, 4]], .positive)]
  var function: PointFunction { PointFunction(.inverse_root) }
}

/// `torch.neg`: −x.
struct Negative: LayerKind {
  static let type = "neg"
  static let standard = Negative()
  static let fields = Fields<Self>([])

  func place(at site: LayerSite) -> Architecture.Node? {
    site.node(PlacedAffine(value: site.shape, factor: -1, offset: 0))
  }
}

/// `torch.nn.GLU` (Dauphin et al. 2017): the first half of an axis times the logistic function of the second.
struct GLU: LayerKind {
  static let type = "glu"
  static let standard = GLU()
  static let fields = Fields<Self>([
    .integer("dim", \.dim, -64...64, "The axis, which is halved. 0 is the batch, −1 the last axis.")
  ])
  static let examples = [LayerExample(GLU(), [[3, 4]]), LayerExample(GLU(dim: 1), [[4, 3, 2]])]

  var dim = -1

  func place(at site: LayerSite) -> Architecture.Node? {
    guard let axis = site.axis(dim, rank: site.shape.rank, at: "dim") else { return nil }
    let size = site.shape.sizes[axis]
    guard size % 2 == 0 else {
      return site.fault("must be an axis of an even number of places, got \(size)", at: "dim")
    }
    let halves = [Array(0..<size / 2), Array(size / 2..<size)].map { places in
      site.insert(.init(AxisMap.identity(site.shape).choosing(places, along: axis), inputs: [site.value]))
    }
    let value = site.shape(ofValue: halves[0])
    let gate = site.insert(
      .init(PlacedPointFunction(function: PointFunction(.sigmoid), value: value), inputs: [halves[1]]))
    return .init(PlacedProduct(value: value), inputs: [halves[0], gate])
  }
}
