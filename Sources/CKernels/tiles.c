#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "panels.h"

// Products of large float matrices for processors with matrix tiles (AMX), which multiply bfloat16 numbers and add up
// in float. A float is the sum of three bfloat16 numbers, x = h + m + l, each the rest of the one before, rounded to
// nearest. Of the nine products of parts, the three smallest (ml, lm, ll) are left out: they are at most about 2⁻²⁴ |xy|
// together, as much as float's own rounding. A multiplication of two tiles adds up its 32 products from 0 and then adds
// them to the tile of sums, so that a long sum rounds less than one that takes product after product.
#if HAS_WIDE && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TILED __attribute__((target("arch=x86-64-v4,amx-tile,amx-bf16"), min_vector_width(512)))
#define TILED_INLINE static inline __attribute__((always_inline)) TILED

// A step is 32 values of the inner index. A panel is 32 rows of a (or columns of b). The step of a panel holds six
// tiles of 1 KiB: the h of its two halves, then m, then l. A row of a tile of a is a row of a: 16 pairs of values. A
// row of a tile of b is a pair of rows of b. Values l and l + 16 of a step are a pair, in both.
#define STEP 32
#define PANEL 32
#define TILE_WORDS 256
#define STEP_WORDS (6 * TILE_WORDS)

// The inner index is taken in parts of DEPTH. WIDTH columns of b stay packed in the second cache while all rows pass
// by, a panel at a time. Panels of a transposed a are packed GROUP at a time, so that a is read in long pieces.
#define DEPTH 256
#define WIDTH 768
#define GROUP 4
#define PANEL_WORDS (DEPTH / STEP * STEP_WORDS)

typedef struct {
  _Alignas(64) uint32_t columns[WIDTH / PANEL][PANEL_WORDS], rows[GROUP][PANEL_WORDS];
  _Alignas(64) float sums[PANEL * PANEL];
} tile_factors;

static pthread_key_t factors_key;
static void make_factors_key(void) { pthread_key_create(&factors_key, free); }

// The memory of this thread for packed factors; null if there is none.
static tile_factors *own_factors(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_factors_key);
  tile_factors *own = pthread_getspecific(factors_key);
  if (!own && !posix_memalign((void **)&own, 4096, sizeof(tile_factors)) && pthread_setspecific(factors_key, own)) {
    free(own);
    own = 0;
  }
  return own;
}

// Writes a row of the h, m and l of a tile: the pairs (low[i], high[i]). h is at most the largest bfloat16 number, so a
// finite value stays finite. A value that is not finite has an l that is NaN.
TILED_INLINE void split(__m512 low, __m512 high, uint32_t *to) {
  const __m512 largest = _mm512_castsi512_ps(_mm512_set1_epi32(0x7f7f0000));
  const __m512i half = _mm512_set1_epi32(0x8000), top = _mm512_set1_epi32((int)0xffff0000);
#define ROUND(x) _mm512_castsi512_ps(_mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), top))
#define PUT(part, x, y)                                                                         \
  _mm512_store_si512(to + 2 * (part) * TILE_WORDS,                                              \
                     _mm512_or_si512(_mm512_srli_epi32(_mm512_castps_si512(x), 16), _mm512_castps_si512(y)))
  // The smaller magnitude, with the sign of the first.
  __m512 x = ROUND(_mm512_range_ps(low, largest, 2)), y = ROUND(_mm512_range_ps(high, largest, 2));
  PUT(0, x, y);
  low -= x, high -= y;
  x = ROUND(low), y = ROUND(high);
  PUT(1, x, y);
  PUT(2, low - x, high - y);
#undef ROUND
#undef PUT
}

// Packs rows [0, count) of x, which lie along the inner index: element (i, l) at x[i·step + l]. `turned`: a row of a
// tile is a pair of the inner index. Else it is a row of x.
TILED_INLINE void pack_along(const int turned, const float *x, size_t step, size_t count, size_t depth,
                             uint32_t *panels) {
  for (size_t first = 0; first < count; first += 16) {
    const size_t rows = count - first < 16 ? count - first : 16;
    uint32_t *to = panels + first / PANEL * PANEL_WORDS + first % PANEL / 16 * TILE_WORDS;
    const float *from = x + first * step;
    for (size_t l = 0; l < depth; l += STEP, from += STEP, to += STEP_WORDS) {
      const __mmask16 low = lanes((ptrdiff_t)(depth - l)), high = lanes((ptrdiff_t)(depth - l) - 16);
      if (turned) {
        vector r[16], s[16];
        for (size_t i = 0; i < 16; i++) {
          r[i] = i < rows ? (vector)_mm512_maskz_loadu_ps(low, from + i * step) : (vector){0};
          s[i] = i < rows ? (vector)_mm512_maskz_loadu_ps(high, from + i * step + 16) : (vector){0};
        }
        transpose(r);
        transpose(s);
        for (size_t i = 0; i < 16; i++) split((__m512)r[i], (__m512)s[i], to + i * 16);
      } else {
        for (size_t i = 0; i < rows; i++)
          split(_mm512_maskz_loadu_ps(low, from + i * step), _mm512_maskz_loadu_ps(high, from + i * step + 16),
                to + i * 16);
        for (size_t i = rows; i < 16; i++) split(_mm512_setzero_ps(), _mm512_setzero_ps(), to + i * 16);
      }
    }
  }
}

// Packs columns [0, count) of x, whose rows lie across the inner index: element (i, l) at x[l·step + i]. `turned`: a
// row of a tile is a column of x. Else it is a pair of the inner index.
TILED_INLINE void pack_across(const int turned, const float *x, size_t step, size_t count, size_t depth,
                              uint32_t *panels) {
  for (size_t l = 0; l < depth; l += STEP, x += STEP * step, panels += STEP_WORDS) {
    const size_t left = depth - l;
    if (turned) {
      for (size_t first = 0; first < count; first += 16) {
        const __mmask16 mask = lanes((ptrdiff_t)(count - first));
        uint32_t *to = panels + first / PANEL * PANEL_WORDS + first % PANEL / 16 * TILE_WORDS;
        const float *from = x + first;
        vector r[16], s[16];
        for (size_t i = 0; i < 16; i++) {
          r[i] = i < left ? (vector)_mm512_maskz_loadu_ps(mask, from + i * step) : (vector){0};
          s[i] = i + 16 < left ? (vector)_mm512_maskz_loadu_ps(mask, from + (i + 16) * step) : (vector){0};
        }
        transpose(r);
        transpose(s);
        for (size_t i = 0; i < 16; i++) split((__m512)r[i], (__m512)s[i], to + i * 16);
      }
    } else {
      for (size_t i = 0; i < 16; i++) {
        const float *low = x + i * step, *high = x + (i + 16) * step;
        for (size_t first = 0; first < count; first += 16) {
          const __mmask16 mask = lanes((ptrdiff_t)(count - first));
          split(_mm512_maskz_loadu_ps(i < left ? mask : 0, low + first),
                _mm512_maskz_loadu_ps(i + 16 < left ? mask : 0, high + first),
                panels + first / PANEL * PANEL_WORDS + first % PANEL / 16 * TILE_WORDS + i * 16);
        }
      }
    }
  }
}

// Tiles 0 to 3 are sums, 4 and 5 a part of the rows, 6 and 7 a part of the columns.
#define MULTIPLY()                                \
  do {                                            \
    _tile_dpbf16ps(0, 4, 6);                      \
    if (n > 1) _tile_dpbf16ps(1, 4, 7);           \
    if (m > 1) _tile_dpbf16ps(2, 5, 6);           \
    if (m > 1 && n > 1) _tile_dpbf16ps(3, 5, 7);  \
  } while (0)
#define LOAD_ROWS(part)                                                \
  do {                                                                 \
    _tile_loadd(4, a + 2 * (part)*TILE_WORDS, 64);                     \
    if (m > 1) _tile_loadd(5, a + (2 * (part) + 1) * TILE_WORDS, 64);  \
    fetch(b + STEP_WORDS + 2 * (part)*TILE_WORDS);                     \
  } while (0)
#define LOAD_COLUMNS(part)                                             \
  do {                                                                 \
    _tile_loadd(6, b + 2 * (part)*TILE_WORDS, 64);                     \
    if (n > 1) _tile_loadd(7, b + (2 * (part) + 1) * TILE_WORDS, 64);  \
  } while (0)

// Fetches two tiles into the first cache.
TILED_INLINE void fetch(const uint32_t *tiles) {
#pragma clang loop unroll(full)
  for (int i = 0; i < 32; i++) __builtin_prefetch(tiles + 16 * i);
}

// The sums of m×n tiles, at most 2×2, over all steps of a panel of rows and a panel of columns.
TILED_INLINE void multiply_panels(const int m, const int n, size_t steps, const uint32_t *rows,
                                  const uint32_t *columns, float *to, size_t pitch) {
  const uint32_t *a = rows, *b = columns;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (size_t l = 0; l < steps; l++, a += STEP_WORDS, b += STEP_WORDS) {
    // Small products come first. The tiles of b for the next step are fetched meanwhile.
    LOAD_ROWS(2);
    LOAD_COLUMNS(0);
    MULTIPLY();
    LOAD_ROWS(1);
    MULTIPLY();
    LOAD_COLUMNS(1);
    MULTIPLY();
    LOAD_ROWS(0);
    MULTIPLY();
    LOAD_COLUMNS(2);
    MULTIPLY();
    LOAD_COLUMNS(0);
    MULTIPLY();
  }
  _tile_stored(0, to, pitch * 4);
  if (n > 1) _tile_stored(1, to + 16, pitch * 4);
  if (m > 1) _tile_stored(2, to + 16 * pitch, pitch * 4);
  if (m > 1 && n > 1) _tile_stored(3, to + 16 * pitch + 16, pitch * 4);
}

// c ← base + a panel of rows times a panel of columns, for `height` × `width` results.
TILED_INLINE void block(tile_factors *own, size_t steps, const uint32_t *rows, const uint32_t *columns,
                        const float *base, size_t pitch, float *c, size_t ldc, size_t height, size_t width) {
  const int direct = !base && height == PANEL && width == PANEL;
  float *to = direct ? c : own->sums;
  const size_t step = direct ? ldc : PANEL;
  if (!direct)
    for (size_t i = 0; i < height; i++) {
      __builtin_prefetch(c + i * ldc, 1);
      __builtin_prefetch(c + i * ldc + width - 1, 1);
    }
  if (height > 16 && width > 16)
    multiply_panels(2, 2, steps, rows, columns, to, step);
  else if (height > 16)
    multiply_panels(2, 1, steps, rows, columns, to, step);
  else if (width > 16)
    multiply_panels(1, 2, steps, rows, columns, to, step);
  else
    multiply_panels(1, 1, steps, rows, columns, to, step);
  if (direct) return;
  const __mmask16 low = lanes((ptrdiff_t)width), high = lanes((ptrdiff_t)width - 16);
  for (size_t i = 0; i < height; i++) {
    const float *from = base ? base + i * pitch : 0;
    __m512 first = _mm512_load_ps(own->sums + i * PANEL), second = _mm512_load_ps(own->sums + i * PANEL + 16);
    if (from) first += _mm512_maskz_loadu_ps(low, from), second += _mm512_maskz_loadu_ps(high, from + 16);
    _mm512_mask_storeu_ps(c + i * ldc, low, first);
    _mm512_mask_storeu_ps(c + i * ldc + 16, high, second);
  }
}

typedef struct {
  uint8_t palette, start, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_shapes;

// The steps of all terms follow each other. The panels of steps [first, last) hold parts of one term or more.
#define FOR_TERMS(pack, turned, x, step, offset, count, panels)                                           \
  for (size_t s = first, t; s < last; s += t) {                                                           \
    const size_t term = s / per_term, l = s % per_term * STEP;                                            \
    t = per_term - s % per_term < last - s ? per_term - s % per_term : last - s;                          \
    pack(turned, x[term] + offset, step, count, k - l < t * STEP ? k - l : t * STEP,                      \
         panels + (s - first) * STEP_WORDS);                                                              \
  }

// c ← base + Σ op(A)·op(B) over the terms; base has rows `pitch` apart, and may be c or null.
TILED static void tiled_product(tile_factors *own, size_t terms, int transpose_a, int transpose_b, size_t m, size_t n,
                                size_t k, const float *const *a, size_t lda, const float *const *b, size_t ldb,
                                const float *base, size_t pitch, float *c, size_t ldc) {
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) shapes.row_bytes[i] = 64, shapes.rows[i] = 16;
  _tile_loadconfig(&shapes);
  const size_t per_term = (k + STEP - 1) / STEP, group = transpose_a ? GROUP * PANEL : PANEL;
  for (size_t first = 0, last; first < terms * per_term; first = last, base = c, pitch = ldc) {
    last = terms * per_term - first < DEPTH / STEP ? terms * per_term : first + DEPTH / STEP;
    for (size_t left = 0; left < n; left += WIDTH) {
      const size_t columns = n - left < WIDTH ? n - left : WIDTH;
      if (transpose_b)
        FOR_TERMS(pack_along, 1, b, ldb, left * ldb + l, columns, own->columns[0])
      else
        FOR_TERMS(pack_across, 0, b, ldb, left + l * ldb, columns, own->columns[0])
      for (size_t i = 0; i < m; i += group) {
        const size_t rows = m - i < group ? m - i : group;
        if (transpose_a)
          FOR_TERMS(pack_across, 1, a, lda, i + l * lda, rows, own->rows[0])
        else
          FOR_TERMS(pack_along, 0, a, lda, i * lda + l, rows, own->rows[0])
        for (size_t r = 0; r < rows; r += PANEL)
          for (size_t j = 0; j < columns; j += PANEL)
            block(own, last - first, own->rows[r / PANEL], own->columns[j / PANEL],
                  base ? base + (i + r) * pitch + left + j : 0, pitch, c + (i + r) * ldc + left + j, ldc,
                  rows - r < PANEL ? rows - r : PANEL, columns - j < PANEL ? columns - j : PANEL);
      }
    }
  }
  _tile_release();
}
#undef FOR_TERMS

int ck_tiled_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, const float *a2, const float *b2, const float *base, size_t pitch,
                         float *c, size_t ldc) {
  tile_factors *own = own_factors();
  if (!own) return 0;
  const float *const left[] = {a, a2}, *const right[] = {b, b2};
  tiled_product(own, a2 ? 2 : 1, transpose_a, transpose_b, m, n, k, left, lda, right, ldb, base, pitch, c, ldc);
  return 1;
}

static int has_tiles;

// Linux gives the tiles to a process that asks for them. A process that may not have them goes on without.
static void ask_for_tiles(void) {
  unsigned a, b, c, d;
  if (!ck_has_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
  const unsigned tiles = 1u << 24, bfloat16 = 1u << 22;
  const long request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM and its feature
  has_tiles = (d & tiles) && (d & bfloat16) && !syscall(SYS_arch_prctl, request, tile_data);
}

int ck_has_tiles(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, ask_for_tiles);
  return has_tiles;
}

#else

// Never called if ck_has_tiles is 0.
int ck_tiled_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, const float *a2, const float *b2, const float *base, size_t pitch,
                         float *c, size_t ldc) {
  (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k, (void)a, (void)lda, (void)b, (void)ldb;
  (void)a2, (void)b2, (void)base, (void)pitch, (void)c, (void)ldc;
  return 0;
}
int ck_has_tiles(void) { return 0; }

#endif
