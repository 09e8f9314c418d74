// Tells the thread sanitizer what `Synchronization.Mutex` does where it waits.
//
// The fast paths of a Mutex are atomics in the program's own, instrumented code. If a thread must wait, the lock passes on
// in the runtime library and the kernel. The sanitizer does not see that, and would report everything guarded by the
// lock as a race. Preloaded, these two functions stand before the library's own and tell the sanitizer the order.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Absent in programs that are not built with the sanitizer, such as `swift test` itself.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

typedef SWIFT void LockSlow(uint32_t owner, SELF void *handle);
typedef SWIFT void UnlockSlow(SELF void *handle);

SWIFT void lock_slow(uint32_t owner, SELF void *handle) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF void *handle) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t owner, SELF void *handle) {
  ((LockSlow *)dlsym(RTLD_NEXT, LOCK_SLOW))(owner, handle);
  if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT void unlock_slow(SELF void *handle) {
  if (__tsan_release) __tsan_release(handle);
  ((UnlockSlow *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(handle);
}
