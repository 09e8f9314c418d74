import Formats
import JSON

/// The cells of a CSV file, sorted into inputs and targets.
struct CSVTable {
  let file: String
  let rowCount: Int
  let inputCount: Int
  let inputNames: [String]
  /// (row, input column), columns in the file's order.
  let inputs: [Double]
  let targetNames: [String]
  /// (row, target column); nil if the cell is not a number.
  let targetNumbers: [Double?]
  /// (row, target column); empty unless a target cell is not a number, or names are asked for.
  let targetTexts: [String]
  /// The row number in the file of each row.
  let rowNumbers: [Int]

  /// Reads a whole file. It takes at most a small multiple of the file's size in memory.
  ///
  /// - Throws: `DatasetError.file`.
  init(_ bytes: [UInt8], file: String, source: CSVSource) throws(DatasetError) {
    if let how = compression(of: bytes) { throw .file(file, .compressed(how)) }
    if let fault = TextFault(of: bytes) { throw .file(file, .encoding(fault)) }
    var rows = CSVRows(bytes, delimiter: source.delimiterByte ?? UInt8(ascii: ","), file: file)
    var fields: [CSVRows.Field] = []
    guard try rows.next(&fields) else { throw .file(file, .empty) }
    let width = fields.count
    let names = fields.indices.map { source.hasHeader ? rows.text(fields[$0]) : "\($0)" }
    var hasRow = true
    if source.hasHeader { hasRow = try rows.next(&fields) }
    guard hasRow else { throw .file(file, .empty) }

    var targetColumns: [Int] = []
    for column in source.targets {
      let index = try Self.index(of: column, in: names, file: file)
      if targetColumns.contains(index) {
        throw .parameters([ParameterFault("target", "names column '\(names[index])' twice")])
      }
      targetColumns.append(index)
    }
    var ignoredColumns: Set<Int> = []
    for column in source.ignored { ignoredColumns.insert(try Self.index(of: column, in: names, file: file)) }
    let inputColumns = names.indices.filter { !targetColumns.contains($0) && !ignoredColumns.contains($0) }
    guard !inputColumns.isEmpty else {
      throw .file(
        file,
        .format("has no input column besides the target and the ignored ones" + Self.otherDelimiter(names)))
    }

    var inputs: [Double] = []
    var numbers: [Double?] = []
    var texts: [String] = []
    var rowNumbers: [Int] = []
    /// For each column with cells that are not numbers: the first such cell, and the number of them.
    var bad: [Int: (row: Int, value: String, count: Int)] = [:]
    repeat {
      guard fields.count == width else {
        throw .file(file, .row(rows.row, "has \(fields.count) cells, expected \(width)"))
      }
      for column in inputColumns {
        if let number = rows.input(fields[column]) {
          inputs.append(number)
        } else {
          bad[column, default: (rows.row, rows.text(fields[column]), 0)].count += 1
          inputs.append(0)
        }
      }
      for column in targetColumns {
        numbers.append(rows.number(fields[column]))
        texts.append(rows.text(fields[column]))
        if texts[texts.count - 1].isEmpty {
          throw .file(
            file, .cell(row: rows.row, column: names[column], value: "", expected: "a target"))
        }
      }
      rowNumbers.append(rows.row)
      // The unusable columns of a file show within this many rows.
      if !bad.isEmpty, rowNumbers.count >= Self.mostRowsOfFaults { break }
    } while try rows.next(&fields)
    if !bad.isEmpty {
      let faults = bad.sorted { $0.key < $1.key }.map { column, fault in
        ColumnFault(
          column: names[column], row: fault.row, value: fault.value, count: fault.count,
          rows: rowNumbers.count)
      }
      throw .file(file, .columns(Array(faults.prefix(20))))
    }

    self.file = file
    rowCount = rowNumbers.count
    inputCount = inputColumns.count
    inputNames = inputColumns.map { names[$0] }
    self.inputs = inputs
    targetNames = targetColumns.map { names[$0] }
    targetNumbers = numbers
    targetTexts = texts
    self.rowNumbers = rowNumbers
  }

  private static let mostRowsOfFaults = 10_000

  /// A hint if the name of the only column holds another delimiter.
  private static func otherDelimiter(_ names: [String]) -> String {
    guard names.count == 1, let found = [";", "\t", "|"].first(where: { names[0].contains($0) }) else {
      return ""
    }
    let shown = found == "\t" ? "\\t" : found
    return "; its first row has \"\(shown)\" between the names: give \"delimiter\": \"\(shown)\""
  }

  /// A column that looks like the index of a data frame: one without a name, or with a name that pandas
  /// gives, which counts the rows from 0 or 1.
  var indexColumn: String? {
    guard let name = inputNames.first, ["", "unnamed: 0", "index", "id"].contains(name.lowercased()),
      rowCount > 2, let start = inputs.first, start == 0 || start == 1,
      (0..<rowCount).allSatisfy({ inputs[$0 * inputCount] == start + Double($0) })
    else { return nil }
    return name
  }

  private static func index(
    of column: CSVSource.Column, in names: [String], file: String
  ) throws(DatasetError) -> Int {
    switch column {
    case .name(let name):
      let found = names.indices.filter { names[$0].isExactly(name) }
      guard let index = found.first else { throw .file(file, .column(name, available: names)) }
      guard found.count == 1 else {
        throw .file(file, .format("has \(found.count) columns named '\(name)'; give its number"))
      }
      return index
    case .index(let index):
      guard index >= -names.count, index < names.count else {
        throw .file(file, .column("\(index)", available: names.indices.map(String.init)))
      }
      return index < 0 ? names.count + index : index
    }
  }
}
