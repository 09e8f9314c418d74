import JSON
import Network

/// The removals that a validation of influence estimates and then trains for real.
public struct ValidationPlan: Hashable, Sendable {
  /// The training samples that are left out, one at a time.
  public enum Candidates: Hashable, Sendable {
    /// For each test point those of the largest absolute score.
    case top(Int)
    /// For each test point some samples spread evenly over the order of absolute scores, with the largest and
    /// the smallest.
    case percentile(Int)
    /// Drawn with the seed, the same for every test point.
    case random(Int)
    case indices([Int])

    enum Pick: String, CaseIterable, Sendable { case top, percentile, random }

    var count: Int {
      switch self {
      case .top(let count), .percentile(let count), .random(let count): count
      case .indices(let indices): indices.count
      }
    }

    /// The same choice with at most `most` samples. Named samples stay.
    func limited(to most: Int) -> Candidates {
      switch self {
      case .top(let count): .top(min(count, most))
      case .percentile(let count): .percentile(min(count, most))
      case .random(let count): .random(min(count, most))
      case .indices: self
      }
    }
  }

  /// Groups of training samples that are left out together.
  public enum Groups: Hashable, Sendable {
    /// Random subsets, each of this share of the training samples.
    case share(Double, count: Int)
    /// Random subsets, each with this number of training samples.
    case size(Int, count: Int)
    case lists([[Int]])
  }

  /// The weights from which trainings without a sample start.
  public enum Start: String, CaseIterable, Sendable {
    /// The checkpoint's weights.
    case checkpoint
    /// The model's initial weights.
    case scratch
  }

  /// How long they last.
  public enum Length: Hashable, Sendable {
    /// Minibatch steps, or iterations of a minimiser.
    case steps(Int)
    /// Share of the recipe's.
    case fraction(Double)
  }

  public var test: TestChoice
  /// Nil if the request has only groups.
  public var candidates: Candidates?
  /// Whether no request named a count. Such a count gives way if there are fewer samples.
  var countIsStandard = Unwritten(false)
  public var groups: Groups?
  /// Whether the change of θ is estimated for every candidate. This takes one solve a candidate; changes of
  /// losses take one solve a test point. Nil until `resolve` fills it in.
  public var norms: Bool?
  /// Whether groups also get the estimate with the curvature of the remaining samples.
  public var newton: Bool
  public var start: Start
  /// Nil until `resolve` fills it in.
  public var length: Length?
  /// The learning rate of the trainings as a share of the recipe's rate; 1 for a minimiser. Nil until
  /// `resolve` fills it in.
  public var rate: Double?
  /// In place of the model's own recipe.
  public var training: TrainingRecipe?
  public var curvature: CurvatureRequest

  public init(
    test: TestChoice = TestChoice(), candidates: Candidates? = .top(standardCount), groups: Groups? = nil,
    norms: Bool? = nil, newton: Bool = true, start: Start = .checkpoint, length: Length? = nil,
    rate: Double? = nil, training: TrainingRecipe? = nil,
    curvature: CurvatureRequest = .ranking
  ) {
    self.test = test
    self.candidates = candidates
    self.groups = groups
    self.norms = norms
    self.newton = newton
    self.start = start
    self.length = length
    self.rate = rate
    self.training = training
    self.curvature = curvature
  }

  public static let standardCount = 40
  /// Steps of a descent from the checkpoint, as a share of the recipe's (Basu, Pope and Feizi 2021, §5).
  public static let standardFraction = 0.06
  /// The fewest epochs of a descent from the checkpoint, if the recipe has as many. With fewer epochs some
  /// samples are in no minibatch, and leaving them out changes nothing.
  public static let fewestEpochs = 2.0
  /// The share of the rate for a descent from the checkpoint whose schedule begins anew. A cosine schedule
  /// ended near a rate of 0. The full rate would throw the weights far off, and no two trainings would end
  /// near each other.
  public static let standardRate = 0.1
  public static let mostTests = 1000
  public static let mostCandidates = 10_000
  public static let mostGroups = 10_000
  /// The most rows of all test points together.
  static let mostPairs = 200_000
}
