/// A tensor of an ONNX file: its type and sizes, and where its numbers lie in the file.
public struct ONNXTensor: Equatable, Sendable {
  /// `TensorProto.DataType`.
  public enum ElementType: Equatable, Sendable {
    case float32, float64, float16, bfloat16
    case int8, int16, int32, int64, uint8, uint16, uint32, uint64
    case bool
    /// Texts, complex numbers, numbers of 8 bits and less with a fraction.
    case other(Int)

    init(code: Int) {
      self = Self.byCode[code] ?? .other(code)
    }

    private static let byCode: [Int: ElementType] = [
      1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
      11: .float64, 12: .uint32, 13: .uint64, 16: .bfloat16,
    ]

    /// Bytes of an element; nil for types that are not read.
    public var byteCount: Int? {
      switch self {
      case .int8, .uint8, .bool: 1
      case .float16, .bfloat16, .int16, .uint16: 2
      case .float32, .int32, .uint32: 4
      case .float64, .int64, .uint64: 8
      case .other: nil
      }
    }

    /// Whether numbers may have a fraction.
    public var isFloating: Bool {
      switch self {
      case .float32, .float64, .float16, .bfloat16: true
      default: false
      }
    }

    public var words: String {
      if case .other(let code) = self {
        return code == 8 ? "string" : "number \(code) of TensorProto.DataType"
      }
      return "\(self)"
    }
  }

  /// The place of the numbers in the file.
  enum Storage: Equatable, Sendable {
    /// `raw_data`: little-endian numbers.
    case raw(Range<Int>)
    /// `float_data` or `double_data`: little-endian numbers in one or several pieces.
    case fixed([Range<Int>])
    /// `int32_data`, `int64_data` or `uint64_data`: varints in one or several pieces.
    case varints([Range<Int>])
  }

  public let name: String
  public let type: ElementType
  public let shape: [Int]
  let storage: Storage
  /// The place of the whole message; empty for numbers of an attribute.
  let message: Range<Int>

  /// The product of the shape; 1 for a scalar.
  public var count: Int { shape.reduce(1, *) }

  /// The same tensor under another name.
  func named(_ name: String) -> ONNXTensor {
    ONNXTensor(name: name, type: type, shape: shape, storage: storage, message: message)
  }

  private init(name: String, type: ElementType, shape: [Int], storage: Storage, message: Range<Int>) {
    self.name = name
    self.type = type
    self.shape = shape
    self.storage = storage
    self.message = message
  }

  /// Numbers of an attribute.
  init(name: String, floats: [Range<Int>], count: Int) {
    self.name = name
    type = .float32
    shape = [count]
    storage = .fixed(floats)
    message = 0..<0
  }
}

extension ONNXTensor {
  /// Reads a `TensorProto`.
  /// - Parameter refusals: gets what cannot be used of a file that is in order.
  init(
    _ bytes: [UInt8], _ message: Range<Int>, name usual: String, _ refusals: inout [ONNXRefusal]
  ) throws(ONNXError) {
    var reader = ProtobufReader(bytes, message)
    var name = usual
    var sizes: [Int64] = []
    var code = 0
    var raw: Range<Int>?
    var lists: [Int: [Range<Int>]] = [:]
    var isExternal = false
    while let field = try reader.next() {
      switch field.number {
      case 1:
        var list = ProtobufReader(bytes, try field.varints("the dims of a tensor", bytes))
        while list.position < list.end {
          guard sizes.count < ONNXLimits.dimensions else {
            throw .tooMany(offset: field.offset, what: "dims of a tensor", limit: ONNXLimits.dimensions)
          }
          sizes.append(Int64(bitPattern: try list.varint()))
        }
      case 2: code = Int(clamping: try field.integer("the data_type of a tensor"))
      case 4: lists[4, default: []].append(try field.numbers(4, "float_data"))
      case 5, 7, 11: lists[field.number, default: []].append(try field.varints("the data of a tensor", bytes))
      case 8: name = try field.text("the name of a tensor", bytes)
      case 9: raw = try field.range("raw_data")
      case 10: lists[10, default: []].append(try field.numbers(8, "double_data"))
      case 13: isExternal = true
      case 14: isExternal = try field.integer("data_location") == 1 || isExternal
      default: break
      }
    }
    self.name = name
    self.message = message
    type = ElementType(code: code)
    let offset = message.lowerBound
    var count = 1
    var shape: [Int] = []
    for size in sizes {
      // A size of 0 hides no others.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(Int(size), 1))
      guard size >= 0, !overflow, product < 1 << 59 else {
        throw .dimensions(tensor: name, offset: offset, shape: sizes)
      }
      count = product
      shape.append(Int(size))
    }
    if shape.contains(0) { count = 0 }
    self.shape = shape
    storage = raw.map { .raw($0) } ?? Self.storage(lists, type)
    if isExternal {
      refusals.append(
        ONNXRefusal(
          place: name,
          reason: "its numbers lie in another file; save the model with all of its data in one file"))
      return
    }
    guard let byteCount = type.byteCount else { return }
    let (found, expected) = storedCount(bytes, byteCount)
    guard found == expected else {
      throw .count(tensor: name, offset: offset, found: found, expected: expected)
    }
  }

  private static func storage(_ lists: [Int: [Range<Int>]], _ type: ElementType) -> Storage {
    switch type {
    case .float32: .fixed(lists[4] ?? [])
    case .float64: .fixed(lists[10] ?? [])
    case .int64: .varints(lists[7] ?? [])
    case .uint32, .uint64: .varints(lists[11] ?? [])
    case .float16, .bfloat16, .int8, .int16, .int32, .uint8, .uint16, .bool: .varints(lists[5] ?? [])
    case .other: .fixed([])
    }
  }

  /// The bytes or numbers that are stored, and how many there must be.
  private func storedCount(_ bytes: [UInt8], _ size: Int) -> (found: Int, expected: Int) {
    switch storage {
    case .raw(let range): return (range.count, count * size)
    case .fixed(let pieces): return (pieces.reduce(0) { $0 + $1.count }, count * size)
    case .varints(let pieces):
      var found = 0
      for piece in pieces { for place in piece where bytes[place] & 0x80 == 0 { found += 1 } }
      return (found, count)
    }
  }
}
