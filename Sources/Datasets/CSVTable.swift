/// The cells of a CSV file, sorted into inputs and targets.
struct CSVTable {
  let file: String
  let rowCount: Int
  let inputCount: Int
  /// (row, input column), columns in the file's order.
  let inputs: [Double]
  let targetNames: [String]
  /// (row, target column); nil where the cell is not a number.
  let targetNumbers: [Double?]
  /// (row, target column); filled only where a target cell is not a number, or names are asked for.
  let targetTexts: [String]
  /// The file's row number of each row.
  let rowNumbers: [Int]

  /// Reads a whole file. The memory it takes is at most a small multiple of the file's size.
  ///
  /// - Throws: `DatasetError.file`.
  init(_ bytes: [UInt8], file: String, source: CSVSource) throws(DatasetError) {
    if let how = compression(of: bytes) { throw .file(file, .compressed(how)) }
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
      throw .file(file, .format("has no input column besides the target and the ignored ones"))
    }

    var inputs: [Double] = []
    var numbers: [Double?] = []
    var texts: [String] = []
    var rowNumbers: [Int] = []
    repeat {
      guard fields.count == width else {
        throw .file(file, .row(rows.row, "has \(fields.count) cells, expected \(width)"))
      }
      for column in inputColumns {
        guard let number = rows.number(fields[column]) else {
          throw .file(
            file,
            .cell(
              row: rows.row, column: names[column], value: rows.text(fields[column]),
              expected: "a finite decimal number"))
        }
        inputs.append(number)
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
    } while try rows.next(&fields)

    self.file = file
    rowCount = rowNumbers.count
    inputCount = inputColumns.count
    self.inputs = inputs
    targetNames = targetColumns.map { names[$0] }
    targetNumbers = numbers
    targetTexts = texts
    self.rowNumbers = rowNumbers
  }

  private static func index(
    of column: CSVSource.Column, in names: [String], file: String
  ) throws(DatasetError) -> Int {
    switch column {
    case .name(let name):
      let found = names.indices.filter { names[$0] == name }
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
