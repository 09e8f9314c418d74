import JSON
import Tensor

/// The points of all paths so far: θ_J, the gradient's norm and the risk at every step. The first point is θ̂
/// itself.
struct TrajectoryTable: Equatable {
  /// [path][step][parameter].
  private(set) var points: [[[Double]]]
  /// [path][step].
  private(set) var gradientNorms: [[Double]]
  private(set) var risks: [[Double]]
  /// The number and the outcome of each path's solves.
  var solves: [PathSolves]

  /// A path's solves so far.
  struct PathSolves: Equatable {
    var notConverged = 0
    var worstResidual = 0.0
    var products = 0
  }

  init(paths: Int) {
    points = Array(repeating: [], count: paths)
    gradientNorms = Array(repeating: [], count: paths)
    risks = Array(repeating: [], count: paths)
    solves = Array(repeating: PathSolves(), count: paths)
  }

  /// The number of steps that every path has made.
  var steps: Int { (points.map(\.count).min() ?? 0) - 1 }

  mutating func append(_ path: Int, point: [Double], gradientNorm: Double, risk: Double) {
    points[path].append(point)
    gradientNorms[path].append(gradientNorm)
    risks[path].append(risk)
  }
}

// MARK: - As bytes

extension TrajectoryTable {
  var bytes: [UInt8] {
    JSONWriter.bytes([
      "points": .array(points.map { .array($0.map { JSONValue($0) }) }),
      "gradient_norms": .array(gradientNorms.map { JSONValue($0) }),
      "risks": .array(risks.map { JSONValue($0) }),
      "solves": .array(
        solves.map { [JSONValue($0.notConverged), .number($0.worstResidual), JSONValue($0.products)] }),
    ])
  }

  /// Reads what `bytes` wrote; nil if the bytes are something else.
  init?(_ bytes: [UInt8], paths: Int, parameters: Int) {
    guard let json = try? JSONParser.parse(bytes) else { return nil }
    func rows(_ value: JSONValue?) -> [[Double]] {
      value?.arrayValue?.map { $0.arrayValue?.compactMap(\.doubleValue) ?? [] } ?? []
    }
    points = json["points"]?.arrayValue?.map { rows($0) } ?? []
    gradientNorms = rows(json["gradient_norms"])
    risks = rows(json["risks"])
    solves = (json["solves"]?.arrayValue ?? []).compactMap { row in
      guard let row = row.arrayValue, row.count == 3, let notConverged = row[0].integerValue,
        let worstResidual = row[1].doubleValue, let products = row[2].integerValue
      else { return nil }
      return PathSolves(notConverged: notConverged, worstResidual: worstResidual, products: products)
    }
    let steps = points.first?.count ?? 0
    guard points.count == paths, gradientNorms.count == paths, risks.count == paths, solves.count == paths,
      steps > 0, points.allSatisfy({ path in path.allSatisfy { $0.count == parameters } }),
      (points.map(\.count) + gradientNorms.map(\.count) + risks.map(\.count)).allSatisfy({ $0 == steps })
    else { return nil }
  }

  /// Writes `trajectories.npy` [path, step, parameter], `gradient_norms.npy` and `risks.npy` [path, step],
  /// and `removed.npy`, the samples in the order of their removal.
  func writeArtifacts(
    _ context: any JobContext, parameters: Int, _ removal: RemovalSequence
  ) throws {
    func write(_ name: String, _ shape: [Int], _ values: [Double]) throws {
      try context.writeArtifact(name, type: .float64, shape: shape) { sink in
        try values.withUnsafeBytes { try sink($0) }
      }
    }
    let axes = [points.count, steps + 1]
    try write("trajectories.npy", axes + [parameters], points.flatMap { $0.flatMap { $0 } })
    try write("gradient_norms.npy", axes, gradientNorms.flatMap { $0 })
    try write("risks.npy", axes, risks.flatMap { $0 })
    try context.writeArtifact("removed.npy", type: .int64, shape: [removal.order.count]) { sink in
      try removal.order.map(Int64.init).withUnsafeBytes { try sink($0) }
    }
  }
}
