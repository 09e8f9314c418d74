import Tensor

/// The outputs that a network should give for a set of samples.
public enum Targets: Sendable, Equatable {
  /// The class of every sample.
  case classes([Int32])
  /// A row of values for each sample, row-major.
  case values([Double], columns: Int)

  public var count: Int {
    switch self {
    case .classes(let labels): labels.count
    case .values(let values, let columns): values.count / columns
    }
  }

  /// The targets at the given places.
  public func selecting(_ indices: [Int]) -> Targets {
    switch self {
    case .classes(let labels): return .classes(indices.map { labels[$0] })
    case .values(let values, let columns):
      return .values(indices.flatMap { values[$0 * columns..<($0 + 1) * columns] }, columns: columns)
    }
  }
}

/// A source of samples. Passes copy one shard at a time, so that a data set can stay in its compact form.
public protocol SampleSource: Sendable {
  var count: Int { get }
  var shape: Shape { get }
  /// Writes the inputs of the samples at `indices`, channels-last, one after the other.
  func copyInputs<Element: Scalar>(_ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>)
}

/// A set of samples that a computation runs over: places in a source, and a target for each.
public struct Samples: Sendable {
  public let source: any SampleSource
  public let indices: [Int]
  /// A target for each of `indices`.
  public let targets: Targets

  /// - Precondition: there are as many targets as indices.
  public init(source: any SampleSource, indices: [Int], targets: Targets) {
    precondition(targets.count == indices.count, "Every sample needs one target.")
    self.source = source
    self.indices = indices
    self.targets = targets
  }

  public var count: Int { indices.count }

  /// The samples at the given places of this set.
  public func selecting(_ places: [Int]) -> Samples {
    Samples(source: source, indices: places.map { indices[$0] }, targets: targets.selecting(places))
  }

  /// This set followed by another of the same source.
  public func appending(_ other: Samples) -> Samples {
    let targets: Targets
    switch (self.targets, other.targets) {
    case (.classes(let a), .classes(let b)): targets = .classes(a + b)
    case (.values(let a, let columns), .values(let b, _)): targets = .values(a + b, columns: columns)
    default: preconditionFailure("Sets with targets of different kinds cannot be joined.")
    }
    return Samples(source: source, indices: indices + other.indices, targets: targets)
  }
}

/// Samples held as a tensor of inputs (n, then the shape channels-last).
public struct TensorSource<Stored: Scalar>: SampleSource {
  public let inputs: [Stored]
  public let shape: Shape
  public var count: Int { inputs.count / shape.count }

  public init(inputs: [Stored], shape: Shape) {
    self.inputs = inputs
    self.shape = shape
  }

  public func copyInputs<Element: Scalar>(
    _ indices: ArraySlice<Int>, into target: UnsafeMutablePointer<Element>
  ) {
    let size = shape.count
    inputs.withUnsafeBufferPointer { inputs in
      var row = target
      for index in indices {
        precondition(index >= 0 && (index + 1) * size <= inputs.count, "There is no sample \(index).")
        row.update(converting: inputs.start + index * size, count: size)
        row += size
      }
    }
  }
}
