import Tensor

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
    Samples(
      source: source, indices: indices + other.indices, targets: targets.appending(other.targets))
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
