import Foundation

/// The only folder that the service may read data sets from.
public struct DataDirectory: Sendable {
  /// The folder, as configured.
  public let root: String
  /// The largest file that is read. A larger one is refused before a byte of it is read.
  public let maximumFileBytes: Int

  public init(_ root: String, maximumFileBytes: Int = 4 << 30) {
    self.root = root
    self.maximumFileBytes = maximumFileBytes
  }

  /// The absolute path, free of symbolic links, of a file or folder below the data directory.
  ///
  /// Absolute paths, `..` as a component, NUL, and symbolic links that lead out of the directory are refused.
  /// A path that does not exist is `.missing`.
  ///
  /// - Throws: `DatasetError.path` or `DatasetError.file(_, .missing)`.
  public func resolve(_ relative: String) throws(DatasetError) -> String {
    if relative.isEmpty { throw .path(relative, .empty) }
    if relative.utf8.contains(0) { throw .path(relative, .containsNUL) }
    if relative.utf8.first == UInt8(ascii: "/") { throw .path(relative, .absolute) }
    if relative.utf8.count > 4096 { throw .path(relative, .tooLong) }
    if relative.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) {
      throw .path(relative, .parentReference)
    }
    guard let base = realPath(root) else { throw .file(root, .missing) }
    guard let path = realPath(root + "/" + relative) else { throw .file(relative, .missing) }
    let prefix = base == "/" ? base : base + "/"
    guard path == base || path.utf8.starts(with: prefix.utf8) else {
      throw .path(relative, .leadsOutside)
    }
    return path
  }

  /// The limit for CSV files. Their numbers take up to eight times as many bytes in memory as in the file.
  var maximumCSVBytes: Int { maximumFileBytes / 8 }

  /// Whether there is a file or folder of that path that `resolve` accepts.
  public func contains(_ relative: String) -> Bool {
    (try? resolve(relative)) != nil
  }

  /// The ending of a packed file's name, and the program that unpacks it.
  static let packers = [
    (".gz", "gunzip --keep"), (".xz", "unxz --keep"), (".bz2", "bunzip2 --keep"), (".zip", "unzip"),
  ]

  /// The path of a packed form of a missing file.
  func packed(_ relative: String) -> String? {
    Self.packers.map { relative + $0.0 }.first(where: contains)
  }

  /// The first of several names of a file that is in a folder, packed or not; by default the first.
  func present(_ names: [String], in folder: String) -> String {
    names.first { contains(folder + "/" + $0) } ?? names.first { packed(folder + "/" + $0) != nil }
      ?? names[0]
  }

  /// The bytes of a regular file below the data directory, of at most `limit` (and `maximumFileBytes`) bytes.
  ///
  /// - Throws: `DatasetError.path` or `DatasetError.file`.
  public func read(_ relative: String, limit: Int = .max) throws(DatasetError) -> [UInt8] {
    let limit = min(limit, maximumFileBytes)
    let path: String
    do throws(DatasetError) { path = try resolve(relative) } catch {
      guard error == .file(relative, .missing), let packed = packed(relative) else { throw error }
      throw .file(relative, .packed(beside: packed))
    }
    guard let base = realPath(root) else { throw .file(root, .missing) }
    let descriptor = Self.open(path, below: base)
    guard descriptor >= 0 else {
      let code = errno
      throw .file(relative, code == ENOENT ? .missing : .unreadable(String(cString: strerror(code))))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .file(relative, .unreadable(String(cString: strerror(errno))))
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .file(relative, .notRegular) }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw .file(relative, .tooLarge(bytes: size, limit: limit))
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size {
        let got = Foundation.read(descriptor, buffer.baseAddress! + filled, size - filled)
        if got > 0 {
          filled += got
        } else if got == 0 {
          break
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    if code != 0 { throw .file(relative, .unreadable(String(cString: strerror(code)))) }
    guard bytes.count == size else { throw .file(relative, .changedWhileReading) }
    return bytes
  }

  /// Opens a file below a folder by a path that was free of links. It opens one component after the other and
  /// follows no link. So a link that was put in the place of a folder since then is refused (`ELOOP`,
  /// `ENOTDIR`).
  ///
  /// - Returns: a descriptor, or -1 with `errno`.
  private static func open(_ path: String, below base: String) -> Int32 {
    // O_PATH, which is not imported. Folders are only passed through.
    let passing = Int32(0o10000000) | O_DIRECTORY | O_CLOEXEC
    // Split by bytes: a character may hold a slash with an accent.
    let names = path.utf8.dropFirst(base.utf8.count).split(separator: UInt8(ascii: "/"))
      .map { String(decoding: $0, as: UTF8.self) }
    var place = Foundation.open(base, passing)
    for (index, name) in names.enumerated() {
      guard place >= 0 else { return -1 }
      // Without O_NONBLOCK the open of a named pipe would never return.
      let flags = index == names.count - 1 ? O_RDONLY | O_NONBLOCK | O_CLOEXEC : passing
      let next = openat(place, name, flags | O_NOFOLLOW)
      let code = errno
      close(place)
      errno = code
      place = next
    }
    return place
  }

  private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}

/// The name of the compression whose signature the bytes begin with, if any.
func compression(of bytes: [UInt8]) -> String? {
  if bytes.starts(with: [0x1F, 0x8B]) { return "gzip" }
  if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return "xz" }
  if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "zip" }
  if bytes.starts(with: [0x42, 0x5A, 0x68]) { return "bzip2" }
  return nil
}
