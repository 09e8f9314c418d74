import Tensor

/// A set in a CSV file: a sample in each row, numbers in every column but that of the target.
public struct CSVSource: DatasetRecipe {
  /// A column by its name in the header, or by its number from 0. Negative numbers count from the last
  /// column, −1.
  public enum Column: Hashable, Sendable {
    case name(String)
    case index(Int)
  }

  public enum TestSplit: Equatable, Sendable {
    case none
    /// A share of the rows, drawn at random, stratified if there are classes. The rest is for training.
    case fraction(Double, seed: UInt64)
    /// A second file with the same columns.
    case file(String)
  }

  public var path: String
  public var hasHeader: Bool
  public var delimiter: Character
  /// The target columns: one, or for regression several.
  public var targets: [Column]
  public var kind: TargetKind
  /// Whether the kind `automatic` takes all whole numbers for classes, as sets of earlier versions do.
  public var wholeNumbersAreClasses = false
  /// Columns that are neither input nor target.
  public var ignored: [Column]
  public var test: TestSplit
  /// The number of classes, if it is more than the file shows.
  public var classes: Int?
  /// The shape of the input columns as a picture, in the order (channel, row, column); nil for a vector.
  public var pictureShape: Shape?

  public init(
    path: String, hasHeader: Bool = true, delimiter: Character = ",", targets: [Column] = [.index(-1)],
    kind: TargetKind = .automatic, ignored: [Column] = [], test: TestSplit = .fraction(0.2, seed: 0),
    classes: Int? = nil, pictureShape: Shape? = nil
  ) {
    self.path = path
    self.hasHeader = hasHeader
    self.delimiter = delimiter
    self.targets = targets
    self.kind = kind
    self.ignored = ignored
    self.test = test
    self.classes = classes
    self.pictureShape = pictureShape
  }

  /// All faults of these parameters that do not depend on the file.
  public var faults: [ParameterFault] {
    var faults: [ParameterFault] = []
    if path.isEmpty { faults.append(ParameterFault("path", "must not be empty")) }
    if delimiterByte == nil {
      faults.append(
        ParameterFault("delimiter", "must be one ASCII character other than a quote, a digit or a line's end")
      )
    }
    if targets.isEmpty { faults.append(ParameterFault("target", "must name at least one column")) }
    if targets.count > 1, kind == .classes {
      faults.append(ParameterFault("target", "must be one column where the kind is classes"))
    }
    if !hasHeader {
      for case .name(let name) in targets + ignored {
        faults.append(ParameterFault("header", "must be true where a column is named ('\(name)')"))
      }
    }
    if case .fraction(let fraction, _) = test, !(fraction > 0 && fraction < 1) {
      faults.append(
        ParameterFault("test_fraction", "must be greater than 0 and less than 1, got \(fraction)"))
    }
    if let classes { faults += ParameterFault.outside("classes", classes, in: ParameterRanges.classes) }
    if let shape = pictureShape, !isReasonable(shape) {
      faults.append(ParameterFault("shape", "must be three numbers of at least 1"))
    }
    return faults
  }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.csv(self, name: name, in: directory) }

  var delimiterByte: UInt8? {
    guard let byte = delimiter.asciiValue, byte >= 32 || byte == 9, byte != 127, byte != UInt8(ascii: "\""),
      !(0x30...0x39).contains(byte), byte != UInt8(ascii: "."), byte != UInt8(ascii: "-")
    else { return nil }
    return byte
  }
}

/// Whether a sample can have as many values as the product of the dimensions.
func isReasonable(_ shape: Shape) -> Bool {
  let most = 1 << 28
  guard shape.height >= 1, shape.width >= 1, shape.channels >= 1, shape.height <= most, shape.width <= most,
    shape.channels <= most
  else { return false }
  let (area, overflow) = shape.height.multipliedReportingOverflow(by: shape.width)
  return !overflow && area <= most && area * shape.channels <= most
}
