import CSQLite
import Glibc
import Synchronization

/// A VFS over the system's that lets the N-th operation of a kind that can fail fail: writes, syncs,
/// truncations, reads.
///
/// Its functions are C functions without a context, so there is one for the process, used by one test at a
/// time.
enum FailingFileSystem {
  static let name = "failing"

  /// How many operations are to succeed before one fails; less than 0 for no failure.
  private static let remaining = Atomic<Int>(-1)
  /// Whether all after the first fail too, as on a full or lost disk.
  private static let isLasting = Atomic<Bool>(false)
  private static let didFail = Atomic<Bool>(false)

  static func arm(after count: Int, lasting: Bool) {
    didFail.store(false, ordering: .sequentiallyConsistent)
    isLasting.store(lasting, ordering: .sequentiallyConsistent)
    remaining.store(count, ordering: .sequentiallyConsistent)
  }

  /// Ends the failures, and says whether there was one.
  static func disarm() -> Bool {
    remaining.store(-1, ordering: .sequentiallyConsistent)
    return didFail.load(ordering: .sequentiallyConsistent)
  }

  private static func failsNow() -> Bool {
    let left = remaining.load(ordering: .sequentiallyConsistent)
    guard left >= 0 else { return false }
    if left == 0 {
      didFail.store(true, ordering: .sequentiallyConsistent)
      if !isLasting.load(ordering: .sequentiallyConsistent) {
        remaining.store(-1, ordering: .sequentiallyConsistent)
      }
      return true
    }
    remaining.store(left - 1, ordering: .sequentiallyConsistent)
    return false
  }

  /// The system's file lies in memory behind ours.
  private static let headerByteCount = 16

  private static func system(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<
    sqlite3_file
  > {
    (UnsafeMutableRawPointer(file!) + headerByteCount).assumingMemoryBound(to: sqlite3_file.self)
  }

  private static func methods(_ file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods {
    system(file).pointee.pMethods.pointee
  }

  nonisolated(unsafe) private static let ioMethods: UnsafePointer<sqlite3_io_methods> = {
    var methods = sqlite3_io_methods()
    methods.iVersion = 2
    methods.xClose = { FailingFileSystem.methods($0).xClose(system($0)) }
    methods.xRead = { file, buffer, count, offset in
      if failsNow() { return SQLITE_IOERR | 1 << 8 }
      return FailingFileSystem.methods(file).xRead(system(file), buffer, count, offset)
    }
    methods.xWrite = { file, buffer, count, offset in
      if failsNow() {
        // Half of it gets written: the failure of a real disk is not clean.
        _ = FailingFileSystem.methods(file).xWrite(system(file), buffer, count / 2, offset)
        return isLasting.load(ordering: .relaxed) ? SQLITE_FULL : SQLITE_IOERR | 3 << 8
      }
      return FailingFileSystem.methods(file).xWrite(system(file), buffer, count, offset)
    }
    methods.xTruncate = { file, size in
      if failsNow() { return SQLITE_IOERR | 6 << 8 }
      return FailingFileSystem.methods(file).xTruncate(system(file), size)
    }
    methods.xSync = { file, flags in
      if failsNow() { return SQLITE_IOERR | 4 << 8 }
      return FailingFileSystem.methods(file).xSync(system(file), flags)
    }
    methods.xFileSize = { FailingFileSystem.methods($0).xFileSize(system($0), $1) }
    methods.xLock = { FailingFileSystem.methods($0).xLock(system($0), $1) }
    methods.xUnlock = { FailingFileSystem.methods($0).xUnlock(system($0), $1) }
    methods.xCheckReservedLock = { FailingFileSystem.methods($0).xCheckReservedLock(system($0), $1) }
    methods.xFileControl = { FailingFileSystem.methods($0).xFileControl(system($0), $1, $2) }
    methods.xSectorSize = { FailingFileSystem.methods($0).xSectorSize(system($0)) }
    methods.xDeviceCharacteristics = { FailingFileSystem.methods($0).xDeviceCharacteristics(system($0)) }
    methods.xShmMap = { FailingFileSystem.methods($0).xShmMap(system($0), $1, $2, $3, $4) }
    methods.xShmLock = { FailingFileSystem.methods($0).xShmLock(system($0), $1, $2, $3) }
    methods.xShmBarrier = { FailingFileSystem.methods($0).xShmBarrier(system($0)) }
    methods.xShmUnmap = { FailingFileSystem.methods($0).xShmUnmap(system($0), $1) }
    let kept = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    kept.initialize(to: methods)
    return UnsafePointer(kept)
  }()

  /// Makes the VFS known, once.
  static let register: Void = {
    guard let original = sqlite3_vfs_find(nil) else { return }
    let failing = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    failing.initialize(to: original.pointee)
    failing.pointee.pNext = nil
    failing.pointee.szOsFile = original.pointee.szOsFile + Int32(headerByteCount)
    failing.pointee.zName = UnsafePointer(strdup(name))
    failing.pointee.xOpen = { _, path, file, flags, outFlags in
      guard let original = sqlite3_vfs_find(nil), let file else { return SQLITE_ERROR }
      file.pointee.pMethods = nil
      let result = original.pointee.xOpen(original, path, system(file), flags, outFlags)
      if system(file).pointee.pMethods != nil { file.pointee.pMethods = ioMethods }
      return result
    }
    sqlite3_vfs_register(failing, 0)
  }()
}
