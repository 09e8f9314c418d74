#pragma once
#include <stddef.h>

// Panels of 32 columns of a right factor: shared by the float products for processors with AVX-512.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define HAS_WIDE 1
#include <immintrin.h>

#define WIDE __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define INLINE static inline __attribute__((always_inline, target("arch=x86-64-v4"), min_vector_width(512)))

// Rows of a tile at most: with two vectors a row, 24 sums stay in registers.
#define ROWS 12

typedef float vector __attribute__((vector_size(64)));

// A mask of the first `width` of 16 lanes. It is empty if `width` is 0 or less.
INLINE __mmask16 lanes(ptrdiff_t width) {
  return width >= 16 ? 0xffff : width <= 0 ? 0 : (__mmask16)((1u << width) - 1);
}

// Transposes a 16×16 block in four rounds of interleaving rows i and i + 8.
INLINE void transpose(vector r[16]) {
  vector t[16];
#define ROUND(to, from)                                                                                      \
  for (int i = 0; i < 8; i++) {                                                                              \
    to[2 * i] = __builtin_shufflevector(from[i], from[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,   \
                                        22, 7, 23);                                                          \
    to[2 * i + 1] = __builtin_shufflevector(from[i], from[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,  \
                                            29, 14, 30, 15, 31);                                             \
  }
  ROUND(t, r)
  ROUND(r, t)
  ROUND(t, r)
  ROUND(r, t)
#undef ROUND
}

// Packs rows [0, k) of 32 columns of b. Columns from `width` on become zero.
INLINE void pack(const float *restrict b, size_t ldb, size_t k, size_t width, float *restrict panel) {
  if (width == 32) {
    for (size_t l = 0; l < k; l++) {
      _mm512_store_ps(panel + l * 32, _mm512_loadu_ps(b + l * ldb));
      _mm512_store_ps(panel + l * 32 + 16, _mm512_loadu_ps(b + l * ldb + 16));
    }
    return;
  }
  const __mmask16 low = lanes((ptrdiff_t)width), high = lanes((ptrdiff_t)width - 16);
  for (size_t l = 0; l < k; l++) {
    _mm512_store_ps(panel + l * 32, _mm512_maskz_loadu_ps(low, b + l * ldb));
    _mm512_store_ps(panel + l * 32 + 16, _mm512_maskz_loadu_ps(high, b + l * ldb + 16));
  }
}

// Like `pack`, for a b that holds the transpose: 32 rows of k values. Columns from `width` on repeat the last one.
INLINE void pack_transposed(const float *restrict b, size_t ldb, size_t k, size_t width, float *restrict panel) {
  size_t l = 0;
  if (width == 32) {
    for (; l + 16 <= k; l += 16) {
      for (size_t half = 0; half < 32; half += 16) {
        vector r[16];
        for (size_t i = 0; i < 16; i++) r[i] = (vector)_mm512_loadu_ps(b + (half + i) * ldb + l);
        transpose(r);
        for (size_t i = 0; i < 16; i++) *(vector *)(panel + (l + i) * 32 + half) = r[i];
      }
    }
  }
  for (; l < k; l += 16) {
    const size_t depth = k - l < 16 ? k - l : 16;
    const __mmask16 mask = lanes((ptrdiff_t)depth);
    for (size_t half = 0; half < 32; half += 16) {
      vector r[16];
      for (size_t i = 0; i < 16; i++) {
        const size_t row = half + i < width ? half + i : width - 1;
        r[i] = (vector)_mm512_maskz_loadu_ps(mask, b + row * ldb + l);
      }
      transpose(r);
      if (depth == 16) {
        for (size_t i = 0; i < 16; i++) *(vector *)(panel + (l + i) * 32 + half) = r[i];
      } else {
        for (size_t i = 0; i < depth; i++) *(vector *)(panel + (l + i) * 32 + half) = r[i];
      }
    }
  }
}

// Calls TILE(n) with n as a constant, so that the compiler unrolls the tile.
#define FOR_ROWS(n, TILE) \
  switch (n) {            \
  case 12: TILE(12)       \
  case 11: TILE(11)       \
  case 10: TILE(10)       \
  case 9: TILE(9)         \
  case 8: TILE(8)         \
  case 7: TILE(7)         \
  case 6: TILE(6)         \
  case 5: TILE(5)         \
  case 4: TILE(4)         \
  case 3: TILE(3)         \
  case 2: TILE(2)         \
  default: TILE(1)        \
  }

// How many rows the next tile takes if `left` remain. The tiles of a product differ by one row at most.
static inline size_t next_rows(size_t left) {
  const size_t tiles = (left + ROWS - 1) / ROWS;
  return (left + tiles - 1) / tiles;
}
#endif
