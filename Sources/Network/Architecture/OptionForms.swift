import JSON

/// Forms of options that several layers have.
extension Field {
  /// An option that may be absent, and is written only if the request gave it. Sizes of the input follow from
  /// the layer before.
  static func given<Value>(
    _ name: String, _ path: Path<Value?>, _ form: Form<Value>, standard: String = "as it follows",
    _ meaning: String
  ) -> Field { Field.optional(name, path, form, standard: standard, meaning).withoutNulls }
}

extension Field where Owner: LayerKind {
  /// An option that is written only if it differs from its default. So a network that does without the option
  /// is written as before there was one.
  static func added<Value: Equatable & Sendable>(
    _ name: String, _ path: Path<Value>, _ form: Form<Value>, _ meaning: String
  ) -> Field {
    Field.member(name, path, form, meaning).written { $0[keyPath: path] != Owner.standard[keyPath: path] }
  }
}

extension Form where Value == Int {
  /// The sizes of outputs and inputs. The limit of a network's parameters is smaller.
  static var size: Form { .integer(1...(1 << 30)) }
}

extension Form {
  /// Two elements: one for both, or a list of two.
  static func pair<Element: Sendable>(of element: Form<Element>) -> Form where Value == [Element] {
    Form(
      schema: Schema.anyOf(element.schema, Schema.list(element.schema, from: 2, to: 2, isSet: false)),
      words: "\(element.words); or a list of two",
      read: { value, pointer, faults in
        guard let elements = value.arrayValue else {
          return element.read(value, pointer, faults).map { [$0, $0] }
        }
        let read = FieldReader.list(value, maximumCount: 2, at: pointer, faults) {
          element.read($0, $1, faults)
        }
        if elements.count != 2 { faults.add("must be a number or a list of two", at: pointer) }
        return read?.count == 2 ? read : nil
      }, write: { .array($0.map(element.write)) })
  }
}

extension Form where Value == [Int] {
  /// Two numbers: one number for both, or a list of two.
  static func pair(_ range: ClosedRange<Int>) -> Form { .pair(of: .integer(range)) }

  /// The same; two equal numbers are written as one.
  static func steps(_ range: ClosedRange<Int>) -> Form {
    let pair = pair(range)
    return Form(
      schema: pair.schema, words: pair.words, read: pair.read,
      write: { Set($0).count == 1 ? JSONValue($0[0]) : JSONValue($0) })
  }

  /// One number, for a window with one axis.
  static func single(_ range: ClosedRange<Int>) -> Form {
    Form<Int>.integer(range).map({ [$0] }, { $0.first ?? 0 })
  }
}

extension Form where Value == WindowPadding {
  /// Places on each side, "same", or "valid" for none. No padding is written as 0.
  static func padding(_ places: Form<[Int]>) -> Form {
    let numbers: Form = places.map(
      { .places($0) }, { if case .places(let places) = $0 { places } else { [] } })
    let form = Form(
      schema: Schema.anyOf(Schema.constant("valid"), numbers.schema), words: "`valid`, or \(numbers.words)",
      read: { numbers.read($0 == "valid" ? 0 : $0, $1, $2) }, write: numbers.write)
    return .word("same", .same, or: form)
  }
}

extension NumberRange {
  /// At least the lower bound, and less than the upper one.
  init(_ range: Range<Double>) {
    self.init(from: .including(range.lowerBound), to: .excluding(range.upperBound))
  }
}
