import Datasets
import JSON
import Jobs
import Storage

/// The stored JSON description of a data set. It has everything that users see and requests are checked
/// against, so neither loads the samples.
struct DatasetDescription {
  let json: JSONObject

  init(_ set: Dataset) {
    var json = set.contract.json
    let statistics = set.statistics
    json["splits"] = ["train": Self.json(statistics.train), "test": Self.json(statistics.test)]
    json["groups"] = .object(
      JSONObject(
        set.train.groups.sorted { $0.key.rawValue < $1.key.rawValue }.map {
          ($0.key.rawValue, JSONValue($0.value.count))
        }))
    json["sha256"] = .string(set.sha256)
    json["bytes"] = JSONValue(set.byteCount)
    json["origin"] = .string(set.source)
    json["warnings"] = JSONValue(set.warnings)
    if let range = set.targetRange { json["target_range"] = JSONValue([range.lowerBound, range.upperBound]) }
    json["whole_numbers"] = set.wholeNumbers.map { ranges in
      .array(ranges.map { $0.map { JSONValue([$0.lowerBound, $0.upperBound]) } ?? .null })
    }
    json["overflow"] = set.float32Overflow.map {
      [
        "split": .string($0.split), "sample": JSONValue($0.sample), "value": .number($0.value),
        "target": .bool($0.isTarget),
      ]
    }
    self.json = json
  }

  private static func numbers(_ values: [Double]) -> JSONValue {
    values.count <= DataContract.mostDescribed ? JSONValue(values) : .null
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

  /// The description of an incomplete set: the arrays it has.
  ///
  /// Throws `JobFailure.corrupt`.
  init(of name: String, parts: [DatasetPart], missing: String) throws {
    let thing = DatasetRecord.thing(name)
    json = [
      "missing": .string(missing),
      "arrays": .array(
        try parts.map {
          [
            "split": .string($0.split), "part": .string($0.part),
            "array": try StoredText.json($0.detail, of: thing), "bytes": JSONValue($0.blob.byteCount),
            "sha256": .string($0.blob.sha256.hexadecimal),
          ]
        }), "warnings": [],
    ]
  }

  /// Throws `JobFailure.corrupt`.
  init(_ record: DatasetRecord) throws {
    guard case .object(let object) = try StoredText.json(record.description, of: record.thing) else {
      throw JobFailure(.corrupt, "what is stored of \(record.thing) is no JSON object.")
    }
    json = object
  }

  /// The contract of models that are made for the set; nil while the set is incomplete.
  var contract: DataContract? { DataContract(json: .object(json)) }

  /// Sentences about suspicious data, found when the set was made. Sets of earlier versions have none.
  var warnings: [String] { json["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? [] }

  /// The facts that requests are checked against.
  func catalogDataset(_ record: DatasetRecord) -> CatalogDataset {
    func integers(_ value: JSONValue?) -> [Int] { value?.arrayValue?.compactMap(\.integerValue) ?? [] }
    let whole = JSONValue.object(json)
    let train = whole["splits"]?["train"]
    let targets: CatalogDataset.Targets =
      if let classes = json["classes"]?.integerValue, let count = json["positions"]?.integerValue {
        .positions(classes: classes, count: count)
      } else if let classes = json["classes"]?.integerValue {
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
    var set = CatalogDataset(
      name: record.name, inputShape: integers(json["shape"]), targets: targets,
      trainCount: train?["count"]?.integerValue ?? 0,
      testCount: whole["splits"]?["test"]?["count"]?.integerValue ?? 0,
      trainClassCounts: json["positions"] == nil ? integers(train?["class_counts"]) : [],
      groupCounts: [SampleGroup: Int](
        uniqueKeysWithValues: SampleGroup.allCases.map {
          ($0, whole["groups"]?[$0.rawValue]?.integerValue ?? 0)
        }),
      byteCount: json["bytes"]?.integerValue, incomplete: incomplete)
    set.contract = contract
    set.warnings = warnings
    if let range = json["target_range"]?.arrayValue?.compactMap(\.doubleValue), range.count == 2,
      range[0] <= range[1]
    {
      set.targetRange = range[0]...range[1]
    }
    set.wholeNumbers = json["whole_numbers"]?.arrayValue?.map { pair in
      let bounds = pair.arrayValue?.compactMap(\.integerValue) ?? []
      return bounds.count == 2 && bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : nil
    }
    if let overflow = json["overflow"], let split = overflow["split"]?.stringValue,
      let sample = overflow["sample"]?.integerValue, let value = overflow["value"]?.doubleValue
    {
      set.overflow = InputOverflow(
        split: split, sample: sample, value: value, isTarget: overflow["target"]?.boolValue ?? false)
    }
    return set
  }
}
