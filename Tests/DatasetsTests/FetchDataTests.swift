import Foundation
import Testing

/// The cases in which `scripts/fetch-data` must refuse. (Fetched files are checked by their SHA-256, so no
/// fixture can take their place.)
@Suite struct FetchDataTests {
  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts/fetch-data").path

  func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["bash", Self.script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  @Test func wrongUse() throws {
    for arguments in [[], ["imagenet"], ["mnist", "cifar10"], ["mnist", "--from"], ["--what", "mnist"]] {
      let (status, text) = try run(arguments)
      #expect(status == 2)
      #expect(text.contains("Usage: scripts/fetch-data"))
    }
  }

  @Test(arguments: ["mnist", "cifar10"])
  func aFolderWithoutTheFiles(set: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "source/readme")
    let target = folder.path + "/data"
    let (status, text) = try run([set, "--from", folder.path + "/source", "--data-directory", target])
    #expect(status == 1)
    #expect(text.contains("has neither"))
    #expect(!FileManager.default.fileExists(atPath: target))
  }

  @Test func aFileThatIsNotThePublishedOne() throws {
    let folder = try TemporaryFolder()
    try folder.write("not digits", to: "source/train-images-idx3-ubyte")
    try folder.write("kept", to: "data/other")
    let target = folder.path + "/data"
    let (status, text) = try run(["mnist", "--from", folder.path + "/source", "--data-directory", target])
    #expect(status == 1)
    #expect(text.contains("train-images-idx3-ubyte is not the published file"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: target) == ["other"])
  }

  @Test func anAddressThatCannotBeReached() throws {
    let folder = try TemporaryFolder()
    // Nothing listens on port 9 of this machine.
    let (status, text) = try run(
      ["mnist", "--mirror", "http://127.0.0.1:9/", "--data-directory", folder.path + "/data"])
    #expect(status == 1)
    #expect(text.contains("could not download") || text.contains("not installed"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/data"))
  }

  @Test func aFolderThatIsThereButNotWhole() throws {
    let folder = try TemporaryFolder()
    try folder.write("old", to: "data/mnist/train-images-idx3-ubyte")
    let (status, text) = try run(["mnist", "--data-directory", folder.path + "/data"])
    #expect(status == 1)
    #expect(text.contains("is missing or is not the published file"))
  }
}
