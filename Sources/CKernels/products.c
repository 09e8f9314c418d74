#include <string.h>

#include "CKernels.h"
#include "panels.h"

// Products of float matrices for processors with AVX-512: a tile of 12×32 results stays in registers while the inner
// index runs. Smaller than a BLAS, and made for what minimal filtering asks for: many products of middling size, one
// thread each. Only the right factor is packed, 32 columns at a time (the scheme is that of Goto and van de Geijn 2008).
#if HAS_WIDE
#define ROWS 12

// `rows` (a constant after inlining) × 32 results. Element (i, l) of a lies at a[i * row_step + l * inner_step].
INLINE void tile(const int rows, const float *restrict a, size_t row_step, size_t inner_step,
                 const float *restrict panel, size_t k, float *restrict c, size_t ldc, size_t width,
                 int accumulate) {
  vector sum[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (vector){0};
  for (size_t l = 0; l < k; l++) {
    const vector low = *(const vector *)(panel + l * 32), high = *(const vector *)(panel + l * 32 + 16);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const float value = a[i * row_step + l * inner_step];
      sum[i][0] += value * low;
      sum[i][1] += value * high;
    }
  }
  if (width == 32) {
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      loose_vector *row = (loose_vector *)(c + i * ldc);
      row[0] = accumulate ? row[0] + sum[i][0] : sum[i][0];
      row[1] = accumulate ? row[1] + sum[i][1] : sum[i][1];
    }
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    float row[32];
    memcpy(row, sum[i], sizeof row);
    for (size_t j = 0; j < width; j++) c[i * ldc + j] = accumulate ? c[i * ldc + j] + row[j] : row[j];
  }
}

// All rows of one panel.
INLINE void panel_product(size_t m, size_t k, const float *a, size_t row_step, size_t inner_step,
                          const float *panel, float *c, size_t ldc, size_t width, int accumulate) {
#define TILE(r)                                                                                       \
  for (; m - i >= r; i += r)                                                                          \
    tile(r, a + i * row_step, row_step, inner_step, panel, k, c + i * ldc, ldc, width, accumulate);
  size_t i = 0;
  TILE(12)
  TILE(8)
  TILE(4)
  TILE(2)
  TILE(1)
#undef TILE
}

// The inner index goes in parts of DEPTH, so that a panel fits on the stack and in the cache; rows in parts of HEIGHT,
// so that their share of a stays in the cache while all panels pass.
#define DEPTH 512
#define HEIGHT 240

WIDE void ck_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
  _Alignas(64) float panel[32 * DEPTH];
  for (size_t l = 0; l < k; l += DEPTH) {
    const size_t depth = k - l < DEPTH ? k - l : DEPTH;
    for (size_t i = 0; i < m; i += HEIGHT) {
      const size_t height = m - i < HEIGHT ? m - i : HEIGHT;
      for (size_t j = 0; j < n; j += 32) {
        const size_t width = n - j < 32 ? n - j : 32;
        if (transpose_b)
          pack_transposed(b + j * ldb + l, ldb, depth, width, panel);
        else
          pack(b + l * ldb + j, ldb, depth, width, panel);
        float *block = c + i * ldc + j;
        if (transpose_a)
          panel_product(height, depth, a + l * lda + i, 1, lda, panel, block, ldc, width, accumulate || l > 0);
        else
          panel_product(height, depth, a + i * lda + l, lda, 1, panel, block, ldc, width, accumulate || l > 0);
      }
    }
  }
}

int ck_has_products(void) { return ck_has_avx512(); }

#else

// Never called where ck_has_products is 0.
void ck_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                    const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
  (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb;
  (void)accumulate, (void)c, (void)ldc;
}
int ck_has_products(void) { return 0; }

#endif
