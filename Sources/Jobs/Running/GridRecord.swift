import JSON

/// The finished runs of a grid.
struct GridRecord {
  /// Finished units of work, in their order.
  var units = 0
  /// A list for each cell, with an object for each run.
  var runs: [[JSONObject]]
  /// Curvature products that were computed.
  var products = 0
  var warnings: [String] = []

  /// The state that an earlier attempt saved, or an empty one.
  /// - Throws: `JobFailure.corrupt`.
  init(_ bytes: [UInt8]?, cells: Int, units most: Int) throws {
    runs = Array(repeating: [], count: cells)
    guard let bytes else { return }
    guard let json = try? JSONParser.parse(bytes), let units = json["units"]?.integerValue,
      (0...most).contains(units), let saved = json["runs"]?.arrayValue, saved.count == cells,
      let products = json["products"]?.integerValue
    else { throw JobFailure(.corrupt, "The saved state of the comparison is not what was saved.") }
    self.units = units
    self.products = products
    runs = saved.map { $0.arrayValue?.compactMap(\.objectValue) ?? [] }
    warnings = json["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  var bytes: [UInt8] {
    JSONWriter.bytes([
      "units": JSONValue(units), "products": JSONValue(products),
      "runs": .array(runs.map { .array($0.map(JSONValue.object)) }), "warnings": JSONValue(warnings),
    ])
  }

  /// Records a failed run.
  mutating func fail(_ cell: Int, _ seed: Int, _ message: String) {
    runs[cell].append(["seed": JSONValue(seed), "failure": .string(message)])
    warn(message)
  }

  /// Records a warning once.
  mutating func warn(_ message: String) {
    if !warnings.contains(message) { warnings.append(message) }
  }
}
