#if canImport(Glibc)
  import Glibc
#endif

/// The scalars of LSMR (Fong and Saunders 2011, §2 to §5), in `Double` at any precision of the vectors. Two
/// QR factorisations turn the bidiagonal matrix B into steps of x. They also give ‖r‖ and ‖Aᵀr − δ²x‖.
struct LSMRRecurrence {
  /// α of the bidiagonalisation, from the step before.
  private(set) var alpha: Double
  private let damping: Double

  // The first QR factorises B with δ below it.
  private var alphaBar: Double
  private var rho = 1.0
  // The second QR factorises the transpose of the first factor.
  private var rhoBar = 1.0
  private var cosineBar = 1.0
  private var sineBar = 0.0
  private var zeta = 0.0
  private var zetaBar: Double
  // The rotations that give ‖r‖.
  private var betaDots: Double
  private var betaDot = 0.0
  private var rhoDot = 1.0
  private var thetaTilde = 0.0
  private var tauTilde = 0.0
  private var dampingPart = 0.0

  /// ‖[g − Ax; −δx]‖ after the last step.
  private(set) var residual: Double
  /// ‖Aᵀ(g − Ax) − δ²x‖ after the last step.
  var normalResidual: Double { abs(zetaBar) }

  /// The factors of one update of the vectors: h̄ ← h + hBar·h̄, x ← x + x·h̄, h ← v + h·h.
  struct Step {
    var hBar: Double
    var x: Double
    var h: Double
  }

  /// - Parameters:
  ///   - alpha: ‖Aᵀu₁‖
  ///   - beta: ‖g‖
  init(alpha: Double, beta: Double, damping: Double) {
    self.alpha = alpha
    self.damping = damping
    alphaBar = alpha
    zetaBar = alpha * beta
    betaDots = beta
    residual = beta
  }

  /// Takes the next column (α, β) of the bidiagonal matrix.
  mutating func advance(alpha: Double, beta: Double) -> Step {
    self.alpha = alpha
    let hat = Rotation(alphaBar, damping)
    let oldRho = rho
    let first = Rotation(hat.length, beta)
    rho = first.length
    let theta = first.sine * alpha
    alphaBar = first.cosine * alpha

    let oldRhoBar = rhoBar
    let oldZeta = zeta
    let thetaBar = sineBar * rho
    let second = Rotation(cosineBar * rho, theta)
    rhoBar = second.length
    cosineBar = second.cosine
    sineBar = second.sine
    zeta = cosineBar * zetaBar
    zetaBar = -sineBar * zetaBar

    let step = Step(
      hBar: -thetaBar * rho / (oldRho * oldRhoBar), x: zeta / (rho * rhoBar), h: -theta / rho)
    noteResidual(hat, first, thetaBar: thetaBar, oldZeta: oldZeta)
    return step
  }

  /// ‖r‖ from two more rotations (§5, "Algorithm to compute ‖r_k‖").
  private mutating func noteResidual(_ hat: Rotation, _ first: Rotation, thetaBar: Double, oldZeta: Double) {
    let betaAcute = hat.cosine * betaDots
    let betaCheck = -hat.sine * betaDots
    let betaHat = first.cosine * betaAcute
    betaDots = -first.sine * betaAcute

    let tilde = Rotation(rhoDot, thetaBar)
    let oldThetaTilde = thetaTilde
    thetaTilde = tilde.sine * rhoBar
    rhoDot = tilde.cosine * rhoBar
    betaDot = -tilde.sine * betaDot + tilde.cosine * betaHat
    tauTilde = (oldZeta - oldThetaTilde * tauTilde) / tilde.length
    let tauDot = (zeta - thetaTilde * tauTilde) / rhoDot
    dampingPart += betaCheck * betaCheck
    let misfit = betaDot - tauDot
    residual = (dampingPart + misfit * misfit + betaDots * betaDots).squareRoot()
  }
}

/// The plane rotation that takes (a, b) to (√(a² + b²), 0).
struct Rotation {
  let cosine: Double
  let sine: Double
  let length: Double

  init(_ a: Double, _ b: Double) {
    length = hypot(a, b)
    // (0, 0) is left as it is.
    cosine = length == 0 ? 1 : a / length
    sine = length == 0 ? 0 : b / length
  }
}
