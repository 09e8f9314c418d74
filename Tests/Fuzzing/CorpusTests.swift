import Foundation
import Testing

/// The committed corpus, seeds and former findings alike, through the checks that fuzzing makes.
@Suite struct CorpusTests {
  private static func files(_ target: FuzzTarget) throws -> [URL] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Corpus/\(target.rawValue)", directoryHint: .isDirectory)
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
  }

  @Test(arguments: FuzzTarget.allCases)
  func everyCaseHolds(target: FuzzTarget) throws {
    let files = try Self.files(target)
    #expect(!files.isEmpty)
    for file in files {
      let bytes = try [UInt8](Data(contentsOf: file))
      do {
        try target.check(bytes)
      } catch let finding as Finding {
        Issue.record("\(target.rawValue)/\(file.lastPathComponent): \(finding)")
      }
    }
  }

  /// The cases cut short everywhere, and with a byte changed at every place.
  @Test(arguments: FuzzTarget.allCases)
  func everyDamagedCaseHolds(target: FuzzTarget) throws {
    for file in try Self.files(target) {
      let bytes = try [UInt8](Data(contentsOf: file))
      guard bytes.count <= 400 else { continue }
      do {
        for count in bytes.indices { try target.check(Array(bytes[..<count])) }
        for place in bytes.indices {
          for byte in [0x00, 0x0A, 0x20, 0x2C, 0xFF] as [UInt8] {
            var damaged = bytes
            damaged[place] = byte
            try target.check(damaged)
          }
        }
      } catch let finding as Finding {
        Issue.record("\(target.rawValue)/\(file.lastPathComponent), damaged: \(finding)")
      }
    }
  }
}
