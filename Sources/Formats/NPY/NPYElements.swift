/// A number type that an `.npy` file holds.
public protocol NPYElement: BitwiseCopyable, Sendable {
  static var npyDType: NPYHeader.DType { get }
}

extension Float: NPYElement {
  public static var npyDType: NPYHeader.DType { .float32 }
}
extension Double: NPYElement {
  public static var npyDType: NPYHeader.DType { .float64 }
}
extension UInt8: NPYElement {
  public static var npyDType: NPYHeader.DType { .uint8 }
}
extension Int32: NPYElement {
  public static var npyDType: NPYHeader.DType { .int32 }
}
extension Int64: NPYElement {
  public static var npyDType: NPYHeader.DType { .int64 }
}

/// The elements of an array in the type they were stored in, in C order.
public enum NPYElements: Equatable, Sendable {
  case float32([Float])
  case float64([Double])
  case uint8([UInt8])
  case int32([Int32])
  case int64([Int64])
}

/// Whole `.npy` files in memory.
public enum NPY {
  #if _endian(big)
    #error("Elements are copied as they lie in the file, which is little-endian.")
  #endif

  /// The bytes of a complete file: header and elements.
  ///
  /// - Throws: `NPYError.dataLength` unless the shape has as many elements as are given.
  public static func encode<Element: NPYElement>(_ elements: [Element], shape: [Int]) throws(NPYError)
    -> [UInt8]
  {
    let header = try NPYHeader(dtype: Element.npyDType, shape: shape)
    try header.checkData(byteCount: elements.count * MemoryLayout<Element>.stride)
    var file = header.encoded
    file.reserveCapacity(file.count + header.dataByteCount)
    elements.withUnsafeBytes { file.append(contentsOf: $0) }
    return file
  }

  /// Reads the shape and elements of a complete file.
  ///
  /// - Throws: `NPYError`; `.foreign` names a file of another kind.
  public static func decode(_ file: [UInt8]) throws(NPYError) -> (header: NPYHeader, elements: NPYElements) {
    do {
      return try file.withUnsafeBytes { bytes in
        let (header, offset) = try NPYHeader.parse(file: bytes)
        return (header, try header.elements(in: UnsafeRawBufferPointer(rebasing: bytes[offset...])))
      }
    } catch let error as NPYError {
      throw error
    } catch {
      throw .malformedHeader("\(error)")
    }
  }
}

extension NPYHeader {
  /// The elements in `data`, the bytes behind the header.
  ///
  /// - Throws: `NPYError.dataLength`.
  public func elements(in data: UnsafeRawBufferPointer) throws(NPYError) -> NPYElements {
    try checkData(byteCount: data.count)
    guard isNative else { return converted(data) }
    return switch dtype {
    case .float32: .float32(copied(data))
    case .float64: .float64(copied(data))
    case .uint8: .uint8(copied(data))
    case .int32: .int32(copied(data))
    case .int64: .int64(copied(data))
    }
  }

  /// The elements of a file that is stored in another type or order than it is read.
  private func converted(_ data: UnsafeRawBufferPointer) -> NPYElements {
    func ordered<Element: BitwiseCopyable>(_ values: [Element]) -> [Element] {
      storage.isFortranOrder ? NPYStorage.inCOrder(values, shape: shape) : values
    }
    return switch dtype {
    case .float32: .float32(ordered(storage.singles(data)))
    case .float64: .float64(ordered(storage.doubles(data)))
    case .uint8: .uint8(ordered(storage.integers(data, UInt8.self)))
    case .int32: .int32(ordered(storage.integers(data, Int32.self)))
    case .int64: .int64(ordered(storage.integers(data, Int64.self)))
    }
  }

  private func copied<Element: NPYElement>(_ data: UnsafeRawBufferPointer) -> [Element] {
    [Element](unsafeUninitializedCapacity: elementCount) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: data)
      count = elementCount
    }
  }
}
