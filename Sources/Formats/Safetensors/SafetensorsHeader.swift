/// The header of a safetensors file: name, element type, shape and place of every tensor.
///
/// Source: the format section of the safetensors project. A file is 8 bytes of header length (little-endian),
/// the header in JSON, and the data. The tensors cover the data without gaps or overlaps.
public struct SafetensorsHeader: Equatable, Sendable {
  /// The element types of the format with whole bytes, in the format's own order, which its writers sort by.
  public enum DType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8e5m2 = "F8_E5M2"
    case float8e4m3 = "F8_E4M3"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// Bytes of an element.
    public var byteCount: Int {
      switch self {
      case .bool, .uint8, .int8, .float8e5m2, .float8e4m3: 1
      case .int16, .uint16, .float16, .bfloat16: 2
      case .int32, .uint32, .float32: 4
      case .float64, .int64, .uint64: 8
      }
    }
  }

  /// One tensor and the bytes `begin..<end` of the data that are its elements, row-major, little-endian.
  public struct Tensor: Equatable, Sendable {
    public let name: String
    public let dtype: DType
    public let shape: [Int]
    public let begin: Int
    public let end: Int

    /// The product of the shape; 1 for a scalar.
    public var elementCount: Int { byteCount / dtype.byteCount }
    public var byteCount: Int { end - begin }
  }

  /// A tensor that will be written, before it has a place.
  public struct Declaration: Equatable, Sendable {
    public let name: String
    public let dtype: DType
    public let shape: [Int]

    public init(name: String, dtype: DType, shape: [Int]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// Limits for files of others. The format itself allows headers of 100 MB.
  public struct Limits: Sendable {
    /// Bytes of the JSON text. ResNet-50's is 30 kB.
    public var headerByteCount = 1 << 20
    public var tensors = 10_000
    public var dimensions = 16

    public init() {}
  }

  /// The tensors in the order of their data.
  public let tensors: [Tensor]
  /// The free text under `__metadata__`.
  public let metadata: [String: String]
  /// Bytes of the data.
  public let dataByteCount: Int

  /// The header of a new file, whose data follow in the order of `tensors`. That is by falling element type
  /// in the format's order, so that every tensor is aligned, then by the bytes of the name. The order of
  /// `declarations` does not matter.
  ///
  /// - Throws: `SafetensorsError.duplicateKey`, `.tooLarge`.
  public init(_ declarations: [Declaration], metadata: [String: String] = [:]) throws(SafetensorsError) {
    let ranks = Dictionary(uniqueKeysWithValues: DType.allCases.enumerated().map { ($1, $0) })
    let sorted = declarations.sorted { left, right in
      left.dtype == right.dtype
        ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        : ranks[left.dtype, default: 0] > ranks[right.dtype, default: 0]
    }
    var names: Set<[UInt8]> = [Array(Self.metadataName.utf8)]
    var tensors: [Tensor] = []
    tensors.reserveCapacity(sorted.count)
    var offset = 0
    for declaration in sorted {
      guard names.insert(Array(declaration.name.utf8)).inserted else {
        throw .duplicateKey(declaration.name)
      }
      let count = try Self.byteCount(
        tensor: declaration.name, dtype: declaration.dtype, shape: declaration.shape)
      let (end, overflow) = offset.addingReportingOverflow(count)
      guard !overflow else { throw .tooLarge(tensor: declaration.name, shape: declaration.shape) }
      tensors.append(
        Tensor(
          name: declaration.name, dtype: declaration.dtype, shape: declaration.shape, begin: offset, end: end)
      )
      offset = end
    }
    self.tensors = tensors
    self.metadata = metadata
    dataByteCount = offset
  }

  /// Checks that parsed tensors cover the data from 0 on, each with the length of its dtype and shape.
  init(parsed: [Tensor], metadata: [String: String]) throws(SafetensorsError) {
    let sorted = parsed.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var offset = 0
    for tensor in sorted {
      guard tensor.begin <= tensor.end else {
        throw .offsets(tensor: tensor.name, begin: tensor.begin, end: tensor.end)
      }
      let expected = try Self.byteCount(tensor: tensor.name, dtype: tensor.dtype, shape: tensor.shape)
      guard tensor.byteCount == expected else {
        throw .byteCount(tensor: tensor.name, found: tensor.byteCount, expected: expected)
      }
      guard tensor.begin == offset else {
        throw .notContiguous(tensor: tensor.name, begin: tensor.begin, expected: offset)
      }
      offset = tensor.end
    }
    tensors = sorted
    self.metadata = metadata
    dataByteCount = offset
  }

  /// A negative extent counts as too large. It comes only from a program.
  private static func byteCount(tensor: String, dtype: DType, shape: [Int]) throws(SafetensorsError) -> Int {
    var count = dtype.byteCount
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow else { throw .tooLarge(tensor: tensor, shape: shape) }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}
