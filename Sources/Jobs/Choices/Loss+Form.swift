import JSON
import Network

extension Loss {
  /// A name, or an object with a `name` and the loss's options.
  public static let form = Form<Loss>.named(
    alternatives, name: \.name.rawValue, isBrief: { if case .smoothHinge = $0 { false } else { true } })

  private static let alternatives = [
    Alternative(Name.crossEntropy.rawValue, Loss.crossEntropy),
    Alternative(Name.meanSquaredError.rawValue, .meanSquaredError),
    Alternative(
      Name.hinge.rawValue, .smoothHinge(temperature: 1),
      Fields([.number("temperature", \.temperature, .positive, "t of the smooth hinge.")])),
  ]

  public static let names = alternatives.map(\.name)

  /// Of a hinge; of other losses it means nothing.
  private var temperature: Double {
    get { if case .smoothHinge(let temperature) = self { temperature } else { 1 } }
    set { self = .smoothHinge(temperature: newValue) }
  }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) { self = try Self.form.value(of: json) }

  public var json: JSONValue { Self.form.write(self) }
}
