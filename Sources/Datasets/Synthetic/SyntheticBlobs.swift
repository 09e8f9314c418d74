import JSON
import Tensor

/// Gaussian clusters, one for each class. Centres are uniform in a cube of side 2 about the origin, and
/// samples are normal about them.
public struct SyntheticBlobs: DatasetRecipe {
  /// The number of training samples. Sample i is of class i modulo the number of classes.
  public var samples: Int
  public var testSamples: Int
  public var classes: Int
  public var dimensions: Int
  /// The shape of the samples as pictures, with as many values as dimensions; nil for vectors.
  public var pictureShape: Shape?
  /// The standard deviation of a cluster in every dimension.
  public var spread: Double
  public var seed: UInt64

  public static let spreads = NumberRange.notNegative

  public init(
    samples: Int = 1000, testSamples: Int? = nil, classes: Int = 3, dimensions: Int = 2, spread: Double = 0.3,
    seed: UInt64 = 0
  ) {
    self.samples = samples
    self.testSamples = testSamples ?? Self.fifth(of: samples)
    self.classes = classes
    self.dimensions = dimensions
    self.spread = spread
    self.seed = seed
  }

  /// Clusters of pictures instead of vectors.
  public init(
    samples: Int = 1000, testSamples: Int? = nil, classes: Int = 3, pictures shape: Shape,
    spread: Double = 0.3, seed: UInt64 = 0
  ) {
    self.init(samples: samples, testSamples: testSamples, classes: classes, spread: spread, seed: seed)
    setPictures(shape)
  }

  /// Makes the samples pictures of that shape.
  public mutating func setPictures(_ shape: Shape) {
    pictureShape = shape
    // A shape that is too large to count has too many dimensions for `faults`.
    dimensions = isReasonable(shape) ? shape.count : .max
  }

  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset { try Dataset.synthetic(self, name: name) }

  /// All faults of these parameters.
  public var faults: [ParameterFault] {
    var faults = sizeFaults(samples: samples, testSamples: testSamples, dimensions: dimensions)
    // A wrong number of samples is a fault of its own, and says nothing about the classes.
    let most = ParameterRanges.samples.contains(samples) ? min(mostClasses, max(2, samples)) : mostClasses
    if classes < 2 || classes > most {
      faults.append(
        ParameterFault("classes", "must be 2 to \(most), at most the samples, got \(classes)"))
    } else if ParameterRanges.dimensions.contains(dimensions), classes * dimensions > 1 << 27 {
      faults.append(ParameterFault("classes", "times dimensions must be at most \(1 << 27), got more"))
    }
    if !Self.spreads.contains(spread) {
      faults.append(ParameterFault("spread", "must be 0 or a positive number, got \(spread)"))
    }
    return faults
  }
}

extension Dataset {
  /// Draws the samples. Values are not normalized.
  ///
  /// - Throws: `DatasetError.parameters`.
  public static func synthetic(_ recipe: SyntheticBlobs, name: String) throws(DatasetError) -> Dataset {
    let faults = recipe.faults
    if !faults.isEmpty { throw .parameters(faults) }
    var centreStream = RandomStream(seed: recipe.seed, purpose: "blobs centres")
    let centres = (0..<recipe.classes * recipe.dimensions).map { _ in centreStream.uniform(in: -1..<1) }
    func part(_ count: Int, purpose: String) -> Part {
      var stream = RandomStream(seed: recipe.seed, purpose: purpose)
      var inputs: [Double] = []
      inputs.reserveCapacity(count * recipe.dimensions)
      for index in 0..<count {
        let start = index % recipe.classes * recipe.dimensions
        for position in start..<start + recipe.dimensions {
          inputs.append(centres[position] + recipe.spread * stream.normal())
        }
      }
      return Part(
        storage: .float64(inputs), labels: (0..<count).map { Int32($0 % recipe.classes) })
    }
    return Dataset(
      name: name, shape: recipe.pictureShape ?? Shape(features: recipe.dimensions),
      kind: .classification(classes: recipe.classes, names: nil),
      train: part(recipe.samples, purpose: "blobs train"),
      test: part(recipe.testSamples, purpose: "blobs test"), scale: 1, standardized: false,
      source: "Generated: \(recipe.classes) Gaussian clusters in \(recipe.dimensions) dimensions, spread"
        + " \(recipe.spread) (seed \(recipe.seed)).")
  }
}
