import Datasets
import Tensor
import Testing

/// Ridge regression in closed form: (x, 1) and y of every point, and the minimum of the mean of (wᵀx + b −
/// y)² plus λ/2‖(w, b)‖² over some of the points.
struct Ridge {
  let rows: [[Double]]
  let targets: [Double]
  let test: [(row: [Double], target: Double)]
  let decay: Double

  init(_ set: Dataset, decay: Double) throws {
    func rows(_ split: Split) -> [[Double]] {
      let width = set.shape.count
      let inputs = split.inputs(Array(0..<split.count), as: Double.self).elements
      return (0..<split.count).map { Array(inputs[$0 * width..<($0 + 1) * width]) + [1] }
    }
    self.rows = rows(set.train)
    targets = try #require(set.train.targets).elements
    test = Array(zip(rows(set.test), try #require(set.test.targets).elements))
    self.decay = decay
  }

  /// A store with the model `ridge`, at its minimum over 60 points of 4 numbers.
  static func trained(decay: Double) throws -> (store: MemoryStore, ridge: Ridge) {
    let set = try Dataset.synthetic(
      SyntheticLinearRegression(samples: 60, testSamples: 20, dimensions: 4, noise: 0.3), name: "points")
    let store = MemoryStore(set)
    try store.createModel(
      #"{"name": "ridge", "dataset": "points", "architecture": "linear", "loss": "mse", "precision": "float64", "weight_decay": \#(decay)}"#
    )
    try store.run(#"{"kind": "train", "model": "ridge", "optimizer": "newton", "validation": 0}"#)
    return (store, try Ridge(set, decay: decay))
  }

  func minimum(without omitted: [Int] = []) throws -> [Double] {
    let (h, right) = system(without: omitted)
    return try DenseAlgebra.solvePositiveDefinite(h, order: right.count, rightHandSides: [right])[0]
  }

  /// The Hessian and the right-hand side of the normal equations.
  func system(without omitted: [Int] = []) -> (hessian: [Double], right: [Double]) {
    let n = rows[0].count
    let kept = rows.indices.filter { !omitted.contains($0) }
    var h = [Double](repeating: 0, count: n * n)
    var right = [Double](repeating: 0, count: n)
    for index in kept {
      let factor = 2 / Double(kept.count)
      for i in 0..<n {
        right[i] += factor * rows[index][i] * targets[index]
        for j in 0..<n { h[i * n + j] += factor * rows[index][i] * rows[index][j] }
      }
    }
    for i in 0..<n { h[i * n + i] += decay }
    return (h, right)
  }

  func testLoss(_ index: Int, _ theta: [Double]) -> Double {
    let error = test[index].row.dot(theta) - test[index].target
    return error * error
  }
}
