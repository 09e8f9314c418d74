import Datasets
import Foundation
import Synchronization
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

  /// Between the look at a path and the opening of the file its folder may become a link that leads out.
  @Test func aFolderThatBecomesALinkIsNotFollowed() throws {
    let outside = try TemporaryFolder()
    try outside.write("secret", to: "file")
    try folder.write("inside", to: "other/file")
    #expect(symlink(outside.path, folder.path + "/link") == 0)
    let directory = folder.directory
    let base = folder.path
    let ended = Flag()
    let swapper = Thread {
      while !ended.isSet {
        // The real folder, then the link, under the same name.
        rename(base + "/other", base + "/turn")
        rename(base + "/link", base + "/other")
        rename(base + "/other", base + "/link")
        rename(base + "/turn", base + "/other")
      }
      ended.acknowledge()
    }
    swapper.start()
    var read = 0
    for _ in 0..<4000 {
      guard let bytes = try? directory.read("other/file") else { continue }
      #expect(bytes == Array("inside".utf8))
      read += 1
    }
    ended.set()
    ended.waitUntilAcknowledged()
    #expect(read > 0)
  }
}

/// Ends a thread, and waits until it has ended.
private final class Flag: Sendable {
  private let flag = Atomic<Bool>(false)
  private let done = DispatchSemaphore(value: 0)

  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
  func acknowledge() { done.signal() }
  func waitUntilAcknowledged() { done.wait() }
}
