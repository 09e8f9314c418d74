import Datasets
import JSON
import Tensor

/// The body of `POST /v1/datasets`.
public struct CreateDatasetRequest: Sendable, Equatable {
  /// The values of a source's `format`.
  public static var formats: [String] { DatasetSource.Format.allCases.map(\.rawValue) }

  public var name: String
  public var source: DatasetSource

  /// Reads a body; throws `RequestRejection` with every fault.
  public init(_ body: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let reader = FieldReader(body, faults: faults)
    name = reader.requiredResourceName("name")
    let value = reader.requiredValue("source")
    let read = value.flatMap {
      DatasetSource.read($0, at: .root.appending("source"), faults, isStored: false)
    }
    reader.finish()
    try faults.throwIfAny()
    guard let read else { throw RequestRejection(faults: []) }
    source = read
  }

  /// The body with every default filled in.
  public var json: JSONValue { ["name": .string(name), "source": source.json] }
}

extension DatasetSource {
  enum Format: String, CaseIterable {
    case builtin, idx, cifar10, csv, npy, upload, synthetic, derived

    /// What a request means that says nothing of it; a derived set has that of its base.
    var normalization: NormalizationChoice? {
      switch self {
      case .builtin, .idx, .cifar10: .standardize
      case .csv, .npy, .upload, .synthetic: NormalizationChoice.none
      case .derived: nil
      }
    }
  }

  enum Synthetic: String, CaseIterable {
    case linearRegression = "linear-regression"
    case blobs
  }

  /// Reads a source that `json` wrote, in this version or an earlier one; throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) {
    let faults = RequestFaults()
    let source = Self.read(json, at: .root, faults, isStored: true)
    try faults.throwIfAny()
    guard let source else { throw RequestRejection(faults: []) }
    self = source
  }

  /// - Parameter isStored: whether an earlier version may have written it, which knew no `normalization`, did not scale
  ///   the bytes of arrays, and took whole numbers of a CSV file for classes. A source without `normalization` keeps that
  ///   meaning.
  static func read(
    _ value: JSONValue, at pointer: JSONPointer, _ faults: RequestFaults, isStored: Bool
  ) -> DatasetSource? {
    let reader = FieldReader(value, at: pointer, faults: faults)
    // Without a format nobody knows which other members belong here.
    guard reader.requiredValue("format") != nil, let format = reader.choice("format", Format.self) else {
      return nil
    }
    defer { reader.finish() }
    let isOld = isStored && !reader.has("normalization")
    let choice = readNormalization(reader, format, isOld: isOld)
    guard let source = readPlain(reader, format, choice, isOld: isOld) else { return nil }
    if case .upload = source { return source }
    return choice.map { .normalized(source, by: $0) } ?? source
  }

  /// `normalization`, or `standardize`, its older spelling for `csv` and `npy`; nil for what the source itself has.
  private static func readNormalization(
    _ reader: FieldReader, _ format: Format, isOld: Bool
  ) -> NormalizationChoice? {
    let given = reader.value("normalization").flatMap {
      NormalizationChoice.read($0, at: reader.pointer.appending("normalization"), reader.faults)
    }
    var older: NormalizationChoice?
    if format == .csv || format == .npy || format == .upload {
      if reader.has("standardize") {
        older = reader.flag("standardize", default: false) ? .standardize : NormalizationChoice.none
      }
      if let given, let older, given != older {
        reader.fault("must have only one of \"normalization\" and \"standardize\"")
      }
    }
    return given ?? older ?? (isOld ? nil : format.normalization)
  }

  private static func readPlain(
    _ reader: FieldReader, _ format: Format, _ choice: NormalizationChoice?, isOld: Bool
  ) -> DatasetSource? {
    switch format {
    case .builtin:
      guard reader.requiredValue("name") != nil, let set = reader.choice("name", BuiltInSet.self) else {
        reader.accept("test")
        return nil
      }
      return .builtIn(set, test: reader.choice("test", default: BuiltInTest.everyFifth).split)
    case .idx: return .idx(readIDX(reader))
    case .cifar10: return .cifar10(path: reader.requiredText("path"))
    case .csv:
      var source = readCSV(reader)
      source.wholeNumbersAreClasses = isOld
      return .csv(source)
    case .npy:
      var source = readNPY(reader)
      source.reading.scalesBytes = !isOld
      return .npy(source)
    case .upload:
      var source = UploadSource(reading: readReading(reader), normalization: choice ?? .none)
      source.reading.scalesBytes = !isOld
      return .upload(source)
    case .synthetic: return readSynthetic(reader)
    case .derived: return readDerived(reader)
    }
  }

  /// The faults that the sets themselves find, at the members they name (`poison.fraction`).
  static func add(_ found: [ParameterFault], _ faults: RequestFaults, at pointer: JSONPointer) {
    for fault in found {
      let place = fault.parameter.split(separator: ".").reduce(pointer) { $0.appending(String($1)) }
      faults.add(fault.detail, at: place)
    }
  }

  private enum BuiltInTest: String, CaseIterable {
    case everyFifth = "every_fifth"
    case none

    var split: BuiltInSet.TestSplit { self == .everyFifth ? .everyFifth : .none }
  }

  // MARK: Files

  private static func readIDX(_ reader: FieldReader) -> IDXSource {
    let source = IDXSource(
      path: reader.requiredText("path"), trainInputs: reader.text("train_inputs"),
      trainLabels: reader.text("train_labels"), testInputs: reader.text("test_inputs"),
      testLabels: reader.text("test_labels"), classes: reader.integer("classes", in: 2...256),
      classNames: readClassNames(reader))
    add(source.faults.filter { $0.parameter == "class_names" }, reader.faults, at: reader.pointer)
    return source
  }

  private static func readNPY(_ reader: FieldReader) -> NPYSource {
    NPYSource(
      path: reader.requiredText("path"), trainInputs: reader.text("train_inputs") ?? "train_inputs.npy",
      trainLabels: reader.text("train_labels") ?? "train_labels.npy", testInputs: reader.text("test_inputs"),
      testLabels: reader.text("test_labels"), reading: readReading(reader))
  }

  /// What may be said of arrays, in files or uploaded.
  private static func readReading(_ reader: FieldReader) -> ArrayReading {
    let reading = ArrayReading(
      classes: reader.integer("classes", in: 2...100_000), classNames: readClassNames(reader),
      kind: reader.choice("kind", default: .automatic))
    add(reading.faults, reader.faults, at: reader.pointer)
    return reading
  }

  private static func readClassNames(_ reader: FieldReader) -> [String]? {
    reader.list("class_names", maximumCount: 100_000) { value, pointer in
      guard let name = value.stringValue, name.utf8.count <= 1024 else {
        reader.faults.add(
          "must be a text of at most 1024 bytes, got \(FieldReader.brief(value))", at: pointer)
        return nil
      }
      return name
    }
  }

  private static func readCSV(_ reader: FieldReader) -> CSVSource {
    let path = reader.requiredText("path")
    var source = CSVSource(path: path)
    source.hasHeader = reader.flag("header", default: true)
    if let delimiter = reader.text("delimiter", maximumLength: 4) {
      if delimiter.count == 1, let character = delimiter.first {
        source.delimiter = character
      } else {
        reader.fault("delimiter", "must be one character, got \(FieldReader.brief(.string(delimiter)))")
      }
    }
    source.targets = readColumns(reader, "target") ?? source.targets
    source.ignored = readColumns(reader, "ignore") ?? []
    source.kind = reader.choice("kind", default: .automatic)
    source.test = readTest(reader)
    source.classes = reader.integer("classes", in: 2...100_000)
    source.pictureShape = readShape(reader)
    // A missing path has its fault already.
    add(source.faults.filter { $0.parameter != "path" }, reader.faults, at: reader.pointer)
    return source
  }

  /// A name, a number, or a list of them.
  private static func readColumns(_ reader: FieldReader, _ name: String) -> [CSVSource.Column]? {
    guard let value = reader.value(name) else { return nil }
    func column(_ value: JSONValue, _ pointer: JSONPointer) -> CSVSource.Column? {
      if let text = value.stringValue { return .name(text) }
      guard value.doubleValue != nil else {
        reader.faults.add("must be a column's name or number, got \(FieldReader.brief(value))", at: pointer)
        return nil
      }
      return FieldReader.integer(value, in: -100_000...100_000, at: pointer, reader.faults).map { .index($0) }
    }
    guard value.arrayValue != nil else {
      return column(value, reader.pointer.appending(name)).map { [$0] }
    }
    return reader.list(name, maximumCount: 10_000, column)
  }

  private static func readTest(_ reader: FieldReader) -> CSVSource.TestSplit {
    if reader.has("test_path"), reader.has("test_fraction") {
      reader.fault("must have only one of \"test_path\" and \"test_fraction\"")
    }
    if let path = reader.text("test_path") {
      reader.accept("test_fraction", "seed")
      return .file(path)
    }
    let fraction = reader.number("test_fraction", .properShare, default: 0.2)
    let seed = UInt64(reader.integer("seed", in: 0...Int.max, default: 0))
    return fraction == 0 ? .none : .fraction(fraction, seed: seed)
  }

  private static func readShape(_ reader: FieldReader) -> Shape? {
    guard
      let sizes = reader.list(
        "shape", maximumCount: 3,
        { FieldReader.integer($0, in: 1...(1 << 20), at: $1, reader.faults) })
    else { return nil }
    guard sizes.count == 3 else {
      reader.fault("shape", "must be three numbers: channels, height, width")
      return nil
    }
    return Shape(height: sizes[1], width: sizes[2], channels: sizes[0])
  }

  // MARK: Generated and derived

  private static func readSynthetic(_ reader: FieldReader) -> DatasetSource? {
    guard reader.requiredValue("name") != nil, let name = reader.choice("name", Synthetic.self) else {
      // What belongs to the set is not known; its members are not called unknown.
      reader.accept(
        "samples", "test_samples", "classes", "dimensions", "shape", "spread", "heterogeneous", "noise",
        "correlation",
        "seed")
      return nil
    }
    let count = -1_000_000_000...1_000_000_000
    let samples = reader.integer("samples", in: count, default: 1000)
    let testSamples = reader.integer("test_samples", in: count)
    let seed = UInt64(reader.integer("seed", in: 0...Int.max, default: 0))
    switch name {
    case .blobs:
      let classes = reader.integer("classes", in: count, default: 3)
      let spread = reader.number("spread", .any, default: 0.3)
      let isPicture = reader.onlyOne(of: ["dimensions", "shape"], required: false) == "shape"
      let dimensions = reader.integer("dimensions", in: count, default: 2)
      let blobs: SyntheticBlobs
      if let shape = readShape(reader), isPicture {
        blobs = SyntheticBlobs(
          samples: samples, testSamples: testSamples, classes: classes, pictures: shape, spread: spread,
          seed: seed)
      } else {
        blobs = SyntheticBlobs(
          samples: samples, testSamples: testSamples, classes: classes, dimensions: dimensions,
          spread: spread, seed: seed)
      }
      add(blobs.faults, reader.faults, at: reader.pointer)
      return .blobs(blobs)
    case .linearRegression:
      let points = SyntheticLinearRegression(
        samples: samples, heterogeneous: reader.integer("heterogeneous", in: count), testSamples: testSamples,
        dimensions: reader.integer("dimensions", in: count, default: 5),
        noise: reader.number("noise", .any, default: 0.1),
        correlation: reader.number("correlation", .any, default: 0.5), seed: seed)
      add(points.faults, reader.faults, at: reader.pointer)
      return .linearRegression(points)
    }
  }

  /// The changes are made in a fixed order, whatever the order of the members: classes, take, relabel, poison; last the normalization.
  private static func readDerived(_ reader: FieldReader) -> DatasetSource {
    let base = reader.requiredResourceName("of")
    var changes: [Derivation] = []
    let classes = reader.list("classes", maximumCount: 100_000) {
      FieldReader.integer($0, in: 0...Int(Int32.max), at: $1, reader.faults)
    }
    if let classes { changes.append(.classes(classes)) }
    if let take = reader.nested("take") {
      changes.append(
        .take(
          Take(
            train: take.integer("train", in: 1...Int.max), test: take.integer("test", in: 0...Int.max),
            seed: seed(take))))
      if !take.has("train"), !take.has("test") { take.fault("must have one of \"train\" or \"test\"") }
      take.finish()
    }
    if let relabel = reader.nested("relabel") {
      _ = relabel.requiredValue("fraction")
      changes.append(
        .relabel(
          Relabel(fraction: relabel.number("fraction", .positiveShare, default: 0.1), seed: seed(relabel))))
      relabel.finish()
    }
    if let poison = reader.nested("poison") {
      changes.append(.poison(readPoison(poison)))
      poison.finish()
    }
    let known = ["classes", "take", "relabel", "poison", "normalization"]
    if changes.isEmpty, !known.contains(where: reader.has) {
      reader.fault("must have at least one of \(FieldReader.words(known, joinedBy: "or"))")
    }
    return .derived(of: base, changes)
  }

  private enum TriggerName: String, CaseIterable { case checkerboard, patch }

  private static func readPoison(_ reader: FieldReader) -> Poison {
    let trigger: Trigger
    switch reader.choice("trigger", default: TriggerName.checkerboard) {
    case .checkerboard:
      trigger = .checkerboard(amount: reader.number("amount", .positiveShare, default: 16.0 / 255))
      if reader.has("size") { reader.fault("size", "belongs to the trigger \"patch\" alone") }
    case .patch:
      trigger = .patch(size: reader.integer("size", in: 1...100_000, default: 3))
      if reader.has("amount") { reader.fault("amount", "belongs to the trigger \"checkerboard\" alone") }
    }
    return Poison(
      trigger: trigger,
      fraction: reader.number(
        "fraction", NumberRange(from: .excluding(0), to: .excluding(1)), default: 1.0 / 11),
      label: reader.requiredInteger("label", in: 0...Int(Int32.max)),
      placement: reader.choice("placement", default: .replace), seed: seed(reader))
  }

  private static func seed(_ reader: FieldReader) -> UInt64 {
    UInt64(reader.integer("seed", in: 0...Int.max, default: 0))
  }
}
