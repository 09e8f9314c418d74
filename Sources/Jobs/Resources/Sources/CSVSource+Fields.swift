import Datasets
import JSON

extension CSVSource {
  /// Earlier versions read all whole numbers as classes.
  static let format = SourceFormat(
    "csv", CSVSource(path: ""), normalization: NormalizationChoice.none, hasOlderSpelling: true,
    older: { $0.wholeNumbersAreClasses = true },
    Fields([
      .path(\.path, "A file of the data directory."),
      .flag("header", \.hasHeader, "Whether the first row names the columns."),
      .member("delimiter", \.delimiter, delimiters, "The character between two cells."),
      .member(
        "target", \.targets, columns,
        "The column to be predicted, by name or by number from 0; −1 is the last. Several are values."),
      .choice(
        "kind", \.kind,
        "The targets. `automatic`: texts, and few whole numbers with several samples each, are classes."),
      .member("ignore", \.ignored, columns, "Columns that are neither inputs nor targets."),
      testSplit,
      .optional(
        "classes", \.classes, .integer(ParameterRanges.classes), standard: "those of the file",
        "The number of classes."),
      .optional(
        "shape", \.pictureShape, .picture, standard: "vectors",
        "The input columns as a picture, in the order channel, row, column."),
    ]))

  private static let delimiters = Form<Character>(
    schema: ["type": "string", "pattern": "^[\\t !#-,/:-~]$"], words: "one character",
    read: { value, pointer, faults in
      guard let text = FieldReader.text(value, maximumLength: 4, at: pointer, faults) else { return nil }
      guard text.count == 1 else {
        faults.add("must be one character, got \(FieldReader.brief(.string(text)))", at: pointer)
        return nil
      }
      return text.first
    }, write: { .string(String($0)) })

  /// A name, a number, or a list of them.
  private static let columns: Form<[Column]> = {
    let numbers = -100_000...100_000
    let column = Form<Column>(
      schema: Schema.anyOf(Schema.string, Schema.integer(from: numbers.lowerBound, to: numbers.upperBound)),
      words: "a column's name or number",
      read: { value, pointer, faults in
        if let text = value.stringValue { return .name(text) }
        guard value.doubleValue != nil else {
          faults.add("must be a column's name or number, got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return FieldReader.integer(value, in: numbers, at: pointer, faults).map { .index($0) }
      },
      write: { column in
        switch column {
        case .name(let name): .string(name)
        case .index(let index): JSONValue(index)
        }
      })
    return .oneOrMany(column, .list(of: column, atMost: 10_000))
  }()

  /// `test_path`, or `test_fraction` with a `seed`.
  private static let testSplit: Field<CSVSource> = {
    let path = Form<String>.text()
    let fraction = Form<Double>.number(.properShare)
    let standard = (fraction: 0.2, seed: UInt64(0))
    return Field(
      conditions: [Schema.variant(absent: ["test_path"]), Schema.variant(absent: ["test_fraction"])],
      members: { _ in
        [
          FieldMember(
            "test_fraction", schema: fraction.schema, words: fraction.words,
            standard: fraction.write(standard.fraction),
            "The share of the rows for the test split, drawn at random. With 0 there is none."),
          FieldMember(
            "test_path", schema: path.schema, words: path.words,
            "A second file with the same columns, for the test split."),
          FieldMember(
            "seed", schema: Form.seed.schema, words: Form.seed.words,
            standard: Form.seed.write(standard.seed), "Seeds the draw of the test split."),
        ]
      },
      read: { reader, source in
        func value<Value>(_ name: String, _ form: Form<Value>) -> Value? {
          reader.value(name).flatMap { form.read($0, reader.pointer.appending(name), reader.faults) }
        }
        if reader.has("test_path"), reader.has("test_fraction") {
          reader.fault("must have only one of \"test_path\" and \"test_fraction\"")
        }
        if let path = value("test_path", path) {
          reader.accept("test_fraction", "seed")
          source.test = .file(path)
          return
        }
        let share = value("test_fraction", fraction) ?? standard.fraction
        let seed = value("seed", .seed) ?? standard.seed
        source.test = share == 0 ? .none : .fraction(share, seed: seed)
      },
      write: { source, object in
        switch source.test {
        case .none: object["test_fraction"] = 0
        case .fraction(let share, let seed):
          object["test_fraction"] = fraction.write(share)
          object["seed"] = Form.seed.write(seed)
        case .file(let file): object["test_path"] = path.write(file)
        }
      })
  }()
}
