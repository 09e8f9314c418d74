import Tensor

/// Dense matrices in `Double`, by textbook eliminations: the independent reference of removals.
struct DenseMatrix {
  let rows: Int
  let columns: Int
  /// Row-major.
  var elements: [Double]

  init(rows: Int, columns: Int, _ elements: [Double]? = nil) {
    self.rows = rows
    self.columns = columns
    self.elements = elements ?? Array(repeating: 0, count: rows * columns)
  }

  subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// The Jacobian of a gradient at θ by central differences with steps h and h/2, extrapolated (Richardson):
  /// its error is O(h⁴). Made symmetric.
  static func hessian(
    at theta: [Double], step: Double = 2e-3, gradient: ([Double]) throws -> [Double]
  ) rethrows -> DenseMatrix {
    let n = theta.count
    var matrix = DenseMatrix(rows: n, columns: n)
    for column in 0..<n {
      func difference(_ h: Double) throws -> [Double] {
        var (up, down) = (theta, theta)
        up[column] += h
        down[column] -= h
        return zip(try gradient(up), try gradient(down)).map { ($0 - $1) / (up[column] - down[column]) }
      }
      let (coarse, fine) = (try difference(step), try difference(step / 2))
      for row in 0..<n { matrix[row, column] = (4 * fine[row] - coarse[row]) / 3 }
    }
    for row in 0..<n {
      for column in 0..<row {
        let mean = (matrix[row, column] + matrix[column, row]) / 2
        matrix[row, column] = mean
        matrix[column, row] = mean
      }
    }
    return matrix
  }

  func selecting(rows: [Int]? = nil, columns: [Int]) -> DenseMatrix {
    let rows = rows ?? Array(0..<self.rows)
    return DenseMatrix(
      rows: rows.count, columns: columns.count, rows.flatMap { row in columns.map { self[row, $0] } })
  }

  /// With δ added to the diagonal.
  func shifted(by delta: Double) -> DenseMatrix {
    var matrix = self
    for index in 0..<min(rows, columns) { matrix[index, index] += delta }
    return matrix
  }

  /// With δI below.
  func stacked(over delta: Double) -> DenseMatrix {
    guard delta != 0 else { return self }
    let below = DenseMatrix(rows: columns, columns: columns).shifted(by: delta)
    return DenseMatrix(rows: rows + columns, columns: columns, elements + below.elements)
  }

  /// The solution of a square system by Gaussian elimination with partial pivoting.
  func solve(_ right: [Double]) -> [Double] {
    var (a, b) = (self, right)
    for step in 0..<rows {
      let pivot = (step..<rows).max { abs(a[$0, step]) < abs(a[$1, step]) } ?? step
      if pivot != step {
        for column in 0..<columns {
          let held = a[step, column]
          a[step, column] = a[pivot, column]
          a[pivot, column] = held
        }
        b.swapAt(step, pivot)
      }
      for row in step + 1..<rows {
        let factor = a[row, step] / a[step, step]
        guard factor != 0 else { continue }
        for column in step..<columns { a[row, column] -= factor * a[step, column] }
        b[row] -= factor * b[step]
      }
    }
    var x = b
    for row in (0..<rows).reversed() {
      for column in row + 1..<columns { x[row] -= a[row, column] * x[column] }
      x[row] /= a[row, row]
    }
    return x
  }

  /// argmin ‖Ax − b‖ by Householder reflections; needs full column rank.
  func leastSquares(_ right: [Double]) -> [Double] {
    var a = self
    var b = right + Array(repeating: 0, count: max(0, rows - right.count))
    for step in 0..<columns {
      var v = (step..<rows).map { a[$0, step] }
      let length = v.norm
      guard length > 0 else { continue }
      v[0] += v[0] < 0 ? -length : length
      let square = v.reduce(0) { $0 + $1 * $1 }
      for column in step..<columns {
        let dot = v.indices.reduce(0.0) { $0 + v[$1] * a[step + $1, column] }
        for index in v.indices { a[step + index, column] -= 2 * dot / square * v[index] }
      }
      let dot = v.indices.reduce(0.0) { $0 + v[$1] * b[step + $1] }
      for index in v.indices { b[step + index] -= 2 * dot / square * v[index] }
    }
    return a.selecting(rows: Array(0..<columns), columns: Array(0..<columns)).solve(
      Array(b[0..<columns]))
  }
}
