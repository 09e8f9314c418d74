import Formats
import Tensor

/// The `.npy` files of one split: inputs (n, features), (n, height, width) or (n, channels, height, width);
/// labels (n) of integers, or targets (n) or (n, outputs) of floating-point numbers.
public struct SplitArrays: Sendable {
  public enum Role: String, Sendable, CaseIterable {
    case inputs, labels
  }

  public let inputs: [UInt8]
  public let labels: [UInt8]

  public init(inputs: [UInt8], labels: [UInt8]) {
    self.inputs = inputs
    self.labels = labels
  }

  /// The first thing wrong with an array of that header, before its values are looked at; nil if it can be used.
  public static func fault(of header: NPYHeader, as role: Role) -> ArrayFault? {
    let shape = header.shape
    switch role {
    case .inputs:
      guard [1, 2, 3, 4].contains(shape.count) else {
        return .rank(
          shape: shape, expected: "(n, features), (n, height, width) or (n, channels, height, width)")
      }
    case .labels:
      switch header.dtype {
      case .uint8, .int32, .int64:
        guard shape.count == 1 else { return .rank(shape: shape, expected: "(n,) for integer labels") }
      case .float32, .float64:
        guard shape.count == 1 || shape.count == 2 else {
          return .rank(shape: shape, expected: "(n,) or (n, outputs) for regression targets")
        }
      }
    }
    guard shape.allSatisfy({ $0 > 0 }) else { return .empty(shape: shape) }
    guard
      role == .labels ? shape.dropFirst().allSatisfy({ $0 <= mostClasses }) : isReasonable(sampleShape(shape))
    else { return .tooLarge(shape: shape) }
    return nil
  }

  /// The shape of one sample of inputs of that shape, 1 to 4 dimensions.
  static func sampleShape(_ shape: [Int]) -> Shape {
    switch shape.count {
    case 1: Shape(features: 1)
    case 2: Shape(features: shape[1])
    case 3: Shape(height: shape[1], width: shape[2], channels: 1)
    default: Shape(height: shape[2], width: shape[3], channels: shape[1])
    }
  }
}

extension Dataset {
  /// Makes a set of arrays a client sent. Values stay as they are: `u1` is kept as bytes, `i4` and `i8`
  /// become float64 (exact up to 2⁵³).
  ///
  /// - Parameter test: nil for a set without a test split.
  /// - Parameter classes: the number of classes; nil for the largest label plus one.
  /// - Throws: `DatasetError.array`, named "train inputs", "train labels", "test inputs" or "test labels", or
  ///   `.parameters`.
  public static func arrays(
    name: String, train: SplitArrays, test: SplitArrays?, classes: Int? = nil, standardized: Bool = false,
    source: String = "Uploaded; values as they are."
  ) throws(DatasetError) -> Dataset {
    if let classes, classes < 2 || classes > mostClasses {
      throw .parameters([ParameterFault("classes", "must be 2 to \(mostClasses), got \(classes)")])
    }
    let (shape, trainPart) = try part(of: train, "train", classes: classes)
    if classes != nil, trainPart.targets != nil {
      throw .array("train labels", .kind("are floating-point, so regression targets, and 'classes' is given"))
    }
    var testPart = Part(
      storage: trainPart.storage.emptied,
      targets: trainPart.targets.map { Tensor(shape: [0, $0.shape[1]], elements: []) })
    if let test {
      let (testShape, part) = try part(of: test, "test", classes: classes)
      guard testShape == shape else {
        throw .array(
          "test inputs", .sampleShape(found: testShape.dimensions, expected: shape.dimensions))
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
      testPart = part
    }
    let kind: Kind
    if let targets = trainPart.targets {
      kind = .regression(outputs: targets.shape[1])
    } else {
      let largest = max(trainPart.labels.max() ?? 0, testPart.labels.max() ?? 0)
      kind = .classification(classes: classes ?? max(2, Int(largest) + 1), names: nil)
    }
    return Dataset(
      name: name, shape: shape, kind: kind, train: trainPart, test: testPart, scale: 1,
      standardized: standardized, source: source)
  }

  private static func part(
    of arrays: SplitArrays, _ title: String, classes: Int?
  ) throws(DatasetError) -> (Shape, Part) {
    let (inputHeader, inputs) = try decoded(arrays.inputs, title + " inputs", .inputs)
    let (labelHeader, labels) = try decoded(arrays.labels, title + " labels", .labels)
    let shape = SplitArrays.sampleShape(inputHeader.shape)
    let count = inputHeader.shape[0]
    guard labelHeader.shape[0] == count else {
      throw .array(title + " labels", .counts(inputs: count, labels: labelHeader.shape[0]))
    }
    var part = Part(storage: try storage(inputs, shape: shape, title: title))
    func checked(_ values: some Collection<some FixedWidthInteger>) throws(DatasetError) -> [Int32] {
      let limit = classes ?? mostClasses
      for (index, value) in values.enumerated() where value < 0 || value >= limit {
        throw .array(
          title + " labels", .label(index: index, value: Int(clamping: value), classes: limit))
      }
      return values.map { Int32($0) }
    }
    switch labels {
    case .uint8(let values): part.labels = try checked(values)
    case .int32(let values): part.labels = try checked(values)
    case .int64(let values): part.labels = try checked(values)
    case .float32(let values): part.targets = try targets(values, labelHeader.shape, title)
    case .float64(let values): part.targets = try targets(values, labelHeader.shape, title)
    }
    return (shape, part)
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
