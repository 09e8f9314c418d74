#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "panels.h"

// Products of float matrices for processors with AVX-512. A tile of 12×32 results stays in registers while the inner
// index runs. The shapes of minimal filtering set the sizes: many products of medium size, one thread each. One factor
// is packed, 32 columns at a time (as Goto and van de Geijn 2008 do). The other is read in place.
#if HAS_WIDE

// The sums of a tile of `rows` × 32; `rows` is a constant after inlining. Element (i, l) of a lies at a[i·step + l], or
// at a[l·step + i] if a is transposed. Rows of the panel are `pitch` apart: 32 if the panel is packed.
INLINE void multiply(const int rows, const int transposed, const float *a, size_t step, const float *panel,
                     size_t pitch, size_t k, __m512 sum[ROWS][2]) {
  const float *row[ROWS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) row[i] = a + (size_t)i * step;
  for (size_t l = 0; l < k; l++, panel += pitch) {
    const __m512 low = _mm512_loadu_ps(panel), high = _mm512_loadu_ps(panel + 16);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const __m512 value = _mm512_set1_ps(transposed ? a[i] : row[i][l]);
      sum[i][0] = _mm512_fmadd_ps(value, low, sum[i][0]);
      sum[i][1] = _mm512_fmadd_ps(value, high, sum[i][1]);
    }
    if (transposed) a += step;
  }
}

// Writes one row of a tile, or the sum of the row and `base`. A sum never begins with a value of base: long sums would
// round more.
INLINE void put(float *to, const float *base, const __m512 sum[2], __mmask16 low, __mmask16 high) {
  const __m512 zero = _mm512_setzero_ps();
  _mm512_mask_storeu_ps(to, low, sum[0] + (base ? _mm512_maskz_loadu_ps(low, base) : zero));
  _mm512_mask_storeu_ps(to + 16, high, sum[1] + (base ? _mm512_maskz_loadu_ps(high, base + 16) : zero));
}

// c ← base + the product; base has rows `pitch_base` apart, and may be c or null.
INLINE void tile(const int rows, const int transposed, const float *a, size_t step, const float *panel, size_t pitch,
                 size_t k, const float *base, size_t pitch_base, float *c, size_t ldc, size_t width) {
  const __mmask16 low = lanes((ptrdiff_t)width), high = lanes((ptrdiff_t)width - 16);
  __m512 sum[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    // The sums are added to these values at the end, so the values are fetched meanwhile.
    __builtin_prefetch(c + (size_t)i * ldc, 1);
    __builtin_prefetch(c + (size_t)i * ldc + 16, 1);
    sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  }
  multiply(rows, transposed, a, step, panel, pitch, k, sum);
  if (width == 32) {
    // A store with a mask costs more than a plain one.
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      float *to = c + (size_t)i * ldc;
      const float *from = base + (size_t)i * pitch_base;
      _mm512_storeu_ps(to, base ? sum[i][0] + _mm512_loadu_ps(from) : sum[i][0]);
      _mm512_storeu_ps(to + 16, base ? sum[i][1] + _mm512_loadu_ps(from + 16) : sum[i][1]);
    }
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
    put(c + (size_t)i * ldc, base ? base + (size_t)i * pitch_base : 0, sum[i], low, high);
}

// Like `tile`, but a row of the tile is a column of c. c has `width` rows.
INLINE void turned_tile(const int rows, const int transposed, const float *b, size_t step, const float *panel, size_t k,
                        float *c, size_t ldc, size_t width, int accumulate) {
  const __mmask16 mask = lanes(rows);
  __m512 sum[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  multiply(rows, transposed, b, step, panel, 32, k, sum);
#pragma clang loop unroll(full)
  for (int half = 0; half < 2; half++) {
    vector block[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) block[i] = i < rows ? (vector)sum[i][half] : (vector){0};
    transpose(block);
    for (size_t i = 0; i < 16 && half * 16 + i < width; i++) {
      float *to = c + (half * 16 + i) * ldc;
      const __m512 before = accumulate ? _mm512_maskz_loadu_ps(mask, to) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(to, mask, before + (__m512)block[i]);
    }
  }
}

// The product of all rows of a with one panel: columns of c.
WIDE static void panel_product(int transposed, size_t m, size_t k, const float *a, size_t lda, const float *panel,
                               size_t pitch, float *c, size_t ldc, size_t width, int accumulate) {
  for (size_t i = 0; i < m;) {
    const size_t rows = next_rows(m - i);
    float *to = c + i * ldc;
    const float *base = accumulate ? to : 0;
#define TILE(r)                                                                             \
  if (transposed)                                                                           \
    tile(r, 1, a + i, lda, panel, pitch, k, base, ldc, to, ldc, width);                     \
  else                                                                                      \
    tile(r, 0, a + i * lda, lda, panel, pitch, k, base, ldc, to, ldc, width);               \
  break;
    FOR_ROWS(rows, TILE)
#undef TILE
    i += rows;
  }
}

// The product of one panel with all columns of b: rows of c.
WIDE static void turned_product(int transposed, size_t n, size_t k, const float *b, size_t ldb, const float *panel,
                                float *c, size_t ldc, size_t width, int accumulate) {
  for (size_t j = 0; j < n;) {
    const size_t columns = next_rows(n - j);
#define TILE(r)                                                                             \
  if (transposed)                                                                           \
    turned_tile(r, 1, b + j, ldb, panel, k, c + j, ldc, width, accumulate);                 \
  else                                                                                      \
    turned_tile(r, 0, b + j * ldb, ldb, panel, k, c + j, ldc, width, accumulate);           \
  break;
    FOR_ROWS(columns, TILE)
#undef TILE
    j += columns;
  }
}

// The inner index is taken in parts of DEPTH, so that a panel fits on the stack and in the cache. Rows are taken in
// parts of HEIGHT, so that their part of a stays in the cache while all panels are used. Rows are packed instead of
// columns if the rows fill just one panel, or if the columns fill at most half of one.
#define DEPTH 512
#define HEIGHT 240

// Large products pack both factors. WIDTH columns of b are packed at a time, and stay in the second cache while all rows
// of a pass by. GROUP tiles of rows are packed together, so that a transposed a is read in long pieces.
#define WIDTH 512
#define GROUP 8

typedef struct {
  _Alignas(64) float panels[WIDTH * DEPTH], rows[GROUP][ROWS * DEPTH];
} packed;

static pthread_key_t packed_key;
static void make_packed_key(void) { pthread_key_create(&packed_key, free); }

// The memory of this thread for packed factors; null if there is none.
static packed *packed_factors(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_packed_key);
  packed *own = pthread_getspecific(packed_key);
  if (!own && !posix_memalign((void **)&own, 4096, sizeof(packed)) && pthread_setspecific(packed_key, own)) {
    free(own);
    own = 0;
  }
  return own;
}

// Whether packing both factors pays, as measured. Both ways give the same bits.
static int is_large(int transpose_a, size_t m, size_t n, size_t k) {
  return m >= (transpose_a ? 96 : HEIGHT) && n >= 96 && k >= 64;
}

// Packs `counts[q]` rows of a for each of `tiles` tiles, so that the rows of an inner index lie side by side.
INLINE void pack_tiles(int transposed, const float *a, size_t lda, size_t k, const size_t *counts, size_t tiles,
                       float (*rows)[ROWS * DEPTH]) {
  if (transposed) {
    for (size_t l = 0; l < k; l++, a += lda) {
      const float *from = a;
      for (size_t q = 0; q < tiles; from += counts[q++])
        _mm512_mask_storeu_ps(rows[q] + l * ROWS, lanes(ROWS),
                              _mm512_maskz_loadu_ps(lanes((ptrdiff_t)counts[q]), from));
    }
    return;
  }
  for (size_t q = 0; q < tiles; a += counts[q++] * lda)
    for (size_t l = 0; l < k; l += 16) {
      const size_t depth = k - l < 16 ? k - l : 16;
      vector r[16];
      for (size_t i = 0; i < 16; i++)
        r[i] = i < counts[q] ? (vector)_mm512_maskz_loadu_ps(lanes((ptrdiff_t)depth), a + i * lda + l) : (vector){0};
      transpose(r);
      for (size_t i = 0; i < depth; i++) _mm512_mask_storeu_ps(rows[q] + (l + i) * ROWS, lanes(ROWS), (__m512)r[i]);
    }
}

// c ← base + op(A)·op(B); base has rows `pitch` apart, and may be c or null.
WIDE static void large_product(packed *own, int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                               const float *a, size_t lda, const float *b, size_t ldb, const float *base,
                               size_t pitch, float *c, size_t ldc) {
  for (size_t l = 0; l < k; l += DEPTH, base = c, pitch = ldc) {
    const size_t depth = k - l < DEPTH ? k - l : DEPTH;
    const float *left = a + (transpose_a ? l * lda : l), *right = b + (transpose_b ? l : l * ldb);
    for (size_t first = 0; first < n; first += WIDTH) {
      const size_t columns = n - first < WIDTH ? n - first : WIDTH;
      for (size_t j = 0; j < columns; j += 32) {
        const size_t width = columns - j < 32 ? columns - j : 32;
        if (transpose_b)
          pack_transposed(right + (first + j) * ldb, ldb, depth, width, own->panels + j * depth);
        else
          pack(right + first + j, ldb, depth, width, own->panels + j * depth);
      }
      for (size_t i = 0; i < m;) {
        size_t counts[GROUP], tiles = 0, end = i;
        for (; tiles < GROUP && end < m; end += counts[tiles++]) counts[tiles] = next_rows(m - end);
        pack_tiles(transpose_a, left + (transpose_a ? i : i * lda), lda, depth, counts, tiles, own->rows);
        for (size_t j = 0; j < columns; j += 32) {
          const size_t width = columns - j < 32 ? columns - j : 32;
          float *to = c + i * ldc + first + j;
          const float *from = base ? base + i * pitch + first + j : 0;
          for (size_t q = 0; q < tiles; from = from ? from + counts[q] * pitch : 0, to += counts[q++] * ldc) {
#define TILE(r)                                                                                              \
  tile(r, 1, own->rows[q], ROWS, own->panels + j * depth, 32, depth, from, pitch, to, ldc, width);           \
  break;
            FOR_ROWS(counts[q], TILE)
#undef TILE
          }
        }
        i = end;
      }
    }
  }
}

WIDE void ck_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
  packed *own = is_large(transpose_a, m, n, k) ? packed_factors() : 0;
  if (own)
    return large_product(own, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, accumulate ? c : 0, ldc, c, ldc);
  _Alignas(64) float panel[32 * DEPTH];
  const int turned = (m >= 20 && m <= 32 && n > 2 * m) || (n <= 16 && m > n);
  for (size_t l = 0; l < k; l += DEPTH, accumulate = 1) {
    const size_t depth = k - l < DEPTH ? k - l : DEPTH;
    const float *left = a + (transpose_a ? l * lda : l), *right = b + (transpose_b ? l : l * ldb);
    if (turned) {
      for (size_t i = 0; i < m; i += 32) {
        const size_t height = m - i < 32 ? m - i : 32;
        if (transpose_a)
          pack(left + i, lda, depth, height, panel);
        else
          pack_transposed(left + i * lda, lda, depth, height, panel);
        turned_product(!transpose_b, n, depth, right, ldb, panel, c + i * ldc, ldc, height, accumulate);
      }
      continue;
    }
    for (size_t i = 0; i < m; i += HEIGHT) {
      const size_t height = m - i < HEIGHT ? m - i : HEIGHT;
      for (size_t j = 0; j < n; j += 32) {
        const size_t width = n - j < 32 ? n - j : 32;
        const float *some = left + (transpose_a ? i : i * lda);
        float *to = c + i * ldc + j;
        if (m <= ROWS && !transpose_b && width == 32) {
          panel_product(transpose_a, height, depth, some, lda, right + j, ldb, to, ldc, width, accumulate);
          continue;
        }
        if (transpose_b)
          pack_transposed(right + j * ldb, ldb, depth, width, panel);
        else
          pack(right + j, ldb, depth, width, panel);
        panel_product(transpose_a, height, depth, some, lda, panel, 32, to, ldc, width, accumulate);
      }
    }
  }
}

void ck_affine_product_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                           const float *bias, float *c, size_t ldc) {
  packed *own = is_large(0, m, n, k) ? packed_factors() : 0;
  if (own) return large_product(own, 0, 1, m, n, k, a, lda, b, ldb, bias, 0, c, ldc);
  for (size_t i = 0; i < m; i++) memcpy(c + i * ldc, bias, n * sizeof(float));
  ck_product_f32(0, 1, m, n, k, a, lda, b, ldb, 1, c, ldc);
}

int ck_has_products(void) { return ck_has_avx512(); }

#else

// Never called if ck_has_products is 0.
void ck_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                    const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
  (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb;
  (void)accumulate, (void)c, (void)ldc;
}
void ck_affine_product_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                           const float *bias, float *c, size_t ldc) {
  (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb, (void)bias, (void)c, (void)ldc;
}
int ck_has_products(void) { return 0; }

#endif
