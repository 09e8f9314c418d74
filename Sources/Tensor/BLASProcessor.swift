import CKernels
import COpenBLAS
import Foundation
import Synchronization

/// Which kernels OpenBLAS runs.
///
/// OpenBLAS picks its kernels when it is loaded, from a table of processors it knew when it was released. A
/// newer one with AVX-512 gets AVX2 kernels, at half the speed. Where that is so, the library is asked to
/// choose again for the AVX-512 family, before its first product. A choice by the user
/// (`OPENBLAS_CORETYPE`) stands.
public enum BLASProcessor {
  /// The family of kernels in use, by OpenBLAS's name.
  public static var name: String { String(cString: openblas_get_corename()) }

  /// Makes the choice once a process and sets OpenBLAS to one thread a call: shards are the parallelism.
  static func prepare() {
    // A lazy global of type Void would be dropped by the optimizer with its side effects.
    isPrepared.withLock { isPrepared in
      guard !isPrepared else { return }
      isPrepared = true
      if ck_has_avx512() == 1, ["Haswell", "Zen"].contains(name), getenv("OPENBLAS_CORETYPE") == nil {
        chooseAgain(family: "SkylakeX")
      }
      openblas_set_num_threads(1)
    }
  }

  private static let isPrepared = Mutex(false)

  private static func chooseAgain(family: String) {
    typealias Function = @convention(c) () -> Void
    guard let library = dlopen(nil, RTLD_NOW),
      let quit = dlsym(library, "gotoblas_dynamic_quit"),
      let start = dlsym(library, "gotoblas_dynamic_init")
    else { return }
    setenv("OPENBLAS_CORETYPE", family, 1)
    unsafeBitCast(quit, to: Function.self)()
    unsafeBitCast(start, to: Function.self)()
    unsetenv("OPENBLAS_CORETYPE")
  }
}
