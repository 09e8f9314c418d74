import Datasets
import JSON

extension NormalizationChoice {
  private enum Name: String, CaseIterable { case none, standardize }

  private struct Numbers: Sendable {
    var mean: [Double] = [0]
    var deviation: [Double] = [1]
  }

  private static func numbers(_ range: NumberRange) -> Form<[Double]> {
    .oneOrMany(
      .number(range),
      .list(
        of: .number(range), atMost: 1 << 20, empty: "must have one number, or one for each channel"))
  }

  private static let fields = Fields<Numbers>([
    .required("mean", \.mean, numbers(.any), "One number for all channels (features), or one for each."),
    .required(
      "standard_deviation", \.deviation, numbers(.positive),
      "One number for all channels (features), or one for each."),
  ])

  /// `"none"`, `"standardize"`, or `{"mean": …, "standard_deviation": …}`. A single number stands for all
  /// channels.
  public static let form: Form<NormalizationChoice> = {
    let name = Form<Name>.choice
    let object = Form<Numbers>.object(fields, standard: Numbers())
    return Form(
      schema: Schema.anyOf(name.schema, object.schema),
      words: "\(name.words), or an object with `mean` and `standard_deviation`", parts: object.parts,
      read: { value, pointer, faults in
        switch value {
        case .object:
          let before = faults.list.count
          guard let numbers = object.read(value, pointer, faults), faults.list.count == before else {
            return nil
          }
          return .given(mean: numbers.mean, standardDeviation: numbers.deviation)
        case .string:
          return name.read(value, pointer, faults).map { $0 == .none ? .none : .standardize }
        default:
          faults.add(
            "must be \"none\", \"standardize\" or an object with mean and standard_deviation, got \(FieldReader.brief(value))",
            at: pointer)
          return nil
        }
      },
      write: { choice in
        switch choice {
        case .none: name.write(.none)
        case .standardize: name.write(.standardize)
        case .given(let mean, let deviation):
          object.write(Numbers(mean: mean, deviation: deviation))
        }
      })
  }()

  /// As a request writes it.
  public var json: JSONValue { Self.form.write(self) }
}
