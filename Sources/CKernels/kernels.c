#include "CKernels.h"

#include <math.h>

#include "clones.h"

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
