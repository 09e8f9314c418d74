import Foundation
import Influence
import Tensor

/// Linear systems with a known spectrum, and the comparisons that tests make on them.
enum TestSystems {
  /// A random orthogonal n×n matrix: rows by Gram–Schmidt, twice.
  static func orthogonal(_ n: Int, seed: UInt64) -> [[Double]] {
    var stream = RandomStream(seed: seed, purpose: "orthogonal \(n)")
    var rows: [[Double]] = []
    for _ in 0..<n {
      var row = (0..<n).map { _ in stream.normal() }
      for _ in 0..<2 {
        for other in rows { row.add(-row.dot(other), times: other) }
      }
      row.scale(1 / row.norm)
      rows.append(row)
    }
    return rows
  }

  /// QᵀΛQ, row-major.
  static func symmetric(_ eigenvalues: [Double], seed: UInt64) -> [Double] {
    let n = eigenvalues.count
    let q = orthogonal(n, seed: seed)
    var matrix = [Double](repeating: 0, count: n * n)
    for (value, row) in zip(eigenvalues, q) {
      for i in 0..<n {
        for j in 0..<n { matrix[i * n + j] += value * row[i] * row[j] }
      }
    }
    return matrix
  }

  /// An m×n matrix with these singular values.
  static func rectangular(_ m: Int, _ n: Int, _ singular: [Double], seed: UInt64) -> [Double] {
    let u = orthogonal(m, seed: seed)
    let v = orthogonal(n, seed: seed + 1)
    var matrix = [Double](repeating: 0, count: m * n)
    for (index, value) in singular.enumerated() {
      for i in 0..<m {
        for j in 0..<n { matrix[i * n + j] += value * u[index][i] * v[index][j] }
      }
    }
    return matrix
  }

  /// From 1 down to 1/κ, evenly in the logarithm.
  static func logSpaced(_ n: Int, condition: Double) -> [Double] {
    (0..<n).map { pow(condition, -Double($0) / Double(max(1, n - 1))) }
  }

  static func vector(_ n: Int, seed: UInt64) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: "right-hand side")
    return (0..<n).map { _ in stream.normal() }
  }
}

/// ‖x − y‖/‖y‖.
func relativeError<T: Scalar>(_ x: [T], _ y: [Double]) -> Double {
  var difference = x.map(Double.init)
  difference.add(-1, times: y)
  return difference.norm / y.norm
}

func cast<T: Scalar>(_ values: [Double], _: T.Type = T.self) -> [T] { values.map { T($0) } }

/// A softmax regression: its Hessian at some weights (positive semidefinite), batch by batch, and gradients
/// of single samples. Damping brings its condition number to the one wanted.
struct SoftmaxRegression {
  let features: Int
  let classes: Int
  let samples: [[Double]]
  let probabilities: [[Double]]
  var parameters: Int { features * classes }

  init(samples n: Int, features: Int, classes: Int, seed: UInt64) {
    self.features = features
    self.classes = classes
    var stream = RandomStream(seed: seed, purpose: "softmax regression")
    let weights = (0..<classes).map { _ in (0..<features).map { _ in 0.4 * stream.normal() } }
    let drawn = (0..<n).map { _ in
      (0..<features).map { index in
        index == features - 1 ? 1 : stream.normal() * (1.5 - 1.2 * Double(index) / Double(features))
      }
    }
    samples = drawn
    probabilities = drawn.map { sample in
      let exponentials = weights.map { exp($0.dot(sample)) }
      let total = exponentials.reduce(0, +)
      return exponentials.map { $0 / total }
    }
  }

  /// The mean Hessian over some samples, row-major, with λ on the diagonal.
  func hessian(_ indices: some Sequence<Int>, decay: Double = 0) -> [Double] {
    let p = parameters
    var matrix = [Double](repeating: 0, count: p * p)
    var count = 0.0
    for index in indices {
      count += 1
      let sample = samples[index]
      for a in 0..<classes {
        for b in 0..<classes {
          let weight = probabilities[index][a] * ((a == b ? 1 : 0) - probabilities[index][b])
          for i in 0..<features {
            let row = (a * features + i) * p + b * features
            let factor = weight * sample[i]
            for j in 0..<features { matrix[row + j] += factor * sample[j] }
          }
        }
      }
    }
    for index in matrix.indices { matrix[index] /= count }
    for index in 0..<p { matrix[index * p + index] += decay }
    return matrix
  }

  /// The gradient of the loss of one sample, were its label `label`.
  func gradient(_ index: Int, label: Int) -> [Double] {
    (0..<classes).flatMap { c in
      samples[index].map { $0 * (probabilities[index][c] - (c == label ? 1 : 0)) }
    }
  }
}
