import Datasets
import JSON
import Network

extension Loss {
  /// A name, or an object with a `name` and the loss's options.
  public static let form = Form<Loss>.named(
    alternatives, name: \.name.rawValue, isBrief: { $0 == Loss($0.name) && !$0.isAlwaysWritten })

  private static let alternatives: [Alternative<Loss>] = [
    Alternative(
      Name.crossEntropy.rawValue, .crossEntropy,
      Fields([
        .number(
          "label_smoothing", \.softmaxOptions.smoothing, .share,
          "ε: the share of a target that all classes share."),
        .member(
          "weight", \.softmaxOptions.weights, weights, standard: "all 1",
          "A weight a class. The mean over samples is not divided by the weights."
        ).written { !$0.softmaxOptions.weights.isEmpty },
      ])),
    Alternative(
      Name.binaryCrossEntropy.rawValue, .binaryCrossEntropy(positive: []),
      Fields([
        .member(
          "pos_weight", \.positive, weights, standard: "all 1", "A weight an output, of targets of 1."
        ).written { !$0.positive.isEmpty }
      ])),
    Alternative(Name.meanSquaredError.rawValue, .meanSquaredError),
    Alternative(
      Name.huber.rawValue, .huber(delta: 1),
      Fields([.number("delta", \.delta, .positive, "The error from which the loss is linear.")])),
    Alternative(Name.poisson.rawValue, .poisson),
    Alternative(
      Name.hinge.rawValue, .smoothHinge(temperature: 1),
      Fields([.number("temperature", \.temperature, .positive, "t of the smooth hinge.")])),
  ]

  public static let names = alternatives.map(\.name)

  private static let weights = Form<[Double]>.list(
    of: .number(.positive), atMost: ParameterRanges.classes.upperBound, empty: "must have a weight for each")

  /// A hinge is written with its temperature even if that is the default.
  private var isAlwaysWritten: Bool { name == .hinge }

  /// Of the cross-entropy; of other losses it means nothing.
  private var softmaxOptions: CrossEntropy {
    get { if case .softmax(let options) = self { options } else { CrossEntropy() } }
    set { self = .softmax(newValue) }
  }

  /// Of the binary cross-entropy; of other losses it means nothing.
  private var positive: [Double] {
    get { if case .binaryCrossEntropy(let positive) = self { positive } else { [] } }
    set { self = .binaryCrossEntropy(positive: newValue) }
  }

  /// Of the Huber loss; of other losses it means nothing.
  private var delta: Double {
    get { if case .huber(let delta) = self { delta } else { 1 } }
    set { self = .huber(delta: newValue) }
  }

  /// Of a hinge; of other losses it means nothing.
  private var temperature: Double {
    get { if case .smoothHinge(let temperature) = self { temperature } else { 1 } }
    set { self = .smoothHinge(temperature: newValue) }
  }

  /// Reads what `json` wrote. Throws `RequestRejection`.
  public init(json: JSONValue) throws(RequestRejection) { self = try Self.form.value(of: json) }

  public var json: JSONValue { Self.form.write(self) }
}
