/// Everything that a set can be made from on the server, with all parameters. The same source gives the same
/// set, bit for bit, while the files that it names stay the same.
public indirect enum DatasetSource: Equatable, Sendable {
  case builtIn(BuiltInSet, test: BuiltInSet.TestSplit)
  case idx(IDXSource)
  /// A folder of the data directory.
  case cifar10(path: String)
  case csv(CSVSource)
  case npy(NPYSource)
  case linearRegression(SyntheticLinearRegression)
  case blobs(SyntheticBlobs)
  /// Changes to another set, in order.
  case derived(of: String, [Derivation])
  /// Arrays that a client uploads one after the other. `dataset` does not make the set: the store of the
  /// arrays does.
  case upload(UploadSource)
  /// The set of another source with another normalization.
  case normalized(DatasetSource, by: NormalizationChoice)

  /// Makes the set.
  ///
  /// - Parameter base: gives the base of a derived set.
  /// - Throws: `DatasetError`, and the errors of `base`.
  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset {
    switch self {
    case .builtIn(let set, let test): try Dataset.builtIn(set, name: name, test: test)
    case .idx(let source): try Dataset.idx(source, name: name, in: directory)
    case .cifar10(let path): try Dataset.cifar10(path: path, name: name, in: directory)
    case .csv(let source): try Dataset.csv(source, name: name, in: directory)
    case .npy(let source): try Dataset.npy(source, name: name, in: directory)
    case .linearRegression(let recipe): try Dataset.synthetic(recipe, name: name)
    case .blobs(let recipe): try Dataset.synthetic(recipe, name: name)
    case .derived(let of, let derivations):
      try derivations.reduce(base(of)) { try $0.derived($1) }.named(name)
    case .upload:
      throw DatasetError.parameters([
        ParameterFault("format", "\"upload\" is made of arrays that are sent by PUT")
      ])
    case .normalized(let source, let choice):
      try source.dataset(named: name, in: directory, base: base).normalized(choice)
    }
  }

  /// The set that this one is derived from.
  public var base: String? {
    switch self {
    case .derived(let of, _): of
    case .normalized(let source, _): source.base
    default: nil
    }
  }
}

/// The options of a client for arrays that it uploads.
public struct UploadSource: Equatable, Sendable {
  public var reading: ArrayReading
  public var normalization: NormalizationChoice

  public init(reading: ArrayReading = ArrayReading(), normalization: NormalizationChoice = .none) {
    self.reading = reading
    self.normalization = normalization
  }
}

/// One change to a set.
public enum Derivation: Equatable, Sendable {
  case poison(Poison)
  case relabel(Relabel)
  case take(Take)
  /// These classes, relabelled 0 ..< k in this order.
  case classes([Int])
}

extension Dataset {
  /// The set with that change.
  ///
  /// - Throws: `DatasetError.parameters`, with all faults.
  public func derived(_ derivation: Derivation) throws(DatasetError) -> Dataset {
    switch derivation {
    case .poison(let poison): try poisoned(poison)
    case .relabel(let relabel): try relabeled(relabel)
    case .take(let take): try taking(take)
    case .classes(let classes): try selectingClasses(classes)
    }
  }
}
