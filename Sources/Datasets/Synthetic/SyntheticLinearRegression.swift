import JSON
import Tensor

/// Points of a linear model, some of them of another one: the experiment of Lyu et al. 2023 (1,000 points,
/// 200 of them heterogeneous).
///
/// Features are normal with variance 1 and a correlation between each two, so that the parameters depend on
/// each other. y = wᵀx + b + noise·ε with ε standard normal. A heterogeneous point has w′ = −w and b′ = b +
/// 1. w and b are drawn standard normal.
public struct SyntheticLinearRegression: DatasetRecipe {
  /// The number of training points.
  public var samples: Int
  /// The number of heterogeneous points, which are the last ones.
  public var heterogeneous: Int
  /// The number of test points. None is heterogeneous.
  public var testSamples: Int
  public var dimensions: Int
  /// The standard deviation of the noise.
  public var noise: Double
  /// The correlation between each two features, 0 ..< 1.
  public var correlation: Double
  public var seed: UInt64

  public static let noises = NumberRange.notNegative
  public static let correlations = NumberRange.properShare

  public init(
    samples: Int = 1000, heterogeneous: Int? = nil, testSamples: Int? = nil, dimensions: Int = 5,
    noise: Double = 0.1, correlation: Double = 0.5, seed: UInt64 = 0
  ) {
    self.samples = samples
    self.heterogeneous = heterogeneous ?? Self.fifth(of: samples)
    self.testSamples = testSamples ?? Self.fifth(of: samples)
    self.dimensions = dimensions
    self.noise = noise
    self.correlation = correlation
    self.seed = seed
  }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.synthetic(self, name: name) }

  /// All faults of these parameters.
  public var faults: [ParameterFault] {
    var faults = sizeFaults(samples: samples, testSamples: testSamples, dimensions: dimensions)
    if heterogeneous < 0 || heterogeneous > max(0, samples) {
      faults.append(
        ParameterFault("heterogeneous", "must be 0 to the number of samples, got \(heterogeneous)"))
    }
    if !Self.noises.contains(noise) {
      faults.append(ParameterFault("noise", "must be 0 or a positive number, got \(noise)"))
    }
    if !Self.correlations.contains(correlation) {
      faults.append(ParameterFault("correlation", "must be at least 0 and less than 1, got \(correlation)"))
    }
    return faults
  }
}

extension Dataset {
  /// Draws the points. `train.indices(of: .heterogeneous)` gives the heterogeneous ones. Values are not
  /// normalized.
  ///
  /// - Throws: `DatasetError.parameters`.
  public static func synthetic(
    _ recipe: SyntheticLinearRegression, name: String
  ) throws(DatasetError) -> Dataset {
    let faults = recipe.faults
    if !faults.isEmpty { throw .parameters(faults) }
    var coefficients = RandomStream(seed: recipe.seed, purpose: "linear-regression coefficients")
    let weights = (0..<recipe.dimensions).map { _ in coefficients.normal() }
    let bias = coefficients.normal()
    func part(_ count: Int, heterogeneous: Int, purpose: String) -> Part {
      var stream = RandomStream(seed: recipe.seed, purpose: purpose)
      var inputs: [Double] = []
      var targets: [Double] = []
      inputs.reserveCapacity(count * recipe.dimensions)
      let common = recipe.correlation.squareRoot()
      let own = (1 - recipe.correlation).squareRoot()
      for index in 0..<count {
        let shared = stream.normal()
        var response = 0.0
        for weight in weights {
          let value = common * shared + own * stream.normal()
          inputs.append(value)
          response += weight * value
        }
        let foreign = index >= count - heterogeneous
        targets.append((foreign ? 1 - response : response) + bias + recipe.noise * stream.normal())
      }
      return Part(
        storage: .float64(inputs), targets: Tensor(shape: [count, 1], elements: targets),
        groups: [.heterogeneous: Array(count - heterogeneous..<count)])
    }
    return Dataset(
      name: name, shape: Shape(features: recipe.dimensions), kind: .regression(outputs: 1),
      train: part(
        recipe.samples, heterogeneous: recipe.heterogeneous, purpose: "linear-regression train"),
      test: part(recipe.testSamples, heterogeneous: 0, purpose: "linear-regression test"), scale: 1,
      standardized: false,
      source: "Generated: linear regression after Lyu et al. 2023, \(recipe.samples) points in"
        + " \(recipe.dimensions) dimensions, the last \(recipe.heterogeneous) heterogeneous (seed \(recipe.seed))."
    )
  }
}

extension DatasetRecipe {
  /// The number of test samples, or of special samples, of a generated set if nobody says. The number is in
  /// its range even if `samples` is not, so that one wrong value is one fault.
  public static func fifth(of samples: Int) -> Int {
    min(max(0, samples), ParameterRanges.samples.upperBound) / 5
  }
}

/// All faults of the sizes of a generated set.
func sizeFaults(samples: Int, testSamples: Int, dimensions: Int) -> [ParameterFault] {
  var faults =
    ParameterFault.outside("samples", samples, in: ParameterRanges.samples)
    + ParameterFault.outside("test_samples", testSamples, in: ParameterRanges.testSamples)
    + ParameterFault.outside("dimensions", dimensions, in: ParameterRanges.dimensions)
  if faults.isEmpty, (samples + testSamples) * dimensions > 1 << 27 {
    faults.append(
      ParameterFault("samples", "times dimensions must be at most \(1 << 27), got more"))
  }
  return faults
}
