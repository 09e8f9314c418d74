import Formats
import JSON
import Network
import Tensor

/// Converts the values of uploaded tensors to a model's precision, and collects notes, warnings and faults.
struct WeightsReport {
  /// If more tensors than this share a fault, they become one sentence.
  private static let mostSingly = 5

  private let precision: Precision
  /// Converted tensors, and values that became 0 in the conversion, by the type in the file.
  private var converted: [SafetensorsHeader.DType: (tensors: Int, vanished: Int)] = [:]
  private var tensors = 0
  private var notFinite: [(name: String, detail: String)] = []
  private var faults = RequestFaults()
  private var zeroVariances: (count: Int, first: String)?

  init(precision: Precision) { self.precision = precision }

  private var dtype: SafetensorsHeader.DType { precision == .float32 ? .float32 : .float64 }

  // MARK: Values

  /// The values of a tensor, in the order of its bytes.
  mutating func values<Element: Scalar>(
    _ bytes: [UInt8], of entry: SafetensorsHeader.Tensor, as kind: ParameterTensor.Kind
  ) -> [Element] {
    tensors += 1
    let values: [Element] =
      switch entry.dtype {
      case .float16: Self.elements(bytes, UInt16.self).map { Element(Float(binary16: $0)) }
      case .bfloat16: Self.elements(bytes, UInt16.self).map { Element(Float(bfloat16: $0)) }
      case .float32: Self.elements(bytes, Float.self).map { Element($0) }
      default: Self.elements(bytes, Double.self).map { Element($0) }
      }
    if entry.dtype != dtype {
      var vanished = 0
      if entry.dtype == .float64 {
        let wide = Self.elements(bytes, Double.self)
        vanished = zip(wide, values).count { $0 != 0 && $1 == 0 }
      }
      let known = converted[entry.dtype, default: (0, 0)]
      converted[entry.dtype] = (known.tensors + 1, known.vanished + vanished)
    }
    check(values, bytes, entry, kind)
    return values
  }

  private mutating func check<Element: Scalar>(
    _ values: [Element], _ bytes: [UInt8], _ entry: SafetensorsHeader.Tensor, _ kind: ParameterTensor.Kind
  ) {
    let pointer = JSONPointer.root.appending(entry.name)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      let place = Self.place(index, entry.shape)
      if entry.dtype == .float64, case let wide = Self.elements(bytes, Double.self)[index], wide.isFinite {
        faults.add("has the value \(wide)\(place), beyond the largest float32, 3.4028235e+38", at: pointer)
      } else {
        notFinite.append((entry.name, "has the value \(values[index])\(place)"))
      }
    } else if kind == .runningVariance {
      if let index = values.firstIndex(where: { $0 < 0 }) {
        faults.add(
          "has the negative variance \(values[index])\(Self.place(index, entry.shape)); a variance is 0 or more, "
            + "since outputs are divided by its square root", at: pointer)
      } else if let index = values.firstIndex(of: 0) {
        let count = values.count { $0 == 0 }
        let first = zeroVariances?.first ?? "'\(entry.name)'\(Self.place(index, entry.shape))"
        zeroVariances = ((zeroVariances?.count ?? 0) + count, first)
      }
    }
  }

  /// The number of minibatches that a batch normalization has seen.
  mutating func counter(_ bytes: [UInt8], of entry: SafetensorsHeader.Tensor) -> Int64 {
    let (count, text) = Self.whole(bytes, entry.dtype)
    guard let count, count >= 0 else {
      faults.add(
        "counts minibatches, so it must be a whole number, 0 or more, got \(text)",
        at: JSONPointer.root.appending(entry.name))
      return 0
    }
    return count
  }

  /// Notes a fault if a module's whole numbers are not those that the network computes with.
  mutating func checkBuffer(
    _ bytes: [UInt8], of entry: SafetensorsHeader.Tensor, _ expected: [Int64]
  ) {
    let width = max(1, entry.dtype.byteCount)
    for (index, value) in expected.enumerated() {
      let (own, text) = Self.whole(Array(bytes[index * width..<(index + 1) * width]), entry.dtype)
      guard own != value else { continue }
      faults.add(
        "has the value \(text)\(Self.place(index, entry.shape)) instead of \(value): the network has other options",
        at: JSONPointer.root.appending(entry.name))
      return
    }
  }

  /// The first of some values as a whole number, if it is one, and in words.
  private static func whole(_ bytes: [UInt8], _ dtype: SafetensorsHeader.DType) -> (Int64?, String) {
    switch dtype {
    case .int64: return integer(bytes, Int64.self)
    case .uint64: return integer(bytes, UInt64.self)
    case .int32: return integer(bytes, Int32.self)
    case .uint32: return integer(bytes, UInt32.self)
    case .int16: return integer(bytes, Int16.self)
    case .uint16: return integer(bytes, UInt16.self)
    case .int8: return integer(bytes, Int8.self)
    case .uint8: return integer(bytes, UInt8.self)
    default:
      let value: Double? =
        switch dtype {
        case .float16: elements(bytes, UInt16.self).first.map { Double(Float(binary16: $0)) }
        case .bfloat16: elements(bytes, UInt16.self).first.map { Double(Float(bfloat16: $0)) }
        case .float32: elements(bytes, Float.self).first.map { Double($0) }
        default: elements(bytes, Double.self).first
        }
      return (value.flatMap { Int64(exactly: $0) }, value.map { "\($0)" } ?? "none")
    }
  }

  private static func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], _: Value.Type)
    -> (Int64?, String)
  {
    guard let value = elements(bytes, Value.self).first else { return (nil, "none") }
    return (Int64(exactly: value), "\(value)")
  }

  static func elements<Value: BitwiseCopyable>(_ bytes: [UInt8], _: Value.Type) -> [Value] {
    bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Value>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self)
      }
    }
  }

  /// The place of an element as an index of PyTorch: ` at [0, 2]`; empty for a scalar.
  private static func place(_ index: Int, _ shape: [Int]) -> String {
    guard !shape.isEmpty else { return "" }
    var rest = index
    var indices: [Int] = []
    for extent in shape.reversed() {
      indices.append(rest % extent)
      rest /= extent
    }
    return " at \(Array(indices.reversed()))"
  }

  // MARK: Sentences

  var notes: [String] {
    let known = SafetensorsHeader.DType.allCases.compactMap { type in converted[type].map { (type, $0) } }
    return known.map { type, counts in
      let subject =
        counts.tensors == 1
        ? "1 tensor of type \(type.rawValue) was" : "\(counts.tensors) tensors of type \(type.rawValue) were"
      guard type == .float64 else {
        return "\(subject) converted to \(precision.rawValue); every value is the same"
      }
      let vanished =
        counts.vanished == 0
        ? "" : "; \(counts.vanished == 1 ? "1 value" : "\(counts.vanished) values") too small for it became 0"
      return "\(subject) rounded to \(precision.rawValue), the model's precision\(vanished)"
    }
  }

  var warnings: [String] {
    guard let zeroVariances else { return [] }
    return [
      "\(zeroVariances.count == 1 ? "1 running variance is" : "\(zeroVariances.count) running variances are") 0, "
        + "first \(zeroVariances.first): batch normalization divides by the square root of its epsilon there"
    ]
  }

  func throwIfRefused() throws(RequestRejection) {
    let rule = "every weight must be a finite number"
    if notFinite.count > Self.mostSingly, let first = notFinite.first {
      faults.add(
        "has \(notFinite.count) of \(tensors) tensors with values that are infinite or not a number, the first of them "
          + "'\(first.name)', which \(first.detail); \(rule), and the training has probably diverged",
        at: .root)
    } else {
      for (name, detail) in notFinite {
        faults.add("\(detail); \(rule)", at: JSONPointer.root.appending(name))
      }
    }
    try faults.throwIfAny()
  }
}
