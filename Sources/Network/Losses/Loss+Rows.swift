import Tensor

#if canImport(Glibc)
  import Glibc
#endif

/// The target of one row of outputs.
struct RowTarget {
  private let targets: Targets
  private let index: Int
  let columns: Int

  init(_ targets: Targets, _ index: Int, _ columns: Int) {
    self.targets = targets
    self.index = index
    self.columns = columns
  }

  /// The class of the row.
  var label: Int {
    switch targets {
    case .classes(let labels), .positions(let labels, _): return Int(labels[index])
    case .values:
      preconditionFailure("This loss needs class labels; the request's validation has let values through.")
    }
  }

  /// The value of an output. Classes are one-hot rows, or 0 and 1 for a single output.
  func value(_ column: Int) -> Double {
    switch targets {
    case .values(let values, let width): return values[index * width + column]
    case .classes(let labels), .positions(let labels, _):
      return columns == 1 ? Double(labels[index]) : (Int(labels[index]) == column ? 1 : 0)
    }
  }

  /// +1 for an output of the row's class, else −1.
  func sign(_ column: Int) -> Double { columns == 1 ? (label == 1 ? 1 : -1) : (label == column ? 1 : -1) }
}

extension Loss {
  /// The loss of a row.
  /// - Parameters:
  ///   - work: room for a row.
  ///   - gradient: receives ∂ℓ/∂f times `scale`; nil if not wanted.
  @inline(__always)
  func value<Element: Scalar>(
    of target: RowTarget, _ f: UnsafePointer<Element>, _ work: inout [Double],
    gradient: UnsafeMutablePointer<Element>?, scale: Double
  ) -> Double {
    let columns = target.columns
    switch self {
    case .softmax(let options) where columns == 1:
      guard options.isPlain else {
        let q = options.target(of: target.label, classes: 2)
        let p = Self.sigmoid(Double(f[0]))
        gradient?[0] = Element(scale * ((q[0] + q[1]) * p - q[1]))
        return (q[0] + q[1]) * Self.logistic(Double(f[0])) - q[1] * Double(f[0])
      }
      let sign = target.sign(0)
      let margin = sign * Double(f[0])
      gradient?[0] = Element(-scale * sign / (1 + exp(margin)))
      return Self.logistic(-margin)
    case .softmax(let options):
      let label = target.label
      let logSum = Self.softmax(f, columns, &work)
      guard options.isPlain else {
        let q = options.target(of: label, classes: columns)
        let total = q.reduce(0, +)
        var loss = total * logSum
        for c in 0..<columns { loss -= q[c] * Double(f[c]) }
        if let gradient {
          for c in 0..<columns { gradient[c] = Element(scale * (total * work[c] - q[c])) }
        }
        return loss
      }
      if let gradient {
        for c in 0..<columns { gradient[c] = Element(scale * (work[c] - (c == label ? 1 : 0))) }
      }
      return logSum - Double(f[label])
    case .smoothHinge(let t):
      var sum = 0.0
      for c in 0..<columns {
        let sign = target.sign(c)
        let margin = (1 - sign * Double(f[c])) / t
        sum += t * Self.logistic(margin)
        gradient?[c] = Element(-scale * sign / (1 + exp(-margin)))
      }
      return sum
    case .meanSquaredError:
      var sum = 0.0
      for c in 0..<columns {
        let error = Double(f[c]) - target.value(c)
        sum += error * error
        gradient?[c] = Element(scale * 2 * error / Double(columns))
      }
      return sum / Double(columns)
    case .binaryCrossEntropy, .huber, .poisson:
      var sum = 0.0
      for c in 0..<columns {
        let (value, slope) = one(Double(f[c]), target.value(c), c)
        sum += value
        gradient?[c] = Element(scale * slope / Double(columns))
      }
      return sum / Double(columns)
    }
  }

  /// Scale·∇²ℓ·ḟ of a row.
  @inline(__always)
  func curvature<Element: Scalar>(
    of target: RowTarget, _ f: UnsafePointer<Element>, _ tangent: UnsafePointer<Element>,
    _ work: inout [Double],
    scale: Double, into result: UnsafeMutablePointer<Element>
  ) {
    let columns = target.columns
    switch self {
    case .softmax(let options) where columns == 1:
      let p = Self.sigmoid(Double(f[0]))
      let weight = options.isPlain ? scale : scale * options.target(of: target.label, classes: 2).reduce(0, +)
      result[0] = Element(weight * p * (1 - p) * Double(tangent[0]))
    case .softmax(let options):
      _ = Self.softmax(f, columns, &work)
      let weight =
        options.isPlain ? scale : scale * options.target(of: target.label, classes: columns).reduce(0, +)
      var mean = 0.0
      for c in 0..<columns { mean += work[c] * Double(tangent[c]) }
      for c in 0..<columns { result[c] = Element(weight * work[c] * (Double(tangent[c]) - mean)) }
    case .smoothHinge(let t):
      for c in 0..<columns {
        let p = 1 / (1 + exp(-(1 - target.sign(c) * Double(f[c])) / t))
        result[c] = Element(scale * p * (1 - p) / t * Double(tangent[c]))
      }
    case .meanSquaredError:
      for c in 0..<columns { result[c] = Element(scale * 2 / Double(columns) * Double(tangent[c])) }
    case .binaryCrossEntropy, .huber, .poisson:
      for c in 0..<columns {
        let bend = bend(Double(f[c]), target.value(c), c)
        result[c] = Element(scale * bend / Double(columns) * Double(tangent[c]))
      }
    }
  }

  // MARK: Losses that are a mean over outputs

  /// The loss of one output for the target y, and its derivative.
  package func one(_ f: Double, _ y: Double, _ column: Int) -> (value: Double, slope: Double) {
    switch self {
    case .binaryCrossEntropy(let positive):
      // a·log(1 + exp(−f)) + b·log(1 + exp(f)).
      let (a, b) = ((positive.isEmpty ? 1 : positive[column]) * y, 1 - y)
      return (a * Self.logistic(-f) + b * Self.logistic(f), b * Self.sigmoid(f) - a * Self.sigmoid(-f))
    case .huber(let delta):
      let error = f - y
      return abs(error) <= delta
        ? (error * error / 2, error) : (delta * (abs(error) - delta / 2), error < 0 ? -delta : delta)
    case .poisson: return (exp(f) - y * f, exp(f) - y)
    case .meanSquaredError: return ((f - y) * (f - y), 2 * (f - y))
    case .softmax, .smoothHinge: preconditionFailure("This loss is no mean over outputs.")
    }
  }

  /// The second derivative of the loss of one output.
  private func bend(_ f: Double, _ y: Double, _ column: Int) -> Double {
    switch self {
    case .binaryCrossEntropy(let positive):
      ((positive.isEmpty ? 1 : positive[column]) * y + 1 - y) * Self.sigmoid(f) * Self.sigmoid(-f)
    case .huber(let delta): abs(f - y) <= delta ? 1 : 0
    case .poisson: exp(f)
    case .meanSquaredError: 2
    case .softmax, .smoothHinge: preconditionFailure("This loss is no mean over outputs.")
    }
  }

  // MARK: Functions

  /// log(1 + exp(x)), even if exp(x) overflows.
  package static func logistic(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

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
}

extension Loss.CrossEntropy {
  var isPlain: Bool { smoothing == 0 && weights.isEmpty }

  /// q of the loss −Σ q_c·log softmax(f)_c: (1 − ε)w_y at the label, and ε·w_c/C at every class.
  package func target(of label: Int, classes: Int) -> [Double] {
    func weight(_ c: Int) -> Double { weights.isEmpty ? 1 : weights[c] }
    var q = (0..<classes).map { smoothing / Double(classes) * weight($0) }
    q[label] += (1 - smoothing) * weight(label)
    return q
  }
}
