import Formats
import JSON
import Tensor

extension Dataset {
  /// Reads a set from one or two CSV files of the data directory. Values are not changed; "True" and "False"
  /// in an input column are 1 and 0.
  ///
  /// - Throws: `DatasetError`, with every column that has a bad cell and the first row of it.
  public static func csv(
    _ source: CSVSource, name: String, in directory: DataDirectory
  ) throws(DatasetError) -> Dataset {
    let faults = source.faults
    if !faults.isEmpty { throw .parameters(faults) }
    let table = try CSVTable(
      try directory.read(source.path, limit: directory.maximumCSVBytes), file: source.path, source: source)
    var second: CSVTable?
    if case .file(let path) = source.test {
      let other = try CSVTable(
        try directory.read(path, limit: directory.maximumCSVBytes), file: path, source: source)
      guard other.inputCount == table.inputCount else {
        throw .file(path, .shape(found: [other.inputCount], expected: [table.inputCount]))
      }
      second = other
    }
    return try csv(source, name: name, table: table, test: second)
  }

  static func csv(
    _ source: CSVSource, name: String, table: CSVTable, test second: CSVTable?, origin: String? = nil
  ) throws(DatasetError) -> Dataset {
    var shape = Shape(features: table.inputCount)
    if let picture = source.pictureShape {
      guard picture.count == table.inputCount else {
        throw .parameters([
          ParameterFault(
            "shape", "has \(picture.count) values, and the file has \(table.inputCount) input columns")
        ])
      }
      shape = picture
    }
    let reading = try CSVTargets(table, second: second, source: source)
    var train = try reading.part(table, shape: shape)
    var test: Part
    var sentence = origin ?? "Read from the CSV file \(source.path)"
    if let second {
      test = try reading.part(second, shape: shape)
      sentence += origin == nil ? ", test split from \(second.file)." : ""
    } else {
      let held: [Int]
      if case .fraction(let fraction, let seed) = source.test {
        let number = Int((fraction * Double(table.rowCount)).rounded())
        guard number >= 1, number < table.rowCount else {
          throw .parameters([
            ParameterFault(
              "test_fraction",
              "of \(table.rowCount) rows gives \(number) test rows; both splits need at least one")
          ])
        }
        held = drawnIndices(
          number, labels: train.targets == nil ? train.labels : nil, of: table.rowCount,
          classes: reading.classes, seed: seed, purpose: "test split")
        sentence += origin == nil ? "; \(number) rows drawn for the test split (seed \(seed))." : ""
      } else {
        held = []
        sentence += origin == nil ? "; no test split." : ""
      }
      test = train.selecting(held, size: shape.count)
      let isHeld = Set(held)
      if !held.isEmpty {
        train = train.selecting(
          (0..<table.rowCount).filter { !isHeld.contains($0) }, size: shape.count)
      }
    }
    var remarks = reading.remarks
    if let column = table.indexColumn {
      remarks.append(
        "The first input column \(column.isEmpty ? "has no name" : "is '\(column)'") and counts the rows: it looks like the index of a data frame, and is a feature now. "
          + "Leave it out with \"ignore\": [0], or write the file without it (pandas: to_csv(…, index=False))."
      )
    }
    return Dataset(
      name: name, shape: shape, kind: reading.kind, train: train, test: test, scale: 1, standardized: false,
      source: sentence, remarks: remarks)
  }
}

extension Dataset.Part {
  /// The samples of those indices; `size` values each.
  func selecting(_ indices: [Int], size: Int) -> Dataset.Part {
    Dataset.Part(
      storage: storage.gathered(indices, size: size),
      labels: labels.isEmpty ? [] : indices.map { labels[$0] },
      targets: targets.map { all in
        let outputs = all.shape[1]
        return Tensor(
          shape: [indices.count, outputs],
          elements: indices.flatMap { all.elements[$0 * outputs..<($0 + 1) * outputs] })
      })
  }
}

/// The meaning of the target cells of one or two tables.
private struct CSVTargets {
  let kind: Dataset.Kind
  let classes: Int
  /// Remarks for a user on the reading of the targets.
  let remarks: [String]
  private let numberOfName: [ExactText: Int32]

  init(_ table: CSVTable, second: CSVTable?, source: CSVSource) throws(DatasetError) {
    let tables = [table] + (second.map { [$0] } ?? [])
    let numbers = tables.map(\.targetNumbers).joined()
    let outputs = table.targetNames.count
    let allWhole = numbers.allSatisfy { $0.map { $0 >= 0 && $0.rounded() == $0 } ?? false }
    let noneNumeric = numbers.allSatisfy { $0 == nil }
    let isClasses: Bool
    var remark: String?
    switch source.kind {
    case .classes: isClasses = true
    case .values: isClasses = false
    case .automatic
    where outputs == 1 && allWhole && source.classes == nil && !source.wholeNumbersAreClasses:
      let values = numbers.compactMap { $0 }
      let different = Set(values).count
      isClasses = lookLikeClasses(
        different: different, largest: values.max() ?? 0, samples: values.count)
      if !isClasses {
        remark =
          "The target '\(table.targetNames[0])' has \(different) different whole numbers in \(values.count) rows: it is read as values to predict. "
          + "If they are classes, say so with \"kind\": \"classes\"."
      }
    case .automatic: isClasses = outputs == 1 && (allWhole || noneNumeric)
    }
    remarks = remark.map { [$0] } ?? []
    guard isClasses else {
      kind = .regression(outputs: outputs)
      classes = 0
      numberOfName = [:]
      return
    }
    if allWhole {
      var largest = 0.0
      for table in tables {
        for (index, number) in table.targetNumbers.enumerated() where number ?? 0 >= Double(mostClasses) {
          throw .file(
            table.file,
            .cell(
              row: table.rowNumbers[index], column: table.targetNames[0], value: table.targetTexts[index],
              expected: "a class below \(mostClasses); say that the target's kind is values"))
        }
        for (index, number) in table.targetNumbers.enumerated() {
          if let classes = source.classes, number ?? 0 >= Double(classes) {
            throw .file(
              table.file,
              .cell(
                row: table.rowNumbers[index], column: table.targetNames[0], value: table.targetTexts[index],
                expected: "one of \(classes) classes (0 to \(classes - 1))"))
          }
          largest = max(largest, number ?? 0)
        }
      }
      classes = source.classes ?? Int(largest) + 1
      guard classes >= 2 else {
        throw .file(table.file, .format("has only one class in its target column; expected at least two"))
      }
      numberOfName = [:]
      kind = .classification(classes: classes, names: nil)
    } else {
      var names = Set(table.targetTexts.map { ExactText($0) }).map(\.text).sorted {
        $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars)
      }
      guard names.count <= mostClasses, names.count >= 2 else {
        throw .file(
          table.file, .format("has \(names.count) classes in its target column; expected 2 to \(mostClasses)")
        )
      }
      let numbers = Dictionary(
        uniqueKeysWithValues: zip(names.map { ExactText($0) }, Int32(0)...))
      numberOfName = numbers
      if let count = source.classes {
        guard count >= names.count else {
          throw .file(
            table.file, .format("has \(names.count) classes in its target column; expected \(count)"))
        }
        names += (names.count..<count).map { number in
          // A class of the file may have that name already.
          var name = "class \(number)"
          while numbers[ExactText(name)] != nil { name += "'" }
          return name
        }
      }
      classes = names.count
      kind = .classification(classes: classes, names: names)
    }
  }

  /// Inputs and targets of a table, inputs channels-last.
  func part(_ table: CSVTable, shape: Shape) throws(DatasetError) -> Dataset.Part {
    var part = Dataset.Part(storage: .float64(channelsLast(table.inputs, shape: shape)))
    switch kind {
    case .classification, .labelling:
      part.labels.reserveCapacity(table.rowCount)
      for index in 0..<table.rowCount {
        if numberOfName.isEmpty {
          part.labels.append(Int32(table.targetNumbers[index] ?? 0))
        } else if let label = numberOfName[ExactText(table.targetTexts[index])] {
          part.labels.append(label)
        } else {
          throw .file(
            table.file,
            .cell(
              row: table.rowNumbers[index], column: table.targetNames[0], value: table.targetTexts[index],
              expected: "a class of the training split"))
        }
      }
    case .regression(let outputs):
      var values: [Double] = []
      values.reserveCapacity(table.targetNumbers.count)
      for (index, number) in table.targetNumbers.enumerated() {
        guard let number else {
          throw .file(
            table.file,
            .cell(
              row: table.rowNumbers[index / outputs], column: table.targetNames[index % outputs],
              value: table.targetTexts[index], expected: "a finite decimal number"))
        }
        values.append(number)
      }
      part.targets = Tensor(shape: [table.rowCount, outputs], elements: values)
    }
    return part
  }
}

/// Samples from the order of files (n, channel, height, width) to (n, height, width, channel).
func channelsLast<Element: BitwiseCopyable>(_ values: [Element], shape: Shape) -> [Element] {
  guard shape.channels > 1, shape.positions > 1, !values.isEmpty else { return values }
  return [Element](unsafeUninitializedCapacity: values.count) { target, filled in
    values.withUnsafeBufferPointer { source in
      for sample in 0..<values.count / shape.count {
        interleave(
          source.baseAddress! + sample * shape.count, channels: shape.channels, positions: shape.positions,
          into: target.baseAddress! + sample * shape.count)
      }
    }
    filled = values.count
  }
}
