import Synchronization
import Tensor

/// A set of samples to train and test on. It is immutable, and copies share their samples.
public struct Dataset: Sendable {
  /// The task.
  public enum Kind: Hashable, Sendable {
    /// To name one of `classes` classes, 0 ..< classes, with names if the source has them.
    case classification(classes: Int, names: [String]?)
    /// To predict a vector of `outputs` numbers.
    case regression(outputs: Int)
    /// To name a class for each of `count` positions of a sample.
    case labelling(classes: Int, names: [String]?, count: Int)

    /// The targets in a sentence.
    var words: String {
      switch self {
      case .classification: "classes"
      case .labelling: "a class a position"
      case .regression: "regression targets"
      }
    }

    /// The names of the classes, if the source has them.
    public var classNames: [String]? {
      switch self {
      case .classification(_, let names), .labelling(_, let names, _): names
      case .regression: nil
      }
    }
  }

  /// The name a user gave it.
  public let name: String
  /// The shape of one sample.
  public let shape: Shape
  public let kind: Kind
  public let train: Split
  /// May be empty.
  public let test: Split
  public let normalization: Normalization
  /// The origin of the set, its licence, and the changes made to it; sentences for a reader.
  public let source: String
  /// The poisoning of the training samples; nil for none.
  public let poisoning: Poisoning?
  /// The unit of inputs in results.
  public let unit: InputUnit
  /// Remarks of the reader of the source for a user. `warnings` has these and more.
  let remarks: [String]
  let lazily: Lazily

  /// The unit of inputs in results that hold samples, such as an attack's.
  public enum InputUnit: Sendable {
    /// The values before the network's normalization: 0…1 for pictures of bytes in IDX, CIFAR-10 and
    /// `digits`.
    case scaled
    /// The values of the arrays that the set was made of: 0…255 for bytes.
    case stored
  }

  init(
    name: String, shape: Shape, kind: Kind, train: Split, test: Split, normalization: Normalization,
    source: String, poisoning: Poisoning? = nil, unit: InputUnit = .scaled, remarks: [String] = []
  ) {
    precondition(train.shape == shape && test.shape == shape, "Splits have the shape of their set.")
    self.name = name
    self.shape = shape
    self.kind = kind
    self.train = train
    self.test = test
    self.normalization = normalization
    self.source = source
    self.poisoning = poisoning
    self.unit = unit
    self.remarks = remarks
    lazily = Lazily()
  }

  /// The same set with some parts replaced.
  func with(
    name: String? = nil, kind: Kind? = nil, train: Split? = nil, test: Split? = nil,
    normalization: Normalization? = nil, source: String? = nil, poisoning: Poisoning?? = nil,
    unit: InputUnit? = nil, remarks: [String]? = nil
  ) -> Dataset {
    Dataset(
      name: name ?? self.name, shape: shape, kind: kind ?? self.kind, train: train ?? self.train,
      test: test ?? self.test, normalization: normalization ?? self.normalization,
      source: source ?? self.source, poisoning: poisoning ?? self.poisoning, unit: unit ?? self.unit,
      remarks: remarks ?? self.remarks)
  }

  /// The number of outputs of a network for this set: classes, or regression outputs.
  public var outputs: Int {
    switch kind {
    case .classification(let classes, _): classes
    case .regression(let outputs): outputs
    case .labelling(let classes, _, let count): classes * count
    }
  }

  /// Whether samples have positions, so that they can be shown as pictures.
  public var isPictures: Bool { !shape.isVector }

  /// Counts and moments of both splits. Computed once, when first asked for.
  public var statistics: Statistics {
    lazily.statistics.withLock { known in
      if let known { return known }
      let computed = Statistics(of: self)
      known = computed
      return computed
    }
  }

  /// SHA-256 of the content, 64 hexadecimal digits. It covers shape, kind and normalization, and all inputs,
  /// labels, targets, true labels and groups of both splits, but not the name and the sentences on the
  /// source. Computed once, when first asked for.
  public var sha256: String {
    lazily.digest.withLock { known in
      if let known { return known }
      let computed = contentDigest()
      known = computed
      return computed
    }
  }

  /// The same set under another name.
  public func named(_ name: String) -> Dataset { with(name: name) }

  /// Values that are computed once, when first asked for.
  final class Lazily: Sendable {
    let statistics = Mutex<Statistics?>(nil)
    let digest = Mutex<String?>(nil)
    let observedRange = Mutex<ClosedRange<Double>??>(nil)
    let overflow = Mutex<InputOverflow??>(nil)
    let wholeNumbers = Mutex<[ClosedRange<Int>?]??>(nil)
  }
}

extension Dataset {
  /// The inputs and labels or targets of one split, before a normalization is known.
  struct Part {
    var storage: SampleStorage
    var labels: [Int32] = []
    var targets: Tensor<Double>?
    var positions: PositionLabels?
    var groups: [SampleGroup: [Int]] = [:]

    func split(_ shape: Shape, _ map: ValueMap) -> Split {
      Split(
        shape: shape, storage: storage, labels: labels, targets: targets, positions: positions,
        groups: groups, map: map)
    }
  }

  /// A set of two parts. With `standardized` each channel is standardised by the training part.
  init(
    name: String, shape: Shape, kind: Kind, train: Part, test: Part, scale: Double, standardized: Bool,
    source: String, unit: InputUnit = .scaled, remarks: [String] = []
  ) {
    let normalization =
      standardized
      ? Normalization.standardizing(
        ChannelMoments(train.storage, shape: shape, scale: scale), scale: scale)
      : Normalization.none(channels: shape.channels, scale: scale)
    let map = ValueMap(normalization, shape: shape)
    self.init(
      name: name, shape: shape, kind: kind, train: train.split(shape, map), test: test.split(shape, map),
      normalization: normalization, source: source, unit: unit, remarks: remarks)
  }
}
