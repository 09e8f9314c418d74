import Datasets
import JSON

extension DataContract {
  /// The most channels (for vectors: features) whose mean and standard deviation are stored.
  public static let mostDescribed = 10_000

  /// The contract as a model's `contract` shows it. A data set's description has the same members.
  public var json: JSONObject {
    var json: JSONObject = [
      "shape": JSONValue(shape), "type": JSONValue(type?.rawValue),
      "range": range.map { JSONValue([$0.lowerBound, $0.upperBound]) } ?? .null,
      "normalization": normalization.map(\.json) ?? .null,
    ]
    switch kind {
    case .classification(let classes, let names):
      json["targets"] = "classes"
      json["classes"] = JSONValue(classes)
      json["class_names"] = names.map(JSONValue.init) ?? .null
    case .labelling(let classes, let names, let count):
      json["targets"] = "positions"
      json["classes"] = JSONValue(classes)
      json["class_names"] = names.map(JSONValue.init) ?? .null
      json["positions"] = JSONValue(count)
    case .regression(let outputs):
      json["targets"] = "values"
      json["outputs"] = JSONValue(outputs)
    }
    return json
  }

  /// Reads what `json` wrote, or the description of a data set. Descriptions of an earlier version have
  /// neither type nor range. Nil if the object describes no samples.
  public init?(json: JSONValue) {
    guard let sizes = json["shape"]?.arrayValue, !sizes.isEmpty, let targets = json["targets"]?.stringValue
    else { return nil }
    let shape = sizes.compactMap(\.integerValue)
    guard shape.count == sizes.count else { return nil }
    let kind: Dataset.Kind
    let names = json["class_names"]?.arrayValue?.compactMap(\.stringValue)
    if targets == "positions", let classes = json["classes"]?.integerValue,
      let count = json["positions"]?.integerValue, count > 0
    {
      kind = .labelling(classes: classes, names: names?.count == classes ? names : nil, count: count)
    } else if targets == "classes", let classes = json["classes"]?.integerValue {
      kind = .classification(classes: classes, names: names?.count == classes ? names : nil)
    } else if targets == "values", let outputs = json["outputs"]?.integerValue {
      kind = .regression(outputs: outputs)
    } else {
      return nil
    }
    var type = (json["type"]?.stringValue).flatMap(ValueType.init(rawValue:))
    var range: ClosedRange<Double>?
    if let bounds = json["range"]?.arrayValue?.compactMap(\.doubleValue), bounds.count == 2,
      bounds[0] <= bounds[1]
    {
      range = bounds[0]...bounds[1]
    }
    let normalization = json["normalization"].flatMap { Normalization(json: $0, channels: shape[0]) }
    // Earlier versions scaled only bytes, and bytes always to 0…1.
    if type == nil, let scale = json["normalization"]?["scale"]?.doubleValue, scale < 1 {
      (type, range) = (.uint8, 0...1)
    }
    self.init(shape: shape, type: type, range: range, normalization: normalization, kind: kind)
  }
}

extension Normalization {
  /// x = (raw · scale − mean) / standard_deviation, with one number for each channel. Null if there are more
  /// than `DataContract.mostDescribed`.
  var json: JSONValue {
    func numbers(_ values: [Double]) -> JSONValue {
      values.count <= DataContract.mostDescribed ? JSONValue(values) : .null
    }
    return [
      "scale": .number(scale), "mean": numbers(mean), "standard_deviation": numbers(standardDeviation),
    ]
  }

  /// Reads what `json` wrote; nil if the numbers are absent.
  init?(json: JSONValue, channels: Int) {
    guard let scale = json["scale"]?.doubleValue, scale > 0, let mean = json["mean"]?.arrayValue,
      let deviation = json["standard_deviation"]?.arrayValue
    else { return nil }
    let means = mean.compactMap(\.doubleValue)
    let deviations = deviation.compactMap(\.doubleValue)
    guard means.count == channels, deviations.count == channels, deviations.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    self.init(scale: scale, mean: means, standardDeviation: deviations)
  }
}
