#include "CKernels.h"

// Inner products of float rows in double, for processors with AVX-512. The 6×4 sums of a tile stay in registers, with
// eight lanes each, while the rows are read.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define INLINE static inline __attribute__((always_inline, target("arch=x86-64-v4"), min_vector_width(512)))

typedef double vector __attribute__((vector_size(64)));
typedef float loose_half __attribute__((vector_size(32), aligned(4), may_alias));

INLINE vector widened(const float *p) { return __builtin_convertvector(*(const loose_half *)p, vector); }

// A tile of `rows` × `columns` inner products over `length` elements, added to c. Both numbers are constants after
// inlining.
INLINE void tile(const int rows, const int columns, const float *restrict a, size_t lda, const float *restrict b,
                 size_t ldb, size_t length, double *restrict c, size_t ldc) {
  vector sum[6][4];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < columns; j++) sum[i][j] = (vector){0};
  size_t l = 0;
  for (; l + 8 <= length; l += 8) {
    vector right[4];
#pragma clang loop unroll(full)
    for (int j = 0; j < columns; j++) right[j] = widened(b + j * ldb + l);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const vector left = widened(a + i * lda + l);
#pragma clang loop unroll(full)
      for (int j = 0; j < columns; j++) sum[i][j] += left * right[j];
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < columns; j++) {
      const vector s = sum[i][j];
      double total = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
      for (size_t rest = l; rest < length; rest++) total += (double)a[i * lda + rest] * (double)b[j * ldb + rest];
      c[i * ldc + j] += total;
    }
}

INLINE void row_tiles(const int rows, size_t first, size_t n, int symmetric, const float *a, size_t lda,
                      const float *b, size_t ldb, size_t length, double *c, size_t ldc) {
  // A symmetric matrix needs only the tiles that reach its upper triangle. Tiles begin at a multiple of 4.
  size_t j = symmetric ? first & ~(size_t)3 : 0;
  for (; j + 4 <= n; j += 4) tile(rows, 4, a, lda, b + j * ldb, ldb, length, c + j, ldc);
  for (; j < n; j++) tile(rows, 1, a, lda, b + j * ldb, ldb, length, c + j, ldc);
}

// With parts of this length, six rows stay in the first-level cache, and all rows in the second-level cache.
#define PART 1024

WIDE void ck_gram_f32(size_t m, size_t n, size_t length, int symmetric, const float *a, size_t lda, const float *b,
                      size_t ldb, double *c, size_t ldc) {
  for (size_t l = 0; l < length; l += PART) {
    const size_t part = length - l < PART ? length - l : PART;
    size_t i = 0;
    for (; i + 6 <= m; i += 6)
      row_tiles(6, i, n, symmetric, a + i * lda + l, lda, b + l, ldb, part, c + i * ldc, ldc);
    for (; i + 2 <= m; i += 2)
      row_tiles(2, i, n, symmetric, a + i * lda + l, lda, b + l, ldb, part, c + i * ldc, ldc);
    for (; i < m; i++) row_tiles(1, i, n, symmetric, a + i * lda + l, lda, b + l, ldb, part, c + i * ldc, ldc);
  }
}

#else

// Never called if ck_has_products is 0.
void ck_gram_f32(size_t m, size_t n, size_t length, int symmetric, const float *a, size_t lda, const float *b,
                 size_t ldb, double *c, size_t ldc) {
  (void)m, (void)n, (void)length, (void)symmetric, (void)a, (void)lda, (void)b, (void)ldb, (void)c, (void)ldc;
}

#endif
