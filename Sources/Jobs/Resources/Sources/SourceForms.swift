import Datasets
import JSON
import Tensor

// Forms that several sources share.

extension Form where Value == UInt64 {
  /// The seed of random draws.
  static let seed = Form<Int>.integer(0...Int.max).map({ UInt64($0) }, { Int(clamping: $0) })
}

extension Field {
  static func seed(_ path: Path<UInt64>, _ meaning: String) -> Field { .member("seed", path, .seed, meaning) }
}

extension Form where Value == Int {
  /// An integer whose range is checked by the recipe's faults. The range may depend on other members.
  static func told(_ range: ClosedRange<Int>) -> Form {
    let integer = Form.integer(range)
    return Form(
      schema: integer.schema, words: integer.words,
      read: { $0.integerValue ?? integer.read($0, $1, $2) }, write: integer.write)
  }
}

extension Form where Value == Double {
  /// A number whose range is checked by the recipe's faults.
  static func told(_ range: NumberRange) -> Form {
    Form(
      schema: Schema.number(range), words: Form.number(range).words,
      read: { FieldReader.number($0, .any, at: $1, $2) }, write: { .number($0) })
  }
}

extension Form where Value == [String] {
  /// Names of classes in the order of the labels. The recipe's faults report their number and repetitions.
  static let classNames: Form = {
    let schema: JSONValue = ["type": "string", "minLength": 1, "maxLength": 1024]
    let name = Form<String>(
      schema: schema, words: "texts",
      read: { value, pointer, faults in
        guard let name = value.stringValue, name.utf8.count <= 1024 else {
          faults.add("must be a text of at most 1024 bytes, got \(FieldReader.brief(value))", at: pointer)
          return nil
        }
        return name
      }, write: { .string($0) })
    let range = ParameterRanges.classes
    return Form.list(of: name, atMost: range.upperBound).described(
      by: Schema.list(schema, from: range.lowerBound, to: range.upperBound, isSet: true))
  }()
}

extension Form where Value == Shape {
  /// Channels, height, width.
  static let picture: Form = {
    let side = Form<Int>.integer(ParameterRanges.pictureSide)
    let sides = Form<[Int]>.list(of: side, atMost: 3)
    return Form(
      schema: Schema.list(side.schema, from: 3, to: 3, isSet: false),
      words: "list of channels, height, width",
      read: { value, pointer, faults in
        guard let sides = sides.read(value, pointer, faults) else { return nil }
        guard sides.count == 3 else {
          faults.add("must be three numbers: channels, height, width", at: pointer)
          return nil
        }
        return Shape(height: sides[1], width: sides[2], channels: sides[0])
      }, write: { sides.write([$0.channels, $0.height, $0.width]) })
  }()
}

extension Field {
  /// A folder or a file of the data directory.
  static func path(_ path: Path<String>, _ meaning: String) -> Field {
    .required("path", path, .text(), meaning)
  }
}

extension Field where Owner: DatasetRecipe {
  /// A number of samples that is a fifth of `samples` if the member is absent.
  static func fifth(
    _ name: String, _ path: Path<Int>, of samples: KeyPath<Owner, Int> & Sendable, _ meaning: String
  ) -> Field {
    let member = Fields([
      Field.member(
        name, path, .told(ParameterRanges.testSamples), standard: "a fifth of `samples`", meaning)
    ])
    return Field(
      members: { member.members(standard: $0) },
      read: { reader, owner in
        owner[keyPath: path] = Owner.fifth(of: owner[keyPath: samples])
        member.read(reader, into: &owner)
      }, write: { member.write($0, into: &$1) })
  }
}
