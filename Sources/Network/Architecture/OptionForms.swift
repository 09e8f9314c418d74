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

extension Form where Value == Int {
  /// The sizes of outputs and inputs. The limit of a network's parameters is smaller.
  static var size: Form { .integer(1...(1 << 30)) }
}

extension Form where Value == [Int] {
  /// Two numbers: one number for both, or a list of two.
  static func pair(_ range: ClosedRange<Int>) -> Form {
    let size = Form<Int>.integer(range)
    return Form(
      schema: Schema.anyOf(size.schema, Schema.list(size.schema, from: 2, to: 2, isSet: false)),
      words: "\(size.words); or a list of two",
      read: { value, pointer, faults in
        guard let elements = value.arrayValue else {
          return size.read(value, pointer, faults).map { [$0, $0] }
        }
        let sizes = FieldReader.list(value, maximumCount: 2, at: pointer, faults) {
          size.read($0, $1, faults)
        }
        if elements.count != 2 { faults.add("must be a number or a list of two", at: pointer) }
        return sizes?.count == 2 ? sizes : nil
      }, write: { JSONValue($0) })
  }
}

extension NumberRange {
  /// At least the lower bound, and less than the upper one.
  init(_ range: Range<Double>) {
    self.init(from: .including(range.lowerBound), to: .excluding(range.upperBound))
  }
}
