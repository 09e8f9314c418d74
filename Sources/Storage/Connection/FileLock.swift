import Glibc
import Synchronization

/// Holds a file beside the database as long as it lives, so that only one process serves it; a process that
/// dies lets go of it.
final class FileLock: Sendable {
  /// -1 when it has been let go.
  private let descriptor: Atomic<Int32>

  /// - Throws: `StorageError.alreadyOpen` where another process has it.
  init(database path: String) throws {
    let descriptor = open(path + "-lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let code = errno
      throw StorageError.cannotOpen(path: path, detail: String(cString: strerror(code)))
    }
    // Tried for a second: the process before may be about to end, and one that is just being forked from here
    // has the file until it runs its own program.
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
