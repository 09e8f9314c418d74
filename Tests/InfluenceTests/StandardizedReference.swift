import Foundation
import Tensor

/// The least risk of a linear model, found apart from the engine: damped Newton steps in standardized
/// columns, written out by hand, with the weight decay of the plain weights.
struct StandardizedReference {
  enum Loss {
    case squared, logistic
    case softmax(Int)
  }

  let columns: [[Double]]
  let targets: [Double]
  let loss: Loss
  let decay: Double

  private var outputs: Int { if case .softmax(let count) = loss { count } else { 1 } }
  private var width: Int { columns.count + 1 }
  private var count: Int { targets.count }

  private var means: [Double] { columns.map { $0.reduce(0, +) / Double($0.count) } }

  private func deviation(_ column: [Double], _ mean: Double) -> Double {
    let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
    return variance > 0 ? variance.squareRoot() : 1
  }

  /// The risk at the plain weights, [outputs, columns and 1].
  func risk(_ theta: [Double]) -> Double {
    let f = (0..<count).map { row in
      (0..<outputs).map { output in
        columns.indices.reduce(theta[output * width + width - 1]) {
          $0 + theta[output * width + $1] * columns[$1][row]
        }
      }
    }
    return (0..<count).reduce(0) { $0 + sample(f[$1], targets[$1]).value } / Double(count)
      + decay / 2 * theta.dot(theta)
  }

  /// The least risk.
  func least() throws -> Double {
    let (means, n) = (means, width * outputs)
    let deviations = zip(columns, means).map { deviation($0, $1) }
    let rows = (0..<count).map { row in
      columns.indices.map { (columns[$0][row] - means[$0]) / deviations[$0] } + [1]
    }
    // w = w′/σ, b = b′ − Σ w′μ/σ: the decay as a quadratic form in (w′, b′).
    var form = [Double](repeating: 0, count: width * width)
    let tilt = zip(means, deviations).map { -$0 / $1 } + [1]
    for i in 0..<width {
      for j in 0..<width { form[i * width + j] = tilt[i] * tilt[j] }
      if i < columns.count { form[i * width + i] += 1 / (deviations[i] * deviations[i]) }
    }
    func evaluate(_ phi: [Double]) -> (value: Double, gradient: [Double], hessian: [Double]) {
      var value = 0.0
      var gradient = [Double](repeating: 0, count: n)
      var hessian = [Double](repeating: 0, count: n * n)
      for (row, target) in zip(rows, targets) {
        let f = (0..<outputs).map { Array(phi[$0 * width..<($0 + 1) * width]).dot(row) }
        let at = sample(f, target)
        value += at.value / Double(count)
        for a in 0..<outputs {
          for i in 0..<width {
            gradient[a * width + i] += at.gradient[a] * row[i] / Double(count)
            for b in 0..<outputs {
              for j in 0..<width {
                hessian[(a * width + i) * n + b * width + j] +=
                  at.hessian[a * outputs + b] * row[i] * row[j] / Double(count)
              }
            }
          }
        }
      }
      for a in 0..<outputs {
        for i in 0..<width {
          for j in 0..<width {
            let entry = decay * form[i * width + j]
            value += 0.5 * entry * phi[a * width + i] * phi[a * width + j]
            gradient[a * width + i] += entry * phi[a * width + j]
            hessian[(a * width + i) * n + a * width + j] += entry
          }
        }
      }
      return (value, gradient, hessian)
    }
    var phi = [Double](repeating: 0, count: n)
    var here = evaluate(phi)
    for _ in 0..<300 {
      let scales = (0..<n).map { 1 / max(here.hessian[$0 * n + $0], 1e-6).squareRoot() }
      var scaled = here.hessian
      for i in 0..<n { for j in 0..<n { scaled[i * n + j] *= scales[i] * scales[j] } }
      let (values, vectors) = try DenseAlgebra.eigen(scaled, order: n)
      let right = (0..<n).map { scales[$0] * here.gradient[$0] }
      var step = [Double](repeating: 0, count: n)
      for k in 0..<n {
        let vector = Array(vectors[k * n..<(k + 1) * n])
        step.add(-vector.dot(right) / max(values[k], 1e-13), times: vector)
      }
      step = (0..<n).map { scales[$0] * step[$0] }
      let slope = step.dot(here.gradient)
      var length = 1.0
      var found = false
      for _ in 0..<60 {
        var moved = phi
        moved.add(length, times: step)
        let there = evaluate(moved)
        if there.value <= here.value + 1e-4 * length * slope {
          found = here.value - there.value > 1e-15 * abs(here.value)
          (phi, here) = (moved, there)
          break
        }
        length /= 2
      }
      if !found { break }
    }
    return here.value
  }

  private func sample(_ f: [Double], _ target: Double) -> (
    value: Double, gradient: [Double], hessian: [Double]
  ) {
    switch loss {
    case .squared: return ((f[0] - target) * (f[0] - target), [2 * (f[0] - target)], [2])
    case .logistic:
      let margin = target == 1 ? f[0] : -f[0]
      let p = 1 / (1 + exp(-f[0]))
      return (max(-margin, 0) + log1p(exp(-abs(margin))), [p - target], [p * (1 - p)])
    case .softmax(let count):
      let largest = f.max() ?? 0
      let powers = f.map { exp($0 - largest) }
      let sum = powers.reduce(0, +)
      let p = powers.map { $0 / sum }
      var hessian = [Double](repeating: 0, count: count * count)
      for a in 0..<count {
        for b in 0..<count { hessian[a * count + b] = (a == b ? p[a] : 0) - p[a] * p[b] }
      }
      return (
        largest + log(sum) - f[Int(target)], (0..<count).map { p[$0] - (Int(target) == $0 ? 1 : 0) }, hessian
      )
    }
  }
}
