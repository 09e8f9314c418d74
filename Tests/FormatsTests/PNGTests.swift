import Formats
import Testing

@Suite struct PNGTests {
  @Test func checksumsOfThePublishedCheckString() {
    var crc = CRC32()
    crc.update(Array("123456789".utf8))
    #expect(crc.value == 0xcbf4_3926)
    var adler = Adler32()
    adler.update(Array("Wikipedia".utf8))
    #expect(adler.value == 0x11e6_0398)
  }

  /// The bytes were read back with an independent decoder.
  @Test func aPictureOfTwoPixels() throws {
    let file = try PNG.encode([0, 255], width: 2, height: 1, color: .grayscale)
    #expect(
      file == [
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a,
        0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0xd1, 0x49, 0x20, 0x56,
        0, 0, 0, 14, 0x49, 0x44, 0x41, 0x54, 0x78, 0x01, 1, 3, 0, 0xfc, 0xff, 0, 0, 255, 1, 2, 1, 0,
      ] + file[55...])
    #expect(file.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82])
  }

  @Test func picturesLargerThanAStoredBlock() throws {
    let (width, height) = (200, 200)
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try PNG.encode(pixels, width: width, height: height, color: .rgb)
    // Two blocks of five bytes of head, zlib's six bytes, a filter byte a row, three chunks of twelve, IHDR
    // and the signature.
    #expect(file.count == pixels.count + height + 2 * 5 + 6 + 3 * 12 + 13 + 8)
  }

  @Test func sizesThatDoNotAgreeAreNamed() {
    #expect(throws: PNG.Failure.pixelCount(found: 3, expected: 4)) {
      try PNG.encode([1, 2, 3], width: 2, height: 2, color: .grayscale)
    }
    #expect(throws: PNG.Failure.size(width: 0, height: 2)) {
      try PNG.encode([], width: 0, height: 2, color: .rgb)
    }
    #expect(throws: PNG.Failure.size(width: .max, height: .max)) {
      try PNG.encode([], width: .max, height: .max, color: .rgb)
    }
  }
}
