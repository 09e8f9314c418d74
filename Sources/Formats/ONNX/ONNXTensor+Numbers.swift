extension ONNXModel {
  /// The numbers of a tensor; nil if its type is not read.
  ///
  /// Whole numbers beyond 2⁵³ are rounded.
  public func numbers(of tensor: ONNXTensor) -> [Double]? {
    guard let size = tensor.type.byteCount else { return nil }
    var numbers: [Double] = []
    numbers.reserveCapacity(tensor.count)
    bytes.withUnsafeBytes { bytes in
      for piece in tensor.pieces {
        if case .varints = tensor.storage {
          Self.append(varints: bytes[piece], tensor.type, to: &numbers)
        } else {
          for place in stride(from: piece.lowerBound, to: piece.upperBound, by: size) {
            numbers.append(Self.number(bytes, place, tensor.type))
          }
        }
      }
    }
    return numbers
  }

  private static func number(
    _ bytes: UnsafeRawBufferPointer, _ place: Int, _ type: ONNXTensor.ElementType
  ) -> Double {
    func load<Bits: FixedWidthInteger>(_: Bits.Type) -> Bits {
      Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Bits.self))
    }
    switch type {
    case .float32: return Double(Float(bitPattern: load(UInt32.self)))
    case .float64: return Double(bitPattern: load(UInt64.self))
    case .float16: return Double(Float(binary16: load(UInt16.self)))
    case .bfloat16: return Double(Float(bfloat16: load(UInt16.self)))
    case .int8: return Double(load(Int8.self))
    case .int16: return Double(load(Int16.self))
    case .int32: return Double(load(Int32.self))
    case .int64: return Double(load(Int64.self))
    case .uint8: return Double(load(UInt8.self))
    case .uint16: return Double(load(UInt16.self))
    case .uint32: return Double(load(UInt32.self))
    case .uint64: return Double(load(UInt64.self))
    case .bool: return load(UInt8.self) == 0 ? 0 : 1
    case .other: return .nan
    }
  }

  /// Numbers of a list, whose varints the reader has checked.
  private static func append(
    varints: Slice<UnsafeRawBufferPointer>, _ type: ONNXTensor.ElementType, to numbers: inout [Double]
  ) {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    for byte in varints {
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      guard byte & 0x80 == 0 else { continue }
      switch type {
      case .float16: numbers.append(Double(Float(binary16: UInt16(truncatingIfNeeded: value))))
      case .bfloat16: numbers.append(Double(Float(bfloat16: UInt16(truncatingIfNeeded: value))))
      case .uint32, .uint64: numbers.append(Double(value))
      case .bool: numbers.append(value == 0 ? 0 : 1)
      default: numbers.append(Double(Int64(bitPattern: value)))
      }
      (value, shift) = (0, 0)
    }
  }
}

extension ONNXTensor {
  /// The place of the numbers in the file.
  var pieces: [Range<Int>] {
    switch storage {
    case .raw(let range): [range]
    case .fixed(let pieces), .varints(let pieces): pieces
    }
  }
}
