import Glibc
import Synchronization

/// Locks a file beside the database while the object lives, so that only one process serves the database. A
/// process that dies releases the lock.
final class FileLock: Sendable {
  /// -1 after the release.
  private let descriptor: Atomic<Int32>

  /// - Throws: `StorageError.alreadyOpen` if another process has the lock.
  init(database path: String) throws {
    let descriptor = open(path + "-lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let code = errno
      throw StorageError.cannotOpen(path: path, detail: String(cString: strerror(code)))
    }
    // Tries for a second. The process before may be about to end. A child that is being forked from here has
    // the file until it runs its own program.
    var attempts = 100
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      attempts -= 1
      guard attempts > 0 else {
        close(descriptor)
        throw StorageError.alreadyOpen(path: path)
      }
      usleep(10_000)
    }
    self.descriptor = Atomic(descriptor)
  }

  deinit {
    release()
  }

  func release() {
    let held = descriptor.exchange(-1, ordering: .relaxed)
    if held >= 0 { close(held) }
  }
}
