/// The layout of the elements of an `.npy` file: NumPy's type string and the order of the axes.
///
/// All values of a type here fit the type that they are read as, so reading changes no value.
public struct NPYStorage: Hashable, Sendable {
  /// NumPy's letters for the kinds of numbers.
  enum Kind: Character, Sendable {
    case boolean = "b"
    case signed = "i"
    case unsigned = "u"
    case floating = "f"
  }

  let kind: Kind
  /// Bytes of an element in the file.
  let byteCount: Int
  let isBigEndian: Bool
  /// Whether the first axis runs fastest.
  public let isFortranOrder: Bool

  /// The type that the elements are read as; nil for a type that is not read.
  var dtype: NPYHeader.DType? {
    switch (kind, byteCount) {
    case (.floating, 4): .float32
    case (.floating, 8): .float64
    case (.unsigned, 1): .uint8
    case (.boolean, 1), (.signed, 1), (.signed, 2), (.signed, 4), (.unsigned, 2): .int32
    case (.signed, 8), (.unsigned, 4): .int64
    default: nil
    }
  }

  /// The layout of NumPy's type string, such as `<f4` or `>u2`; nil if it is not that of a number that is
  /// read.
  init?(descr: String, isFortranOrder: Bool = false) {
    var text = Substring(descr)
    let order = text.first.flatMap { "<>=|".contains($0) ? $0 : nil }
    if order != nil { text.removeFirst() }
    guard let letter = text.popFirst(), let kind = Kind(rawValue: letter), text.utf8.count == 1,
      let count = Int(text), count == 1 || (order != nil && order != "|")
    else { return nil }
    self.kind = kind
    byteCount = count
    // A single byte has no order.
    isBigEndian = order == ">" && count > 1
    self.isFortranOrder = isFortranOrder
    guard dtype != nil else { return nil }
  }

  /// The layout that elements of that type are written in.
  init(_ dtype: NPYHeader.DType) {
    switch dtype {
    case .float32, .float64: kind = .floating
    case .uint8: kind = .unsigned
    case .int32, .int64: kind = .signed
    }
    byteCount = dtype.byteCount
    isBigEndian = false
    isFortranOrder = false
  }

  /// NumPy's type string.
  public var descr: String {
    (byteCount == 1 ? "|" : isBigEndian ? ">" : "<") + String(kind.rawValue) + String(byteCount)
  }

  /// Whole numbers of the file, in its order. Every conversion is exact, because `dtype` is a type that holds
  /// all values.
  func integers<Element: FixedWidthInteger>(_ data: UnsafeRawBufferPointer, _: Element.Type) -> [Element] {
    switch (kind, byteCount) {
    case (.boolean, _): raw(data, UInt8.self).map { $0 == 0 ? 0 : 1 }
    case (.signed, 1): raw(data, Int8.self).map(Element.init(truncatingIfNeeded:))
    case (.signed, 2): raw(data, Int16.self).map(Element.init(truncatingIfNeeded:))
    case (.signed, 4): raw(data, Int32.self).map(Element.init(truncatingIfNeeded:))
    case (.signed, _): raw(data, Int64.self).map(Element.init(truncatingIfNeeded:))
    case (.unsigned, 1): raw(data, UInt8.self).map(Element.init(truncatingIfNeeded:))
    case (.unsigned, 2): raw(data, UInt16.self).map(Element.init(truncatingIfNeeded:))
    case (.unsigned, _), (.floating, _): raw(data, UInt32.self).map(Element.init(truncatingIfNeeded:))
    }
  }

  func singles(_ data: UnsafeRawBufferPointer) -> [Float] {
    raw(data, UInt32.self).map(Float.init(bitPattern:))
  }
  func doubles(_ data: UnsafeRawBufferPointer) -> [Double] {
    raw(data, UInt64.self).map(Double.init(bitPattern:))
  }

  private func raw<Stored: FixedWidthInteger>(_ data: UnsafeRawBufferPointer, _: Stored.Type) -> [Stored] {
    let width = MemoryLayout<Stored>.size
    return (0..<data.count / width).map { place in
      let raw = data.loadUnaligned(fromByteOffset: place * width, as: Stored.self)
      return isBigEndian ? raw.byteSwapped : raw
    }
  }

  /// Puts values from Fortran order into C order.
  static func inCOrder<Element: BitwiseCopyable>(_ values: [Element], shape: [Int]) -> [Element] {
    guard shape.filter({ $0 > 1 }).count > 1, let columns = shape.last else { return values }
    var strides: [Int] = []
    var stride = 1
    for extent in shape {
      strides.append(stride)
      stride *= extent
    }
    let last = shape.count - 1
    var ordered: [Element] = []
    ordered.reserveCapacity(values.count)
    var index = [Int](repeating: 0, count: shape.count)
    var start = 0
    while ordered.count < values.count {
      for column in 0..<columns { ordered.append(values[start + column * strides[last]]) }
      // Goes to the next row, like an odometer over the axes before the last.
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return ordered
  }
}
