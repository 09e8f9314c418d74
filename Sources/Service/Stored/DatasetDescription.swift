import Datasets
import Jobs
import Storage

/// What is stored of a data set as JSON: all that a user is shown and a request is checked against, so that
/// neither loads the samples.
struct DatasetDescription {
  let json: JSONObject

  init(_ set: Dataset) {
    var json: JSONObject = ["shape": JSONValue(set.shape.dimensions)]
    switch set.kind {
    case .classification(let classes, let names):
      json["targets"] = "classes"
      json["classes"] = JSONValue(classes)
      json["class_names"] = names.map(JSONValue.init) ?? .null
    case .regression(let outputs):
      json["targets"] = "values"
      json["outputs"] = JSONValue(outputs)
    }
    let statistics = set.statistics
    json["splits"] = ["train": Self.json(statistics.train), "test": Self.json(statistics.test)]
    json["normalization"] = [
      "scale": .number(set.normalization.scale), "mean": Self.numbers(set.normalization.mean),
      "standard_deviation": Self.numbers(set.normalization.standardDeviation),
    ]
    json["groups"] = .object(
      JSONObject(
        set.train.groups.sorted { $0.key.rawValue < $1.key.rawValue }.map {
          ($0.key.rawValue, JSONValue($0.value.count))
        }))
    json["sha256"] = .string(set.sha256)
    json["bytes"] = JSONValue(set.byteCount)
    json["origin"] = .string(set.source)
    self.json = json
  }

  /// The most features that are described one by one.
  private static let mostFeatures = 10_000

  private static func numbers(_ values: [Double]) -> JSONValue {
    values.count <= mostFeatures ? JSONValue(values) : .null
  }

  private static func json(_ split: Statistics.OfSplit) -> JSONValue {
    var json: JSONObject = ["count": JSONValue(split.count)]
    if !split.classCounts.isEmpty { json["class_counts"] = JSONValue(split.classCounts) }
    json["mean"] = numbers(split.inputs.mean)
    json["standard_deviation"] = numbers(split.inputs.standardDeviation)
    if let targets = split.targets {
      json["target_mean"] = JSONValue(targets.mean)
      json["target_standard_deviation"] = JSONValue(targets.standardDeviation)
    }
    return .object(json)
  }

  /// What is said of a set that is not complete yet: the arrays it has.
  init(parts: [DatasetPart], missing: String) {
    json = [
      "missing": .string(missing),
      "arrays": .array(
        parts.map {
          [
            "split": .string($0.split), "part": .string($0.part),
            "array": (try? JSONParser.parse($0.detail)) ?? .null, "bytes": JSONValue($0.blob.byteCount),
            "sha256": .string($0.blob.sha256.hexadecimal),
          ]
        }),
    ]
  }

  /// Throws `JobFailure.corrupt`.
  init(_ record: DatasetRecord) throws {
    guard case .object(let object)? = try? JSONParser.parse(record.description) else {
      throw JobFailure(.corrupt, "what is stored of the data set \"\(record.name)\" cannot be read.")
    }
    json = object
  }

  /// As requests are checked against it.
  func catalogDataset(_ record: DatasetRecord) -> CatalogDataset {
    func integers(_ value: JSONValue?) -> [Int] { value?.arrayValue?.compactMap(\.integerValue) ?? [] }
    let whole = JSONValue.object(json)
    let train = whole["splits"]?["train"]
    let targets: CatalogDataset.Targets =
      if let classes = json["classes"]?.integerValue {
        .classes(classes)
      } else {
        .values(json["outputs"]?.integerValue ?? 0)
      }
    let incomplete: String? =
      switch record.state {
      case .ready: nil
      case .incomplete: "cannot be used yet: " + (json["missing"]?.stringValue ?? "it is incomplete")
      case .failed: "could not be made"
      }
    return CatalogDataset(
      name: record.name, inputShape: integers(json["shape"]), targets: targets,
      trainCount: train?["count"]?.integerValue ?? 0,
      testCount: whole["splits"]?["test"]?["count"]?.integerValue ?? 0,
      trainClassCounts: integers(train?["class_counts"]),
      poisonedCount: whole["groups"]?["poisoned"]?.integerValue ?? 0,
      relabelledCount: whole["groups"]?["relabeled"]?.integerValue ?? 0,
      heterogeneousCount: whole["groups"]?["heterogeneous"]?.integerValue ?? 0,
      byteCount: json["bytes"]?.integerValue, incomplete: incomplete)
  }
}
