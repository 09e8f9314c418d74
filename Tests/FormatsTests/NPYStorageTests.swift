import Formats
import Testing

/// Types and orders that are read as others, and those that are refused with the line that converts them.
@Suite struct NPYStorageTests {
  private func file(_ descr: String, fortran: Bool = false, _ shape: String, _ data: [UInt8]) -> [UInt8] {
    let text = "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + data
  }

  @Test func everyTypeThatLosesNothingIsRead() throws {
    let cases: [(String, [UInt8], NPYElements)] = [
      (">f4", [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], .float32([1, -2.5])),
      (">f8", [0x40, 0x0c, 0, 0, 0, 0, 0, 0, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0], .float64([3.5, -1])),
      ("|b1", [0, 1], .int32([0, 1])), ("|i1", [0x80, 0x7f], .int32([-128, 127])),
      ("<i2", [0, 0x80, 1, 0], .int32([-32768, 1])), (">i2", [0x80, 0, 0, 1], .int32([-32768, 1])),
      ("<u2", [0xff, 0xff, 1, 0], .int32([65535, 1])), (">u2", [0xff, 0xfe, 0, 1], .int32([65534, 1])),
      ("<u4", [0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0], .int64([4_294_967_295, 1])),
      (">i4", [0xff, 0xff, 0xff, 0xfe, 0, 0, 1, 0], .int32([-2, 256])),
      (">i8", [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3], .int64([.min, 3])),
    ]
    for (descr, data, expected) in cases {
      let (header, elements) = try NPY.decode(file(descr, "(2,)", data))
      #expect(elements == expected, "\(descr)")
      #expect(header.dataByteCount == data.count)
      #expect(!header.isNative)
      #expect(header.conversion?.contains("'\(descr)'") == true)
    }
    for descr in ["|u1", ">u1", "<u1", "u1"] {
      let (header, elements) = try NPY.decode(file(descr, "(2,)", [7, 255]))
      #expect(elements == .uint8([7, 255]))
      #expect(header.conversion == nil)
    }
  }

  /// numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)) lies with the first index fastest.
  @Test func fortranOrderIsPutIntoCOrder() throws {
    let shape = [2, 3, 4]
    var data: [UInt8] = []
    for k in 0..<4 { for j in 0..<3 { for i in 0..<2 { data.append(UInt8(12 * i + 4 * j + k)) } } }
    let (header, elements) = try NPY.decode(file("|u1", fortran: true, "(2, 3, 4)", data))
    #expect(header.shape == shape)
    #expect(elements == .uint8(Array(0..<24)))
    #expect(header.conversion?.contains("Fortran") == true)
    let wide = try NPY.decode(file(">i2", fortran: true, "(2, 2)", [0, 0, 0, 2, 0, 1, 0, 3]))
    #expect(wide.elements == .int32([0, 1, 2, 3]))
    // A single row or column is the same in both orders.
    let row = try NPY.decode(file("|u1", fortran: true, "(1, 3)", [1, 2, 3]))
    #expect(row.elements == .uint8([1, 2, 3]) && row.header.conversion == nil)
    #expect(try NPY.decode(file("|u1", fortran: true, "(0, 3)", [])).elements == .uint8([]))
  }

  /// The advice for labels gives labels, never floating-point numbers, which would be the targets of a
  /// regression.
  @Test(arguments: ["<U3", "|S5", "|O", "<u8", "<c8", "<M8[ns]", "[…] (structured)", "<x9"])
  func adviceFitsWhatTheArrayIsFor(descr: String) {
    let labels = NPYError.unsupportedDType(descr).description(for: .labels)
    #expect(!labels.contains("astype('<f"), "\(labels)")
    #expect(labels.contains("'\(descr)'"))
    #expect(!NPYError.unsupportedDType(descr).description(for: .inputs).isEmpty)
  }

  @Test func textLabelsBecomeCodes() {
    for descr in ["<U3", "|S5", "|O"] {
      let text = NPYError.unsupportedDType(descr).description(for: .labels)
      #expect(text.contains("numpy.unique(array, return_inverse=True)"), "\(text)")
    }
    #expect(NPYError.unsupportedDType("<f2").description(for: .inputs).contains("array.astype('<f4')"))
    #expect(NPYError.unsupportedDType("<f2").description(for: .labels).contains("array.astype('<i8')"))
  }

  @Test func oddTypeStringsAreRefused() {
    for descr in [
      "<f3", "<f16", "<i16", "|f4", "f4", "<b2", "<", "", "<f", "<f44", "<if", ">U4", "<u8", "¼f4",
    ] {
      #expect(throws: NPYError.self) { try NPY.decode(file(descr, "(1,)", [UInt8](repeating: 0, count: 4))) }
    }
  }

  /// Every value of both 16-bit types, against the standard library's own.
  @Test func halfPrecisionIsExact() {
    for bits in UInt16.min...UInt16.max {
      let half = Float(Float16(bitPattern: bits))
      let ours = Float(binary16: bits)
      #expect(half.isNaN ? ours.isNaN : half.bitPattern == ours.bitPattern)
      #expect(Float(bfloat16: bits).bitPattern == UInt32(bits) << 16)
    }
  }
}
