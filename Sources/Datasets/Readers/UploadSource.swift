/// Arrays that a client uploads one after the other. The store of the arrays makes the set.
public struct UploadSource: DatasetRecipe {
  public var reading: ArrayReading

  public init(reading: ArrayReading = ArrayReading()) { self.reading = reading }

  public var faults: [ParameterFault] { reading.faults }

  /// Throws: there are no arrays here.
  public func dataset(
    named name: String, in directory: DataDirectory, base: (String) throws -> Dataset
  ) throws -> Dataset {
    throw DatasetError.parameters([
      ParameterFault("format", "\"upload\" is made of arrays that are sent by PUT")
    ])
  }
}
