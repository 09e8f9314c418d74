import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The loss of one sample as a function of the network's outputs f, with its first and second derivatives.
public enum Loss: Sendable, Hashable {
  /// −log softmax(f)_y. For two classes with a single output it is log(1 + exp(−y·f)) with y = ±1, which
  /// equals the softmax of the outputs (0, f).
  case crossEntropy
  /// The mean over outputs of (f − y)², as `torch.nn.MSELoss`.
  case meanSquaredError
  /// Σ over outputs of t·log(1 + exp((1 − y·f)/t)) with y = ±1: each class against the rest, or a single
  /// output for two classes (Koh and Liang 2017, §4.2).
  case smoothHinge(temperature: Double)

  /// The names that requests use.
  public enum Name: String, Sendable, CaseIterable {
    case crossEntropy = "cross_entropy"
    case meanSquaredError = "mse"
    case hinge
  }

  /// The loss with the defaults of its options: a hinge has a temperature of 1.
  public init(_ name: Name) {
    self =
      switch name {
      case .crossEntropy: .crossEntropy
      case .meanSquaredError: .meanSquaredError
      case .hinge: .smoothHinge(temperature: 1)
      }
  }

  public var name: Name {
    switch self {
    case .crossEntropy: .crossEntropy
    case .meanSquaredError: .meanSquaredError
    case .smoothHinge: .hinge
    }
  }

  /// Losses, and the gradient by the outputs.
  /// - Parameters:
  ///   - f: rows × columns outputs.
  ///   - range: the places of the rows in `targets`.
  ///   - losses: receives a loss for each row.
  ///   - gradient: receives ∂ℓ/∂f times `scale`; nil if not wanted.
  func evaluate<Element: Scalar>(
    _ f: UnsafePointer<Element>, columns: Int, targets: Targets, range: Range<Int>,
    losses: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Element>?, scale: Double
  ) {
    var work = [Double](repeating: 0, count: columns)
    for (row, place) in range.enumerated() {
      let outputs = f + row * columns
      let target = gradient.map { $0 + row * columns }
      switch self {
      case .crossEntropy where columns == 1:
        let sign = Self.sign(targets, place, 0, 1)
        let margin = sign * Double(outputs[0])
        losses[row] = Self.logistic(-margin)
        target?[0] = Element(-scale * sign / (1 + exp(margin)))
      case .crossEntropy:
        let label = Self.label(targets, place)
        let logSum = Self.softmax(outputs, columns, &work)
        losses[row] = logSum - Double(outputs[label])
        if let target {
          for c in 0..<columns { target[c] = Element(scale * (work[c] - (c == label ? 1 : 0))) }
        }
      case .meanSquaredError:
        var sum = 0.0
        for c in 0..<columns {
          let error = Double(outputs[c]) - Self.value(targets, place, c, columns)
          sum += error * error
          target?[c] = Element(scale * 2 * error / Double(columns))
        }
        losses[row] = sum / Double(columns)
      case .smoothHinge(let t):
        var sum = 0.0
        for c in 0..<columns {
          let sign = Self.sign(targets, place, c, columns)
          let margin = (1 - sign * Double(outputs[c])) / t
          sum += t * Self.logistic(margin)
          target?[c] = Element(-scale * sign / (1 + exp(-margin)))
        }
        losses[row] = sum
      }
    }
  }

  /// The Hessian of the loss by the outputs, times a tangent of the outputs, times `scale`.
  /// - Parameters:
  ///   - tf: rows × columns tangents ḟ.
  ///   - result: receives scale·∇²ℓ·ḟ.
  func curvature<Element: Scalar>(
    _ f: UnsafePointer<Element>, tf: UnsafePointer<Element>, columns: Int, targets: Targets,
    range: Range<Int>,
    scale: Double, into result: UnsafeMutablePointer<Element>
  ) {
    var work = [Double](repeating: 0, count: columns)
    for (row, place) in range.enumerated() {
      let outputs = f + row * columns
      let tangent = tf + row * columns
      let target = result + row * columns
      switch self {
      case .crossEntropy where columns == 1:
        let p = 1 / (1 + exp(-Double(outputs[0])))
        target[0] = Element(scale * p * (1 - p) * Double(tangent[0]))
      case .crossEntropy:
        _ = Self.softmax(outputs, columns, &work)
        var mean = 0.0
        for c in 0..<columns { mean += work[c] * Double(tangent[c]) }
        for c in 0..<columns { target[c] = Element(scale * work[c] * (Double(tangent[c]) - mean)) }
      case .meanSquaredError:
        for c in 0..<columns { target[c] = Element(scale * 2 / Double(columns) * Double(tangent[c])) }
      case .smoothHinge(let t):
        for c in 0..<columns {
          let sign = Self.sign(targets, place, c, columns)
          let p = 1 / (1 + exp(-(1 - sign * Double(outputs[c])) / t))
          target[c] = Element(scale * p * (1 - p) / t * Double(tangent[c]))
        }
      }
    }
  }

  /// How many rows of outputs name the right class. A row names the class of its largest output, the first of
  /// equals. A single output names a class by its sign. Regression has no right class.
  func correctCount<Element: Scalar>(
    _ f: UnsafePointer<Element>, columns: Int, targets: Targets, range: Range<Int>
  ) -> Int {
    guard case .classes(let labels) = targets else { return 0 }
    var correct = 0
    for (row, place) in range.enumerated()
    where Int(labels[place]) == Self.predictedClass(f + row * columns, columns: columns) {
      correct += 1
    }
    return correct
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

  // MARK: Parts

  /// log(1 + exp(x)), even if exp(x) overflows.
  private static func logistic(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// Fills `p` with softmax(f) and returns log Σ exp f.
  private static func softmax<Element: Scalar>(
    _ f: UnsafePointer<Element>, _ columns: Int, _ p: inout [Double]
  ) -> Double {
    var largest = Double(f[0])
    for c in 1..<max(columns, 1) { largest = max(largest, Double(f[c])) }
    var sum = 0.0
    for c in 0..<columns {
      p[c] = exp(Double(f[c]) - largest)
      sum += p[c]
    }
    for c in 0..<columns { p[c] /= sum }
    return largest + log(sum)
  }

  private static func label(_ targets: Targets, _ place: Int) -> Int {
    guard case .classes(let labels) = targets else {
      preconditionFailure("This loss needs class labels; the request's validation has let values through.")
    }
    return Int(labels[place])
  }

  private static func value(_ targets: Targets, _ place: Int, _ column: Int, _ columns: Int) -> Double {
    switch targets {
    case .values(let values, let width): return values[place * width + column]
    // Classes as one-hot rows, or as 0 and 1 for a single output.
    case .classes(let labels):
      return columns == 1 ? Double(labels[place]) : (Int(labels[place]) == column ? 1 : 0)
    }
  }

  private static func sign(_ targets: Targets, _ place: Int, _ column: Int, _ columns: Int) -> Double {
    let label = label(targets, place)
    return columns == 1 ? (label == 1 ? 1 : -1) : (label == column ? 1 : -1)
  }
}
