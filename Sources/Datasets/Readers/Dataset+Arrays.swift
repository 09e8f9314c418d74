import Formats
import Tensor

/// Options for reading arrays, of an upload or of `.npy` files.
public struct ArrayReading: Equatable, Sendable {
  /// The number of classes; nil takes the largest label plus one, or the number of names.
  public var classes: Int?
  /// In the order of the labels.
  public var classNames: [String]?
  public var kind: ArrayTargetKind
  /// Whether bytes are scaled to 0…1. It is false for sets of earlier versions.
  public var scalesBytes: Bool
  /// The label of positions that count for nothing, as `torch.nn.CrossEntropyLoss` has it.
  public var ignoreIndex: Int

  /// PyTorch's.
  public static let usualIgnoreIndex = -100

  public init(
    classes: Int? = nil, classNames: [String]? = nil, kind: ArrayTargetKind = .automatic,
    scalesBytes: Bool = true,
    ignoreIndex: Int = usualIgnoreIndex
  ) {
    self.classes = classes
    self.classNames = classNames
    self.kind = kind
    self.scalesBytes = scalesBytes
    self.ignoreIndex = ignoreIndex
  }

  /// All faults that do not depend on the arrays.
  public var faults: [ParameterFault] {
    var faults: [ParameterFault] = []
    if let classes { faults += ParameterFault.outside("classes", classes, in: ParameterRanges.classes) }
    if let classNames { faults += classNameFaults(classNames, classes: classes) }
    if kind == .values, classes != nil || classNames != nil {
      faults.append(ParameterFault("kind", "must be \"classes\" where classes or their names are given"))
    }
    return faults
  }

  var count: Int? { classes ?? classNames?.count }
}

extension Dataset {
  /// Makes a set of a client's arrays. `u1` is kept as bytes and scaled to 0…1 (divided by 255). `i4` and
  /// `i8` become float64 (exact up to 2⁵³). Other values stay as they are. `normalized` changes the
  /// normalization.
  ///
  /// - Parameter test: nil for a set without a test split.
  /// - Throws: `DatasetError.array`, named "train inputs", "train labels", "test inputs" or "test labels", or
  ///   `.parameters`.
  public static func arrays(
    name: String, train: SplitArrays, test: SplitArrays?, reading: ArrayReading = ArrayReading(),
    source: String = "Uploaded"
  ) throws(DatasetError) -> Dataset {
    if !reading.faults.isEmpty { throw .parameters(reading.faults) }
    let (shape, trainPart) = try part(of: train, "train", reading)
    if reading.count != nil, trainPart.targets != nil {
      throw .array(
        "train labels",
        .kind(
          "are floating-point, so regression targets, and 'classes' is given; say \"kind\": \"classes\" if they are classes"
        ))
    }
    var testPart = Part(
      storage: trainPart.storage.emptied,
      targets: trainPart.targets.map { Tensor(shape: [0, $0.shape[1]], elements: []) },
      positions: trainPart.positions.map { PositionLabels(elements: [], width: $0.width) })
    if let test {
      let (testShape, part) = try part(of: test, "test", reading)
      guard testShape == shape else {
        throw .array(
          "test inputs", .sampleShape(found: testShape.dimensions, expected: shape.dimensions))
      }
      let (own, found) = (trainPart.positions?.width, part.positions?.width)
      guard own == found else {
        throw .array(
          "test labels",
          .sampleShape(found: found.map { [$0] } ?? [], expected: own.map { [$0] } ?? []))
      }
      switch (trainPart.targets, part.targets) {
      case (nil, nil): break
      case (let a?, let b?):
        guard a.shape[1] == b.shape[1] else {
          throw .array("test labels", .sampleShape(found: [b.shape[1]], expected: [a.shape[1]]))
        }
      case (nil, _?):
        throw .array("test labels", .kind("are floating-point, and the training labels are integers"))
      case (_?, nil):
        throw .array("test labels", .kind("are integers, and the training labels are floating-point"))
      }
      guard trainPart.storage.isBytes == part.storage.isBytes || !reading.scalesBytes else {
        throw .array(
          "test inputs",
          .kind(
            "are \(part.storage.isBytes ? "bytes" : "numbers"), and the training inputs are "
              + "\(trainPart.storage.isBytes ? "bytes, which are scaled to 0…1" : "numbers"); send both in one dtype"
          ))
      }
      testPart = part
    }
    let kind: Kind
    if let targets = trainPart.targets {
      kind = .regression(outputs: targets.shape[1])
    } else {
      let labels = [
        trainPart.labels, testPart.labels, trainPart.positions?.elements ?? [],
        testPart.positions?.elements ?? [],
      ]
      let classes = reading.count ?? max(2, Int(labels.compactMap { $0.max() }.max() ?? 0) + 1)
      kind =
        trainPart.positions.map {
          .labelling(classes: classes, names: reading.classNames, count: $0.width)
        } ?? .classification(classes: classes, names: reading.classNames)
    }
    let isScaled = trainPart.storage.isBytes && reading.scalesBytes
    let values =
      trainPart.storage.isBytes
      ? isScaled ? "bytes scaled to 0…1 (divided by 255)" : "bytes as they are, 0…255" : "values as they are"
    return Dataset(
      name: name, shape: shape, kind: kind, train: trainPart, test: testPart,
      scale: isScaled ? 1.0 / 255 : 1, standardized: false, source: "\(source); \(values).",
      unit: .stored, remarks: remarks(trainPart, reading))
  }

  /// Remarks on targets that look wrong, if nobody said what they are.
  private static func remarks(_ train: Part, _ reading: ArrayReading) -> [String] {
    guard reading.kind == .automatic, reading.count == nil else { return [] }
    if let targets = train.targets {
      let values = targets.elements
      guard targets.shape[1] == 1, values.allSatisfy({ $0 >= 0 && $0 == $0.rounded() }) else { return [] }
      let different = Set(values).count
      guard different > 1,
        lookLikeClasses(different: different, largest: values.max() ?? 0, samples: values.count)
      else { return [] }
      return [
        "The labels are floating-point numbers, so values to predict, and all of them are whole (\(different) different). "
          + "If they are classes, say so with \"kind\": \"classes\" (kind=classes in a PUT), or send them as int64."
      ]
    }
    let different = Set(train.labels).count
    guard different > 10, train.labels.count < 3 * different else { return [] }
    return [
      "The labels are integers, so classes, with \(different) different ones in \(train.labels.count) samples. "
        + "If they are values to predict, say so with \"kind\": \"values\" (kind=values in a PUT), or send them as float32."
    ]
  }

  private static func part(
    of arrays: SplitArrays, _ title: String, _ reading: ArrayReading
  ) throws(DatasetError) -> (Shape, Part) {
    let (inputHeader, inputs) = try decoded(arrays.inputs, title + " inputs", .inputs)
    let (labelHeader, labels) = try decoded(arrays.labels, title + " labels", .labels)
    let shape = SplitArrays.sampleShape(inputHeader.shape)
    let count = inputHeader.shape[0]
    guard labelHeader.shape[0] == count else {
      throw .array(title + " labels", .counts(inputs: count, labels: labelHeader.shape[0]))
    }
    var part = Part(storage: try storage(inputs, shape: shape, title: title))
    let limit = reading.count ?? mostClasses
    let width = labelHeader.shape.count == 2 ? labelHeader.shape[1] : 1
    if labelHeader.shape.count == 2, reading.kind == .classes || (reading.kind == .automatic && width == 1),
      !labels.areFloats
    {
      throw .array(title + " labels", .rank(shape: labelHeader.shape, expected: "(n,) for classes"))
    }
    let arePositions =
      reading.kind == .positions || (reading.kind == .automatic && labelHeader.shape.count == 2)
    func integers(_ values: [some FixedWidthInteger]) throws(DatasetError) {
      if reading.kind == .values {
        part.targets = Tensor(shape: [count, width], elements: values.map { Double($0) })
        return
      }
      if arePositions {
        part.positions = try positions(values.map { Int(clamping: $0) }, width, limit, title, reading)
        return
      }
      for (index, value) in values.enumerated() where value < 0 || value >= limit {
        throw .array(
          title + " labels", .label(index: index, value: Int(clamping: value), classes: limit))
      }
      part.labels = values.map { Int32($0) }
    }
    func numbers<Element: Scalar>(_ values: [Element]) throws(DatasetError) {
      let targets = try targets(values, labelHeader.shape, title)
      if reading.kind == .positions {
        throw .array(title + " labels", .kind("are floating-point numbers; a class a position is an integer"))
      }
      guard reading.kind == .classes else {
        part.targets = targets
        return
      }
      guard targets.shape[1] == 1 else {
        throw .array(title + " labels", .rank(shape: labelHeader.shape, expected: "(n,) for classes"))
      }
      for (index, value) in targets.elements.enumerated() {
        guard value == value.rounded() else {
          throw .array(
            title + " labels", .kind("label \(index) is \(value); classes are whole numbers from 0"))
        }
        guard value >= 0, value < Double(limit) else {
          throw .array(title + " labels", .label(index: index, value: clamped(value), classes: limit))
        }
      }
      part.labels = targets.elements.map { Int32($0) }
    }
    switch labels {
    case .uint8(let values): try integers(values)
    case .int32(let values): try integers(values)
    case .int64(let values): try integers(values)
    case .float32(let values): try numbers(values)
    case .float64(let values): try numbers(values)
    }
    return (shape, part)
  }

  /// The classes of positions, −1 for those that count for nothing.
  private static func positions(
    _ values: [Int], _ width: Int, _ limit: Int, _ title: String, _ reading: ArrayReading
  ) throws(DatasetError) -> PositionLabels {
    var labels: [Int32] = []
    labels.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      if value == reading.ignoreIndex {
        labels.append(-1)
        continue
      }
      guard value >= 0, value < limit else {
        throw .array(title + " labels", .label(index: index, value: value, classes: limit))
      }
      labels.append(Int32(value))
    }
    let rows = stride(from: 0, to: labels.count, by: width)
    if let empty = rows.first(where: { labels[$0..<$0 + width].allSatisfy { $0 < 0 } }) {
      throw .array(
        title + " labels",
        .kind("have no position that counts in sample \(empty / width): all are \(reading.ignoreIndex)"))
    }
    return PositionLabels(elements: labels, width: width)
  }

  private static func clamped(_ value: Double) -> Int {
    value >= 1e18 ? .max : value <= -1e18 ? .min : Int(value)
  }

  private static func decoded(
    _ file: [UInt8], _ title: String, _ role: SplitArrays.Role
  ) throws(DatasetError) -> (NPYHeader, NPYElements) {
    let (header, elements): (NPYHeader, NPYElements)
    do throws(NPYError) {
      (header, elements) = try NPY.decode(file)
    } catch {
      throw .array(title, .format(error.description(for: role == .inputs ? .inputs : .labels)))
    }
    if let fault = SplitArrays.fault(of: header, as: role) { throw .array(title, fault) }
    return (header, elements)
  }

  private static func storage(
    _ elements: NPYElements, shape: Shape, title: String
  ) throws(DatasetError) -> SampleStorage {
    switch elements {
    case .uint8(let values): return .bytes(channelsLast(values, shape: shape), maximum: 255)
    case .int32(let values): return .float64(channelsLast(values.map(Double.init), shape: shape))
    case .int64(let values): return .float64(channelsLast(values.map(Double.init), shape: shape))
    case .float32(let values):
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .array(title + " inputs", .nonFinite(sample: index / shape.count))
      }
      return .float32(channelsLast(values, shape: shape))
    case .float64(let values):
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .array(title + " inputs", .nonFinite(sample: index / shape.count))
      }
      return .float64(channelsLast(values, shape: shape))
    }
  }

  private static func targets<Element: Scalar>(
    _ values: [Element], _ shape: [Int], _ title: String
  ) throws(DatasetError) -> Tensor<Double> {
    let outputs = shape.count == 2 ? shape[1] : 1
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .array(title + " labels", .nonFinite(sample: index / outputs))
    }
    return Tensor(shape: [shape[0], outputs], elements: values.map { Double($0) })
  }
}

extension NPYElements {
  fileprivate var areFloats: Bool {
    switch self {
    case .float32, .float64: true
    case .uint8, .int32, .int64: false
    }
  }
}
