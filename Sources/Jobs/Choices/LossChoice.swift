import JSON

/// A model's loss, as a request names it.
public enum LossChoice: Hashable, Sendable {
  case crossEntropy
  case meanSquaredError
  /// The smooth hinge at temperature t.
  case hinge(temperature: Double)

  /// A name, or an object with a `name` and the loss's options.
  public static let form = Form<LossChoice>.named(
    alternatives, name: \.name, isBrief: { if case .hinge = $0 { false } else { true } })

  private static let alternatives = [
    Alternative("cross_entropy", LossChoice.crossEntropy), Alternative("mse", .meanSquaredError),
    Alternative(
      "hinge", .hinge(temperature: 1),
      Fields([.number("temperature", \.temperature, .positive, "t of the smooth hinge.")])),
  ]

  public static let names = alternatives.map(\.name)

  private var name: String {
    switch self {
    case .crossEntropy: "cross_entropy"
    case .meanSquaredError: "mse"
    case .hinge: "hinge"
    }
  }

  /// Of a hinge; of other losses it means nothing.
  private var temperature: Double {
    get { if case .hinge(let temperature) = self { temperature } else { 1 } }
    set { self = .hinge(temperature: newValue) }
  }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) { self = try Self.form.value(of: json) }

  public var json: JSONValue { Self.form.write(self) }
}
