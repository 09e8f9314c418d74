#include "CKernels.h"

#include <math.h>

// One binary serves every x86-64 processor, because the loader picks the clone. A sanitizer starts before the loader
// can pick, so builds with a sanitizer have the default alone.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define T float
#define S f32
#define TANH tanhf
#define SQRT sqrtf
#include "kernels.inc"
#undef T
#undef S
#undef TANH
#undef SQRT

#define T double
#define S f64
#define TANH tanh
#define SQRT sqrt
#include "kernels.inc"

int ck_has_avx512(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}
