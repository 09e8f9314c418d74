import Formats
import Testing

@Suite struct NPYTests {
  @Test func filesOfNumPyAreReadAndWrittenByteForByte() throws {
    let matrix = try NPY.decode(Fixtures.npyFloat32)
    #expect(matrix.header.shape == [2, 3])
    #expect(matrix.elements == .float32([0, 1, 2, 3, 4, 5]))
    #expect(try NPY.encode([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3]) == Fixtures.npyFloat32)

    let scalar = try NPY.decode(Fixtures.npyScalar)
    #expect(scalar.header.shape == [])
    #expect(scalar.elements == .float64([3.5]))
    #expect(try NPY.encode([3.5], shape: []) == Fixtures.npyScalar)

    #expect(try NPY.decode(Fixtures.npyBytes).elements == .uint8([1, 2]))
    #expect(try NPY.encode([1, 2] as [UInt8], shape: [2]) == Fixtures.npyBytes)
  }

  @Test func integersAndEmptyArraysComeBack() throws {
    let int32: [Int32] = [.min, -1, 0, .max]
    #expect(try NPY.decode(NPY.encode(int32, shape: [2, 2])).elements == .int32(int32))
    let int64: [Int64] = [.min, -1, .max]
    #expect(try NPY.decode(NPY.encode(int64, shape: [3, 1])).elements == .int64(int64))
    #expect(try NPY.decode(NPY.encode([] as [Float], shape: [0, 3])).elements == .float32([]))
  }

  @Test(arguments: [UInt8(1), 2, 3]) func everyVersionIsRead(version: UInt8) throws {
    let text = Array("{'shape': (2L,), \"fortran_order\":False,'descr': '<i4'}\n".utf8)
    let length = version == 1 ? [UInt8(text.count), 0] : [UInt8(text.count), 0, 0, 0]
    let file = [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + [1, 0, 0, 0, 2, 0, 0, 0]
    #expect(try NPY.decode(file).elements == .int32([1, 2]))
  }

  @Test func everyPrefixOfTheHeaderAsksForMore() throws {
    let file = Fixtures.npyFloat32
    for length in 0..<128 {
      #expect(try NPYHeader.parse(prefix: Array(file[..<length])) == nil)
      #expect(throws: NPYError.self) { try NPY.decode(Array(file[..<length])) }
    }
    let (header, offset) = try #require(try NPYHeader.parse(prefix: Array(file[..<128])))
    #expect(header.dataByteCount == 24)
    #expect(offset == 128)
  }

  @Test func wrongAmountsOfDataAreNamed() {
    let file = Fixtures.npyFloat32
    #expect(throws: NPYError.dataLength(found: 23, expected: 24)) { try NPY.decode(file.dropLast()) }
    #expect(throws: NPYError.dataLength(found: 25, expected: 24)) { try NPY.decode(file + [0]) }
    #expect(throws: NPYError.dataLength(found: 8, expected: 12)) {
      try NPY.encode([1, 2] as [Float], shape: [3])
    }
  }

  @Test(arguments: [
    ("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", NPYError.unsupportedDType("<f2")),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", .unsupportedDType("|O")),
    (
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
      .unsupportedDType("[…] (structured)")
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
      .tooLarge(shape: [4_611_686_018_427_387_904, 4])
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4), }",
      .tooLarge(shape: [0, 4_611_686_018_427_387_904, 4])
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      .malformedHeader("an extent of the shape, at byte 51, is larger than 9223372036854775807")
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
      .malformedHeader("expected a whole number, 0 or more at byte 51")
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3), }",
      .malformedHeader("expected a comma: a tuple of one extent is written (n,) at byte 52")
    ),
    ("{'descr': '<f4', 'fortran_order': False, }", .malformedHeader("the key 'shape' is missing")),
    ("{'fortran_order': False, 'shape': (1,)}", .malformedHeader("the key 'descr' is missing")),
    ("{'descr': '<f4', 'shape': (1,)}", .malformedHeader("the key 'fortran_order' is missing")),
    ("{'descr': '<f4', 'descr': '<f4'}", .malformedHeader("the key 'descr' occurs twice")),
    (
      "{'x': '<f4'}",
      .malformedHeader("unknown key 'x'; the keys are 'descr', 'fortran_order' and 'shape'")
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
      .malformedHeader("something follows the closing brace, at byte 56")
    ),
    ("{'descr': '<f4", .malformedHeader("expected a closing quote at byte 10")),
    ("", .malformedHeader("expected '{' at byte 0")),
  ])
  func lyingHeadersAreNamed(text: String, expected: NPYError) {
    let file =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + [0, 0, 0, 0]
    #expect(throws: expected) { try NPY.decode(file) }
  }

  @Test func manyDimensionsAreRefused() {
    let shape = String(repeating: "1,", count: 33)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape))}"
    let file = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
    #expect(throws: NPYError.tooManyDimensions(found: 33, limit: 32)) { try NPYHeader.parse(prefix: file) }
  }

  @Test func otherFilesAreRefusedAtTheirFirstBytes() {
    #expect(throws: NPYError.notNPY) { try NPYHeader.parse(prefix: [0x50, 0x4b]) }
    #expect(throws: NPYError.unsupportedVersion(major: 4, minor: 0)) {
      try NPYHeader.parse(prefix: [0x93] + Array("NUMPY".utf8) + [4, 0])
    }
    #expect(throws: NPYError.headerTooLong(found: 0xffff_ffff, limit: 65536)) {
      try NPYHeader.parse(prefix: [0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 255])
    }
  }

  /// For every value of any one byte of the header, the answer is a value or an `NPYError`.
  @Test func everySingleByteChangeIsAnsweredWithoutACrash() {
    let file = Fixtures.npyFloat32
    for index in 0..<70 {
      for byte in UInt8.min...UInt8.max {
        var changed = file
        changed[index] = byte
        do { _ = try NPY.decode(changed) } catch { #expect(!error.description.isEmpty) }
      }
    }
  }
}
