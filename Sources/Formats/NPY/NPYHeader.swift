/// The header of an `.npy` file: element type and shape, and the layout of the elements in the file.
///
/// Elements are written little-endian in C order. Other layouts are read too if no value changes
/// (`NPYStorage`).
///
/// Source: NumPy's `numpy.lib.format` (NEP 1), versions 1.0, 2.0 and 3.0.
public struct NPYHeader: Hashable, Sendable {
  /// The element types that values are read as and written in.
  public enum DType: String, Sendable, CaseIterable {
    case float32 = "<f4"
    case float64 = "<f8"
    case uint8 = "|u1"
    case int32 = "<i4"
    case int64 = "<i8"

    /// Bytes of an element.
    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }

    /// NumPy's name: `float32`, `uint8`, ….
    public var name: String { "\(self)" }
  }

  /// The limit of NumPy up to its version 1.
  public static let maximumDimensions = 32
  /// The most bytes of a header that is read. A shape of 32 dimensions needs under 1,000.
  public static let maximumByteCount = 65536

  /// The type that the elements are read as.
  public let dtype: DType
  /// The layout of the elements in the file.
  public let storage: NPYStorage
  public let shape: [Int]
  /// The product of the shape; 1 for a scalar, whose shape is empty.
  public let elementCount: Int

  /// - Throws: `NPYError.tooManyDimensions`, `.malformedHeader` for a negative extent, `.tooLarge` if the
  ///   bytes of the array would not fit an `Int`.
  public init(dtype: DType, shape: [Int]) throws(NPYError) {
    try self.init(dtype: dtype, storage: NPYStorage(dtype), shape: shape)
  }

  init(dtype: DType, storage: NPYStorage, shape: [Int]) throws(NPYError) {
    guard shape.count <= Self.maximumDimensions else {
      throw .tooManyDimensions(found: shape.count, limit: Self.maximumDimensions)
    }
    // Zero extents are left out of the overflow check's product, so (0, 2⁶², 2⁶²) is refused as well.
    var extent = dtype.byteCount
    for dimension in shape {
      guard dimension >= 0 else {
        throw .malformedHeader("shape \(shape) has a negative extent; extents are 0 or more")
      }
      let (product, overflow) = extent.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else { throw .tooLarge(shape: shape) }
      extent = product
    }
    self.dtype = dtype
    self.storage = storage
    self.shape = shape
    elementCount = shape.contains(0) ? 0 : extent / dtype.byteCount
  }

  /// Bytes of the data that follow the header.
  public var dataByteCount: Int { elementCount * storage.byteCount }

  /// Bytes of the elements after reading.
  public var readByteCount: Int { elementCount * dtype.byteCount }

  /// Whether the file has the layout that this program writes.
  public var isNative: Bool { storage == NPYStorage(dtype) }

  /// The conversion that reading makes, as a sentence for the sender; nil for none. It changes no value.
  public var conversion: String? {
    let isConverted = storage.descr != dtype.rawValue
    guard isConverted || storage.isFortranOrder else { return nil }
    var changes: [String] = []
    if isConverted { changes.append("stored as '\(storage.descr)' and read as \(dtype.name)") }
    if storage.isFortranOrder { changes.append("stored in Fortran order and read in C order") }
    return changes.joined(separator: ", ") + "; every value is the same"
  }

  /// - Throws: `NPYError.dataLength` unless exactly the announced bytes are there.
  public func checkData(byteCount: Int) throws(NPYError) {
    guard byteCount == dataByteCount else { throw .dataLength(found: byteCount, expected: dataByteCount) }
  }
}
