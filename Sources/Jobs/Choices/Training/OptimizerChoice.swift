import Influence

/// The optimizer with its own options.
public enum OptimizerChoice: Hashable, Sendable {
  case sgd(momentum: Double, nesterov: Bool)
  /// Kingma and Ba 2015.
  case adam(beta1: Double, beta2: Double, epsilon: Double)
  /// L-BFGS over all samples until ‖∇R‖ is at most the gradient norm. Nil goes as far as rounding allows.
  case lbfgs(history: Int, gradientNorm: Double?)
  /// Newton's method, with the same end.
  case newton(gradientNorm: Double?)

  public enum Name: String, CaseIterable, Sendable {
    case sgd, adam, lbfgs, newton

    /// Whether the optimizer minimises the risk over all samples, instead of descending by minibatches.
    var minimizes: Bool { self == .lbfgs || self == .newton }

    /// The optimizer with its defaults.
    var standard: OptimizerChoice {
      switch self {
      case .sgd: .sgd(momentum: 0.9, nesterov: false)
      case .adam: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
      case .lbfgs: .lbfgs(history: MinimizationMethod.standardHistory, gradientNorm: nil)
      case .newton: .newton(gradientNorm: nil)
      }
    }
  }

  var name: Name {
    switch self {
    case .sgd: .sgd
    case .adam: .adam
    case .lbfgs: .lbfgs
    case .newton: .newton
    }
  }

  public static let standardSGD = Name.sgd.standard
  public static let standardAdam = Name.adam.standard
}

// MARK: - Options by name. If an optimizer lacks an option, reading gives the default and writing is ignored.

extension OptimizerChoice {
  var momentum: Double {
    get { if case .sgd(let momentum, _) = self { momentum } else { 0.9 } }
    set { if case .sgd(_, let nesterov) = self { self = .sgd(momentum: newValue, nesterov: nesterov) } }
  }

  var nesterov: Bool {
    get { if case .sgd(_, let nesterov) = self { nesterov } else { false } }
    set { if case .sgd(let momentum, _) = self { self = .sgd(momentum: momentum, nesterov: newValue) } }
  }

  /// β₁ and β₂.
  var betas: [Double] {
    get { if case .adam(let first, let second, _) = self { [first, second] } else { [0.9, 0.999] } }
    set {
      guard case .adam(_, _, let epsilon) = self, newValue.count == 2 else { return }
      self = .adam(beta1: newValue[0], beta2: newValue[1], epsilon: epsilon)
    }
  }

  var epsilon: Double {
    get { if case .adam(_, _, let epsilon) = self { epsilon } else { 1e-8 } }
    set {
      if case .adam(let first, let second, _) = self {
        self = .adam(beta1: first, beta2: second, epsilon: newValue)
      }
    }
  }

  var history: Int {
    get { if case .lbfgs(let history, _) = self { history } else { MinimizationMethod.standardHistory } }
    set { if case .lbfgs(_, let norm) = self { self = .lbfgs(history: newValue, gradientNorm: norm) } }
  }

  var gradientNorm: Double? {
    get {
      switch self {
      case .lbfgs(_, let norm), .newton(let norm): norm
      default: nil
      }
    }
    set {
      switch self {
      case .lbfgs(let history, _): self = .lbfgs(history: history, gradientNorm: newValue)
      case .newton: self = .newton(gradientNorm: newValue)
      default: break
      }
    }
  }
}
