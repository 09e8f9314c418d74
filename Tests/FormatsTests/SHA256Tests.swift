import Formats
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4 examples, and the empty message and the million letters of the same collection.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func publishedVectors(message: String, expected: String) {
    #expect(SHA256.digest(of: Array(message.utf8)).hexadecimal == expected)
  }

  @Test func aMillionLetters() {
    var hash = SHA256()
    for _ in 0..<1000 { hash.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    #expect(hash.digest().hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func everySplitOfEveryLengthAroundABlockGivesTheSameDigest() {
    let message = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
    for length in [55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 200] {
      let whole = SHA256.digest(of: Array(message[..<length]))
      for cut in 0...length {
        var hash = SHA256()
        hash.update(message[..<cut])
        _ = hash.digest()
        hash.update(message[cut..<length])
        #expect(hash.digest() == whole)
      }
    }
  }

  @Test func digestsReadBackFromTheirText() {
    let digest = SHA256.digest(of: [1, 2, 3])
    #expect(SHA256.Digest(hexadecimal: digest.hexadecimal) == digest)
    #expect(SHA256.Digest(hexadecimal: digest.hexadecimal.uppercased()) == digest)
    #expect(SHA256.Digest(bytes: digest.bytes) == digest)
    #expect(SHA256.Digest(hexadecimal: "ab") == nil)
    #expect(SHA256.Digest(hexadecimal: String(repeating: "g", count: 64)) == nil)
    #expect(SHA256.Digest(bytes: [1]) == nil)
  }
}
