import Tensor

/// The loss of one sample as a function of the network's outputs f, with its first and second derivatives.
public enum Loss: Sendable, Hashable {
  /// −log softmax(f)_y, with label smoothing and class weights. For two classes with a single output it is
  /// that of the outputs (0, f).
  case softmax(CrossEntropy)
  /// The mean over outputs of −t·log σ(f) − (1 − t)·log σ(−f), as `torch.nn.BCEWithLogitsLoss`: each class
  /// against the rest, or several labels a sample. `positive` weighs the first term, an entry an output.
  case binaryCrossEntropy(positive: [Double])
  /// The mean over outputs of (f − y)², as `torch.nn.MSELoss`.
  case meanSquaredError
  /// The mean over outputs of e²/2 for |e| ≤ δ, else of δ(|e| − δ/2), e = f − y, as `torch.nn.HuberLoss`.
  case huber(delta: Double)
  /// The mean over outputs of exp(f) − y·f, as `torch.nn.PoissonNLLLoss`.
  case poisson
  /// Σ over outputs of t·log(1 + exp((1 − y·f)/t)) with y = ±1: each class against the rest, or a single
  /// output for two classes (Koh and Liang 2017, §4.2).
  case smoothHinge(temperature: Double)

  /// The cross-entropy without smoothing and weights.
  public static let crossEntropy = Loss.softmax(CrossEntropy())

  /// The options of the cross-entropy, as `torch.nn.CrossEntropyLoss` has them.
  public struct CrossEntropy: Sendable, Hashable {
    /// ε: the share of the target that is spread evenly over all classes.
    public var smoothing = 0.0
    /// A positive weight a class; empty for weights of 1. The mean over samples divides by their number, and
    /// not by the sum of their weights.
    public var weights: [Double] = []

    public init(smoothing: Double = 0, weights: [Double] = []) {
      self.smoothing = smoothing
      self.weights = weights
    }
  }

  /// The names that requests use.
  public enum Name: String, Sendable, CaseIterable {
    case crossEntropy = "cross_entropy"
    case binaryCrossEntropy = "binary_cross_entropy"
    case meanSquaredError = "mse"
    case huber
    case poisson
    case hinge
  }

  /// The loss with the defaults of its options.
  public init(_ name: Name) {
    self =
      switch name {
      case .crossEntropy: .crossEntropy
      case .binaryCrossEntropy: .binaryCrossEntropy(positive: [])
      case .meanSquaredError: .meanSquaredError
      case .huber: .huber(delta: 1)
      case .poisson: .poisson
      case .hinge: .smoothHinge(temperature: 1)
      }
  }

  public var name: Name {
    switch self {
    case .softmax: .crossEntropy
    case .binaryCrossEntropy: .binaryCrossEntropy
    case .meanSquaredError: .meanSquaredError
    case .huber: .huber
    case .poisson: .poisson
    case .smoothHinge: .hinge
    }
  }

  /// Whether an output is an estimate of a value, so that no output is a class's score.
  public var estimatesValues: Bool {
    switch self {
    case .meanSquaredError, .huber, .poisson: true
    case .softmax, .binaryCrossEntropy, .smoothHinge: false
    }
  }

  /// Whether outputs can be right or wrong: for classes, and for several labels a sample.
  public func judges(_ targets: Targets) -> Bool {
    switch targets {
    case .classes, .positions: true
    case .values: name == .binaryCrossEntropy
    }
  }

  /// Losses, and the gradient by the outputs.
  /// - Parameters:
  ///   - f: for each sample, `columns` outputs.
  ///   - range: the places of the samples in `targets`.
  ///   - losses: receives a loss for each sample.
  ///   - gradient: receives ∂ℓ/∂f times `scale`; nil if not wanted.
  package func evaluate<Element: Scalar>(
    _ f: UnsafePointer<Element>, columns: Int, targets: Targets, range: Range<Int>,
    losses: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Element>?, scale: Double
  ) {
    let rows = targets.rows
    let width = columns / rows
    var work = [Double](repeating: 0, count: width)
    for (sample, place) in range.enumerated() {
      let share = targets.share(place)
      var sum = 0.0
      for row in 0..<rows {
        let start = (sample * rows + row) * width
        guard targets.counts(place, row) else {
          gradient.map { ($0 + start).clear(width) }
          continue
        }
        sum += value(
          of: RowTarget(targets, place * rows + row, width), f + start, &work,
          gradient: gradient.map { $0 + start }, scale: scale * share)
      }
      losses[sample] = sum * share
    }
  }

  /// The Hessian of the loss by the outputs, times a tangent of the outputs, times `scale`.
  /// - Parameters:
  ///   - tf: for each sample, `columns` tangents ḟ.
  ///   - result: receives scale·∇²ℓ·ḟ.
  package func curvature<Element: Scalar>(
    _ f: UnsafePointer<Element>, tf: UnsafePointer<Element>, columns: Int, targets: Targets,
    range: Range<Int>,
    scale: Double, into result: UnsafeMutablePointer<Element>
  ) {
    let rows = targets.rows
    let width = columns / rows
    var work = [Double](repeating: 0, count: width)
    for (sample, place) in range.enumerated() {
      let share = targets.share(place)
      for row in 0..<rows {
        let start = (sample * rows + row) * width
        guard targets.counts(place, row) else {
          (result + start).clear(width)
          continue
        }
        curvature(
          of: RowTarget(targets, place * rows + row, width), f + start, tf + start, &work,
          scale: scale * share, into: result + start)
      }
    }
  }

  /// How much of the targets the outputs name rightly, a sample for 1. Regression has no right outputs.
  ///
  /// A row of outputs names the class of its largest output, the first of equals. A single output names a class by
  /// its sign. If a sample has several positions or labels, it counts by the share that is right.
  package func correctness<Element: Scalar>(
    _ f: UnsafePointer<Element>, columns: Int, targets: Targets, range: Range<Int>
  ) -> Double {
    let rows = targets.rows
    let width = columns / rows
    var total = 0.0
    for (sample, place) in range.enumerated() {
      let outputs = f + sample * columns
      switch targets {
      case .classes(let labels):
        if Int(labels[place]) == Self.predictedClass(outputs, columns: columns) { total += 1 }
      case .positions(let labels, _):
        let right = (0..<rows).reduce(0) { count, row in
          let label = labels[place * rows + row]
          guard label >= 0 else { return count }
          return count + (Int(label) == Self.predictedClass(outputs + row * width, columns: width) ? 1 : 0)
        }
        total += Double(right) * targets.share(place)
      case .values(let values, _):
        guard judges(targets) else { continue }
        let right = (0..<columns).reduce(0) {
          $0 + ((values[place * columns + $1] > 0.5) == (outputs[$1] > 0) ? 1 : 0)
        }
        total += Double(right) / Double(columns)
      }
    }
    return total
  }

  /// The class that a row of outputs names.
  @specialized(where Element == Float)
  @specialized(where Element == Double)
  public static func predictedClass<Element: Scalar>(_ f: UnsafePointer<Element>, columns: Int) -> Int {
    if columns == 1 { return f[0] > 0 ? 1 : 0 }
    var best = 0
    for c in 1..<columns where f[c] > f[best] { best = c }
    return best
  }
}
