import Formats
import JSON

/// Why a data set could not be read or made. Every case says what was wrong and, if it is not plain, what
/// would be right. `description` is a sentence for a client.
public enum DatasetError: Error, Equatable, Sendable {
  /// A file of the set, by its path below the data directory.
  case file(String, FileFault)
  /// A path that the data directory refuses.
  case path(String, PathFault)
  /// Parameters of a set that are not acceptable: all of them.
  case parameters([ParameterFault])
  /// An array of a client (`inputs` or `labels` of a split).
  case array(String, ArrayFault)
}

/// A fault of the bytes of a file.
public enum FileFault: Equatable, Sendable {
  case missing
  /// The file is missing, and a packed form of it is at the path `beside`.
  case packed(beside: String)
  case unreadable(String)
  case encoding(TextFault)
  /// Columns with cells that are not numbers.
  case columns([ColumnFault])
  case notRegular
  case changedWhileReading
  case tooLarge(bytes: Int, limit: Int)
  case compressed(String)
  case truncatedHeader(bytes: Int, needs: Int)
  case magic(found: UInt32, expected: UInt32)
  case emptyDimension(name: String)
  case size(bytes: Int, expected: Int, because: String)
  case sizeOverflow(dimensions: [Int])
  case notMultiple(bytes: Int, of: Int)
  case counts(inputs: Int, labels: Int)
  case shape(found: [Int], expected: [Int])
  case label(index: Int, value: Int, classes: Int)
  case empty
  case row(Int, String)
  case cell(row: Int, column: String, value: String, expected: String)
  case column(String, available: [String])
  case format(String)
}

/// A column of a table with cells that are not numbers.
public struct ColumnFault: Equatable, Sendable {
  public let column: String
  /// The first row with such a cell, counted as a spreadsheet does.
  public let row: Int
  public let value: String
  /// The number of such cells in the rows that were read.
  public let count: Int
  public let rows: Int

  public init(column: String, row: Int, value: String, count: Int, rows: Int) {
    self.column = column
    self.row = row
    self.value = value
    self.count = count
    self.rows = rows
  }

  /// Whether the cell stands for a missing value.
  var isMissing: Bool {
    ["", "na", "n/a", "nan", "null", "none", "?", "-"].contains(value.lowercased())
  }
}

/// Why a path is refused.
public enum PathFault: Equatable, Sendable {
  case empty
  case absolute
  case parentReference
  case containsNUL
  case leadsOutside
  case tooLong
}

/// A parameter that is not acceptable. `parameter` is its key in the API (`poison.fraction`).
public struct ParameterFault: Equatable, Sendable {
  public let parameter: String
  public let detail: String

  public init(_ parameter: String, _ detail: String) {
    self.parameter = parameter
    self.detail = detail
  }

  /// The fault of a value outside its range; empty for a value inside.
  static func outside(_ parameter: String, _ value: Int, in range: ClosedRange<Int>) -> [ParameterFault] {
    range.contains(value)
      ? []
      : [ParameterFault(parameter, "must be \(range.lowerBound) to \(range.upperBound), got \(value)")]
  }
}

/// A fault of an array of a client.
public enum ArrayFault: Equatable, Sendable {
  case format(String)
  case rank(shape: [Int], expected: String)
  case empty(shape: [Int])
  case tooLarge(shape: [Int])
  case counts(inputs: Int, labels: Int)
  case sampleShape(found: [Int], expected: [Int])
  case nonFinite(sample: Int)
  case label(index: Int, value: Int, classes: Int)
  case kind(String)
}

extension DatasetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let file, let fault): "\(file): \(fault)"
    case .path(let path, let fault): "path \(quoted(path)) \(fault)"
    case .parameters(let faults):
      faults.map { "\($0.parameter) \($0.detail)" }.joined(separator: "; ")
    case .array(let name, let fault): "\(name): \(fault)"
    }
  }
}

extension FileFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "there is no such file"
    case .packed(let beside):
      "there is no such file, and \(quoted(beside)) is there; unpack it first: \(unpacking(beside))"
    case .encoding(let fault): fault.description
    case .columns(let faults):
      (faults.count == 1 ? "" : "\(faults.count) columns have cells that are no numbers: ")
        + faults.map(\.description).joined(separator: "; ")
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .notRegular: "is not a regular file"
    case .changedWhileReading: "changed while it was read; try again when it is complete"
    case .tooLarge(let bytes, let limit): "has \(bytes) bytes, more than the limit of \(limit)"
    case .compressed(let how): "is compressed (\(how)); unpack it first"
    case .truncatedHeader(let bytes, let needs): "has \(bytes) bytes, its header alone needs \(needs)"
    case .magic(let found, let expected): "begins with the number \(found), expected \(expected)"
    case .emptyDimension(let name): "says that its number of \(name) is 0, it must be at least 1"
    case .size(let bytes, let expected, let because):
      "has \(bytes) bytes, expected \(expected) (\(because))"
    case .sizeOverflow(let dimensions): "says a size that no file can have: \(product(dimensions))"
    case .notMultiple(let bytes, let record): "has \(bytes) bytes, expected a multiple of \(record)"
    case .counts(let inputs, let labels): "has \(labels) labels, expected \(inputs), one for each input"
    case .shape(let found, let expected):
      "has samples of \(product(found)), expected \(product(expected)) as in the training split"
    case .label(let index, let value, let classes):
      "label \(index) is \(value), expected 0 to \(classes - 1)"
    case .empty: "holds no sample"
    case .row(let row, let detail): "row \(row): \(detail)"
    case .cell(let row, let column, let value, let expected):
      "row \(row), column \(quoted(column)): \(quoted(value)) is not \(expected)"
    case .column(let name, let available):
      "has no column \(quoted(name)); its columns are \(list(available))"
    case .format(let detail): detail
    }
  }
}

extension ColumnFault: CustomStringConvertible {
  public var description: String {
    let share = count == rows ? "all \(rows) rows" : "\(count) of \(rows) rows"
    let place =
      "row \(row), column \(quoted(column)): \(quoted(value)) is not a finite decimal number (\(share)"
    return isMissing
      ? place
        + " have no value); fill the cells, take the rows out (pandas: frame.dropna()), or ignore the column"
      : place
        + " have such cells); ignore the column, or make numbers of it (pandas: get_dummies(frame, columns=["
        + quoted(column) + "]))"
  }
}

/// The command that unpacks a file.
private func unpacking(_ path: String) -> String {
  for (suffix, program) in DataDirectory.packers where path.hasSuffix(suffix) { return "\(program) \(path)" }
  return "unpack \(path)"
}

extension PathFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty: "is empty; expected a path below the data directory"
    case .absolute: "is absolute; expected a path relative to the data directory"
    case .parentReference: "contains '..'; expected a path below the data directory"
    case .containsNUL: "contains a NUL character"
    case .leadsOutside: "leads out of the data directory through a symbolic link"
    case .tooLong: "is longer than 4,096 bytes"
    }
  }
}

extension ArrayFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .format(let detail): detail
    case .rank(let shape, let expected): "has the shape \(tuple(shape)), expected \(expected)"
    case .empty(let shape): "has the shape \(tuple(shape)); every dimension must be at least 1"
    case .tooLarge(let shape): "has the shape \(tuple(shape)), which is too large"
    case .counts(let inputs, let labels): "has \(labels) labels for \(inputs) inputs, expected one for each"
    case .sampleShape(let found, let expected):
      "has samples of the shape \(tuple(found)), expected \(tuple(expected)) as in the training split"
    case .nonFinite(let sample): "has an infinite or NaN value in sample \(sample)"
    case .label(let index, let value, let classes):
      "label \(index) is \(value), expected 0 to \(classes - 1)"
    case .kind(let detail): detail
    }
  }
}

private func quoted(_ text: String) -> String {
  let shown = text.unicodeScalars.prefix(80).map { scalar in
    scalar.value < 32 || scalar.value == 127 ? "\u{FFFD}" : Character(scalar)
  }
  return "'" + String(shown) + (text.unicodeScalars.count > 80 ? "…'" : "'")
}

private func product(_ dimensions: [Int]) -> String {
  dimensions.map(String.init).joined(separator: "×")
}

private func tuple(_ shape: [Int]) -> String {
  "(" + shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? ",)" : ")")
}

private func list(_ names: [String]) -> String {
  let shown = names.prefix(12).map(quoted).joined(separator: ", ")
  return names.count > 12 ? shown + " and \(names.count - 12) more" : shown
}
