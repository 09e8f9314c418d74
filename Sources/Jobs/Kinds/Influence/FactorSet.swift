import Influence
import JSON
import Network
import Tensor

/// Influence factors with the reports of their solves. A factor set comes from solves, from a resume state,
/// or from a stored artifact.
struct FactorSet<Element: Scalar>: Sendable {
  /// In the engine's order.
  let vectors: VectorBlock<Element>
  /// The `solver` of each row of a result's `tests`.
  let solvers: [JSONValue]
  let warnings: [String]
  let converged: Bool

  /// The true relative residual of every solve; NaN if it is not on record.
  var residuals: [Double] { solvers.map { $0["relative_residual"]?.doubleValue ?? .nan } }

  /// The most right-hand sides for which rows of `solver` keep their history of residuals.
  static var mostHistories: Int { 16 }

  init(_ factors: InfluenceFactors<Element>) {
    vectors = factors.vectors
    let reports = factors.reports
    converged = reports.allSatisfy(\.converged)
    solvers = reports.map { report in
      guard reports.count > Self.mostHistories, var row = report.json.objectValue else { return report.json }
      row["residual_history"] = nil
      return .object(row)
    }
    warnings = SolveReport.warnings(of: reports)
  }

  // MARK: Resume state

  /// Reads what `bytes` wrote; nil if there are no bytes, or if they do not fit.
  init?(_ bytes: [UInt8]?, count: Int, length: Int) {
    guard let bytes, bytes.count >= 8 else { return nil }
    let headLength = bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    }
    let size = count * length * MemoryLayout<Element>.size
    guard headLength <= UInt64(bytes.count - 8), bytes.count - 8 - Int(headLength) == size,
      let head = try? JSONParser.parse(Array(bytes[8..<8 + Int(headLength)])),
      let solvers = head["solvers"]?.arrayValue, solvers.count == count,
      let warnings = head["warnings"]?.arrayValue?.compactMap(\.stringValue),
      let converged = head["converged"]?.boolValue
    else { return nil }
    self.solvers = solvers
    self.warnings = warnings
    self.converged = converged
    vectors = Self.vectors(bytes, at: 8 + Int(headLength), count: count, length: length)
  }

  var bytes: [UInt8] {
    let head = JSONWriter.bytes([
      "solvers": .array(solvers), "warnings": JSONValue(warnings), "converged": .bool(converged),
    ])
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + head.count + vectors.count * vectors.length * MemoryLayout<Element>.size)
    withUnsafeBytes(of: UInt64(head.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += head
    for index in 0..<vectors.count { vectors[index].withUnsafeBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  private static func vectors(
    _ bytes: [UInt8], at start: Int, count: Int, length: Int
  ) -> VectorBlock<Element> {
    var vectors = VectorBlock<Element>(count: count, length: length)
    let size = MemoryLayout<Element>.size
    bytes.withUnsafeBytes { raw in
      for index in 0..<count {
        let offset = start + index * length * size
        vectors.set(
          index,
          to: (0..<length).map { raw.loadUnaligned(fromByteOffset: offset + $0 * size, as: Element.self) })
      }
    }
    return vectors
  }

  // MARK: Artifact

  /// The factors that a job stored, with the solves in its result.
  /// - Throws: `JobFailure` if they are gone or do not fit the model.
  init(storedBy id: String, layout: ParameterLayout, _ catalog: any Catalog) throws {
    guard let job = try catalog.job(id: id), let artifact = try catalog.artifact("factors.npy", ofJob: id)
    else {
      throw JobFailure(
        .missing, "The job \(id) or its factors are not there any more.",
        advice: "Run it again, or leave factors out.")
    }
    let rows = job.result["tests"]?.arrayValue ?? []
    guard artifact.type == Element.artifact, artifact.shape == [rows.count, layout.parameterCount],
      artifact.bytes.count == rows.count * layout.parameterCount * MemoryLayout<Element>.size
    else {
      throw JobFailure(.corrupt, "The factors of the job \(id) do not fit this model.")
    }
    solvers = rows.map { $0["solver"] ?? .null }
    converged = solvers.allSatisfy { $0["converged"] == true }
    warnings = job.result["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
    let stored = Self.vectors(artifact.bytes, at: 0, count: rows.count, length: layout.parameterCount)
    var vectors = VectorBlock<Element>(count: rows.count, length: layout.parameterCount)
    for index in 0..<rows.count { vectors.set(index, to: layout.imported(stored[index])) }
    self.vectors = vectors
  }

  /// Writes `factors.npy`: a row for each test point, the parameters in PyTorch's order.
  func write(_ layout: ParameterLayout, to context: any JobContext) throws {
    try context.writeArtifact(
      "factors.npy", type: Element.artifact, shape: [vectors.count, layout.parameterCount]
    ) { sink in
      for index in 0..<vectors.count { try layout.exported(vectors[index]).withUnsafeBytes { try sink($0) } }
    }
  }
}

extension ParameterLayout {
  /// The inverse of `exported`.
  func imported<Element: Scalar>(_ vector: [Element]) -> [Element] {
    var result = [Element].zeros(parameterCount)
    var start = 0
    for tensor in tensors where tensor.home == .parameters {
      tensor.place(Array(vector[start..<start + tensor.count]), into: &result)
      start += tensor.count
    }
    return result
  }
}

extension SolveReport {
  /// The warnings of several solves: each reason once, with the number of solves.
  static func warnings(of reports: [SolveReport]) -> [String] {
    guard reports.count > 1 else { return reports.flatMap(\.warnings) }
    var result: [String] = []
    for reason in StopReason.allCases {
      let own = reports.filter { !$0.converged && ($0.reason ?? .stagnation) == reason }
      guard let worst = own.max(by: { $0.relativeResidual < $1.relativeResidual }) else { continue }
      result += worst.warnings.map { "\(own.count) of \(reports.count) solves: \($0)" }
    }
    return result
  }
}
