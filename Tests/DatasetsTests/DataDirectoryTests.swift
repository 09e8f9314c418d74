import Datasets
import Foundation
import Testing

@Suite struct DataDirectoryTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("inside", to: "sub/file")
  }

  @Test func givesOutWhatLiesBelow() throws {
    #expect(try folder.directory.read("sub/file") == Array("inside".utf8))
    #expect(try folder.directory.read("./sub//file") == Array("inside".utf8))
    #expect(try folder.directory.resolve("sub").hasSuffix("/sub"))
    #expect(folder.directory.contains("sub/file"))
    #expect(!folder.directory.contains("sub/other"))
  }

  @Test(arguments: [
    ("", PathFault.empty), ("/etc/passwd", .absolute), ("..", .parentReference), ("../x", .parentReference),
    ("sub/../../x", .parentReference), ("sub/..", .parentReference), ("sub/file\0.csv", .containsNUL),
    (String(repeating: "a", count: 5000), .tooLong),
  ])
  func refusesPathsThatCouldLeave(path: String, fault: PathFault) {
    #expect(throws: DatasetError.path(path, fault)) { try folder.directory.resolve(path) }
    #expect(throws: DatasetError.path(path, fault)) { try folder.directory.read(path) }
  }

  @Test func namesThatOnlyLookLikeParentsAreFine() throws {
    try folder.write("x", to: "..a/b..")
    #expect(try folder.directory.read("..a/b..") == Array("x".utf8))
  }

  @Test func refusesLinksThatLeadOut() throws {
    let outside = try TemporaryFolder()
    try outside.write("secret", to: "file")
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder.path + "/out", withDestinationPath: outside.path)
    try manager.createSymbolicLink(atPath: folder.path + "/leaf", withDestinationPath: outside.path + "/file")
    try manager.createSymbolicLink(atPath: folder.path + "/in", withDestinationPath: "sub")
    #expect(throws: DatasetError.path("out/file", .leadsOutside)) { try folder.directory.read("out/file") }
    #expect(throws: DatasetError.path("leaf", .leadsOutside)) { try folder.directory.read("leaf") }
    #expect(try folder.directory.read("in/file") == Array("inside".utf8))
  }

  @Test func aNeighbourWithTheSamePrefixIsOutside() throws {
    try folder.write("x", to: "data/own")
    try folder.write("x", to: "data-2/other")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/data/link", withDestinationPath: "../data-2/other")
    #expect(throws: DatasetError.path("link", .leadsOutside)) {
      try DataDirectory(folder.path + "/data").read("link")
    }
  }

  @Test func refusesWhatIsNotARegularFile() throws {
    #expect(throws: DatasetError.file("sub", .notRegular)) { try folder.directory.read("sub") }
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    #expect(throws: DatasetError.file("pipe", .notRegular)) { try folder.directory.read("pipe") }
    #expect(throws: DatasetError.file("absent", .missing)) { try folder.directory.read("absent") }
  }

  @Test func refusesFilesAboveTheLimitWithoutReadingThem() throws {
    let descriptor = open(folder.path + "/huge", O_CREAT | O_WRONLY, 0o600)
    #expect(ftruncate(descriptor, 1 << 40) == 0)
    close(descriptor)
    #expect(throws: DatasetError.file("huge", .tooLarge(bytes: 1 << 40, limit: 4 << 30))) {
      try folder.directory.read("huge")
    }
  }
}
