/// Reads the Python dictionary of an `.npy` header: the three keys `descr`, `fortran_order` and `shape`, once
/// each, in any order.
struct NPYHeaderScanner {
  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) {
    self.text = text
  }

  mutating func header() throws(NPYError) -> NPYHeader {
    var descr: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil: descr = try dtypeDescription()
      case "fortran_order" where fortranOrder == nil: fortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      case "descr", "fortran_order", "shape": throw .malformedHeader("the key '\(key)' occurs twice")
      default:
        throw .malformedHeader("unknown key '\(key)'; the keys are 'descr', 'fortran_order' and 'shape'")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == text.count else {
      throw .malformedHeader("something follows the closing brace, at byte \(position)")
    }
    guard let descr else { throw .malformedHeader("the key 'descr' is missing") }
    guard let fortranOrder else { throw .malformedHeader("the key 'fortran_order' is missing") }
    guard let shape else { throw .malformedHeader("the key 'shape' is missing") }
    // The order of a single axis is one and the same.
    let isFortran = fortranOrder && shape.filter { $0 > 1 }.count > 1
    guard let storage = NPYStorage(descr: descr, isFortranOrder: isFortran), let dtype = storage.dtype else {
      throw .unsupportedDType(descr)
    }
    return try NPYHeader(dtype: dtype, storage: storage, shape: shape)
  }

  /// A structured dtype is a list where a plain one is a string.
  private mutating func dtypeDescription() throws(NPYError) -> String {
    skipSpace()
    if position < text.count, text[position] == UInt8(ascii: "[") {
      throw .unsupportedDType("[…] (structured)")
    }
    return try string()
  }

  private mutating func string() throws(NPYError) -> String {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: "'") || text[position] == UInt8(ascii: "\"")
    else { throw fault("a string in quotes") }
    let quote = text[position]
    guard let end = text[(position + 1)...].firstIndex(of: quote) else { throw fault("a closing quote") }
    let content = text[(position + 1)..<end]
    guard content.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }), content.count <= 64
    else {
      throw fault("a string of at most 64 plain ASCII characters")
    }
    position = end + 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func boolean() throws(NPYError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw fault("True or False")
  }

  private mutating func tuple() throws(NPYError) -> [Int] {
    try expect("(")
    var extents: [Int] = []
    while !accept(")") {
      extents.append(try integer())
      guard extents.count <= NPYHeader.maximumDimensions else {
        throw .tooManyDimensions(found: extents.count, limit: NPYHeader.maximumDimensions)
      }
      if !accept(",") {
        guard extents.count != 1 else { throw fault("a comma: a tuple of one extent is written (n,)") }
        try expect(")")
        break
      }
    }
    return extents
  }

  /// Python 2 wrote long integers with an L behind.
  private mutating func integer() throws(NPYError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < text.count, case let digit = text[position], 0x30...0x39 ~= digit {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowed) = product.addingReportingOverflow(Int(digit - 0x30))
      guard !overflow, !overflowed else {
        throw .malformedHeader("an extent of the shape, at byte \(start), is larger than \(Int.max)")
      }
      value = sum
      position += 1
    }
    guard position > start else { throw fault("a whole number, 0 or more") }
    if position < text.count, text[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(NPYError) {
    guard accept(character) else { throw fault("'\(character)'") }
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
  }

  private func fault(_ expected: String) -> NPYError {
    .malformedHeader("expected \(expected) at byte \(position)")
  }
}
