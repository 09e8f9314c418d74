#include <string.h>

#include "CKernels.h"
#include "panels.h"

// Convolutions of channels-last pictures without an im2col matrix ("implicit" products), for processors with AVX-512.
//
// A row of a product is a position: of the output in the forward pass, of the input in the input gradient. A tap is one
// place (kernel row, kernel column) of the kernel. Positions that the same taps reach form a class. A class multiplies
// by its taps alone, so padding costs nothing.
#if HAS_WIDE
// Rows of weights packed at a time.
#define DEPTH 1024
// The most runs in one pass over the rows of a class.
#define RUNS 64

// The place at which a row begins to read in the source, and the place at which its result is written.
typedef struct {
  ptrdiff_t source, target;
} place;

// Along one axis, for one position: `count` taps reach it, `first`, `first` + step and so on. `begin` is the source
// index that tap 0 would read.
typedef struct {
  ptrdiff_t first, count, begin, class;
} reach;

// Positions that the same taps reach, with their places ordered by sample. `started`: whether a product has written the
// class's part of the result. Later products add to the part.
typedef struct {
  reach y, x;
  ptrdiff_t per_sample;
  int started;
  place *begin, *end;
} class;

typedef struct {
  // The pictures whose positions are rows, then the pictures that are read.
  ptrdiff_t height, width, channels;
  ptrdiff_t source_height, source_width, source_channels;
  // `step`: from one tap that reaches a position to the next. `move`: how far the source index moves with such a step.
  ptrdiff_t step, move;
  // The number of classes in all, and of classes along the horizontal axis.
  ptrdiff_t classes, wide;
  class *class;
  place *places;
  reach *y, *x;
  float *panel;
} plan;

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

size_t ck_convolution_scratch(const ck_window *g, size_t samples) {
  const size_t positions = most((size_t)(g->height * g->width), (size_t)(g->output_height * g->output_width));
  const size_t sides = most((size_t)(g->height + g->width), (size_t)(g->output_height + g->output_width));
  return sizeof(float[32 * DEPTH]) + positions * (samples * sizeof(place) + sizeof(class)) + sides * sizeof(reach);
}

// Gives every position of an axis its class. Returns the number of classes.
static ptrdiff_t classify(reach *axis, ptrdiff_t n) {
  ptrdiff_t classes = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    ptrdiff_t j = 0;
    while (axis[j].first != axis[i].first || axis[j].count != axis[i].count) j++;
    axis[i].class = j < i ? axis[j].class : classes++;
  }
  return classes;
}

// Output position o reads kernel places k at o·stride − padding + k.
static void forward_reach(reach *axis, ptrdiff_t n, ptrdiff_t kernel, ptrdiff_t size, const ck_window *g) {
  for (ptrdiff_t o = 0; o < n; o++) {
    const ptrdiff_t begin = o * g->stride - g->padding;
    const ptrdiff_t first = begin < 0 ? -begin : 0;
    const ptrdiff_t end = begin + kernel > size ? size - begin : kernel;
    axis[o] = end > first ? (reach){first, end - first, begin, 0} : (reach){0, 0, begin, 0};
  }
}

// Input position i is read by output q − j through kernel place r + j·stride, where i + padding = q·stride + r.
static void backward_reach(reach *axis, ptrdiff_t n, ptrdiff_t kernel, ptrdiff_t size, const ck_window *g) {
  for (ptrdiff_t i = 0; i < n; i++) {
    const ptrdiff_t q = (i + g->padding) / g->stride, r = (i + g->padding) % g->stride;
    const ptrdiff_t first = q >= size ? q - size + 1 : 0;
    ptrdiff_t last = r < kernel ? (kernel - 1 - r) / g->stride : -1;
    if (last > q) last = q;
    axis[i] = last >= first ? (reach){r + first * g->stride, last - first + 1, q, 0} : (reach){0, 0, q, 0};
  }
}

// The classes of all positions and the places of their rows.
static plan make_plan(const ck_window *g, size_t outputs, size_t samples, int backward, void *scratch) {
  plan p;
  if (backward) {
    p.height = g->height, p.width = g->width, p.channels = g->channels;
    p.source_height = g->output_height, p.source_width = g->output_width, p.source_channels = (ptrdiff_t)outputs;
    p.step = g->stride, p.move = -1;
  } else {
    p.height = g->output_height, p.width = g->output_width, p.channels = (ptrdiff_t)outputs;
    p.source_height = g->height, p.source_width = g->width, p.source_channels = g->channels;
    p.step = p.move = 1;
  }
  const ptrdiff_t positions = p.height * p.width;
  p.panel = scratch;
  p.places = (place *)(p.panel + 32 * DEPTH);
  p.class = (class *)(p.places + positions * (ptrdiff_t)samples);
  p.y = (reach *)(p.class + positions);
  p.x = p.y + p.height;
  if (backward) {
    backward_reach(p.y, p.height, g->kernel_height, p.source_height, g);
    backward_reach(p.x, p.width, g->kernel_width, p.source_width, g);
  } else {
    forward_reach(p.y, p.height, g->kernel_height, p.source_height, g);
    forward_reach(p.x, p.width, g->kernel_width, p.source_width, g);
  }
  const ptrdiff_t high = classify(p.y, p.height), wide = classify(p.x, p.width);
  p.classes = high * wide;
  p.wide = wide;
  for (ptrdiff_t c = 0; c < p.classes; c++) p.class[c].per_sample = 0;
  for (ptrdiff_t y = 0; y < p.height; y++)
    for (ptrdiff_t x = 0; x < p.width; x++) {
      class *c = &p.class[p.y[y].class * wide + p.x[x].class];
      c->y = p.y[y];
      c->x = p.x[x];
      c->per_sample++;
    }
  place *next = p.places;
  for (ptrdiff_t c = 0; c < p.classes; c++) {
    p.class[c].begin = p.class[c].end = next;
    next += p.class[c].per_sample * (ptrdiff_t)samples;
  }
  for (ptrdiff_t n = 0, target = 0; n < (ptrdiff_t)samples; n++)
    for (ptrdiff_t y = 0; y < p.height; y++) {
      const ptrdiff_t row = (n * p.source_height + p.y[y].begin) * p.source_width;
      class *classes = p.class + p.y[y].class * wide;
      for (ptrdiff_t x = 0; x < p.width; x++, target += p.channels)
        *classes[p.x[x].class].end++ = (place){(row + p.x[x].begin) * p.source_channels, target};
    }
  return p;
}

// A piece of the inner index: `depth` values of the source, times as many rows of the panel. A row of the result reads
// from `source` plus the source of its place.
typedef struct {
  const float *source, *panel;
  size_t depth;
} run;

// A tile of `rows` × 16·`vectors` results; both numbers are constants after inlining. Sums begin with the bias or zero,
// or with the values in y if `accumulate`.
INLINE void gather_tile(const int rows, const int vectors, const place *at, const run *runs, size_t count,
                        const float *bias, int accumulate, float *y, __mmask16 low, __mmask16 high) {
  const int begins = bias && !accumulate;
  const __m512 first = begins ? _mm512_maskz_loadu_ps(low, bias) : _mm512_setzero_ps();
  const __m512 second = begins && vectors > 1 ? _mm512_maskz_loadu_ps(high, bias + 16) : _mm512_setzero_ps();
  __m512 sum[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = first, sum[i][1] = second;
  for (size_t r = 0; r < count; r++) {
    const float *row[ROWS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) row[i] = runs[r].source + at[i].source;
    const float *panel = runs[r].panel;
    const size_t depth = runs[r].depth;
    for (size_t l = 0; l < depth; l++, panel += 32) {
      const __m512 b0 = _mm512_load_ps(panel), b1 = _mm512_load_ps(panel + 16);
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) {
        const __m512 value = _mm512_set1_ps(row[i][l]);
        sum[i][0] = _mm512_fmadd_ps(value, b0, sum[i][0]);
        if (vectors > 1) sum[i][1] = _mm512_fmadd_ps(value, b1, sum[i][1]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    float *to = y + at[i].target;
    if (accumulate) {
      sum[i][0] += _mm512_maskz_loadu_ps(low, to);
      if (vectors > 1) sum[i][1] += _mm512_maskz_loadu_ps(high, to + 16);
    }
    _mm512_mask_storeu_ps(to, low, sum[i][0]);
    if (vectors > 1) _mm512_mask_storeu_ps(to + 16, high, sum[i][1]);
  }
}

// Vectors that n values take.
static ptrdiff_t vectors_of(ptrdiff_t n) { return (n + 15) / 16; }

// The products of all rows of a class with the same runs.
WIDE static void gather_rows(const place *at, const place *end, const run *runs, size_t count, const float *bias,
                             int accumulate, float *y, size_t width) {
  const __mmask16 low = lanes((ptrdiff_t)width), high = lanes((ptrdiff_t)width - 16);
  while (at < end) {
    const size_t rows = next_rows((size_t)(end - at));
    if (high) {
#define TILE(r) gather_tile(r, 2, at, runs, count, bias, accumulate, y, low, high); break;
      FOR_ROWS(rows, TILE)
#undef TILE
    } else {
#define TILE(r) gather_tile(r, 1, at, runs, count, bias, accumulate, y, low, high); break;
      FOR_ROWS(rows, TILE)
#undef TILE
    }
    at += rows;
  }
}

// The part [from, to) of the inner index of a class, for 32 columns of y. The inner index runs along (term, kernel row,
// kernel column, source channel). Returns the new value of `started`.
WIDE static int gather_class(const plan *p, const ck_window *g, const class *c, const float *const *sources,
                             size_t terms, ptrdiff_t from, ptrdiff_t to, const float *bias, float *y, size_t width) {
  run runs[RUNS];
  size_t count = 0;
  int accumulate = c->started;
  // In the forward pass, neighbouring taps of a kernel row read neighbouring values, so they make one run.
  const ptrdiff_t joined = p->move > 0 ? c->x.count : 1, channels = p->source_channels;
  for (ptrdiff_t t = 0; t < (ptrdiff_t)terms; t++)
    for (ptrdiff_t j = 0; j < c->y.count; j++)
      for (ptrdiff_t i = 0; i < c->x.count; i += joined) {
        const ptrdiff_t ky = c->y.first + j * p->step, kx = c->x.first + i * p->step;
        const ptrdiff_t index = ((t * g->kernel_height + ky) * g->kernel_width + kx) * channels;
        const ptrdiff_t first = index < from ? from : index;
        const ptrdiff_t last = index + joined * channels > to ? to : index + joined * channels;
        if (first >= last) continue;
        if (count == RUNS) {
          gather_rows(c->begin, c->end, runs, count, bias, accumulate, y, width);
          accumulate = 1;
          count = 0;
        }
        const ptrdiff_t moved = p->move * (ky / p->step * p->source_width + kx / p->step) * channels;
        runs[count++] = (run){sources[t] + moved + first - index, p->panel + (first - from) * 32, (size_t)(last - first)};
      }
  if (count) gather_rows(c->begin, c->end, runs, count, bias, accumulate, y, width), accumulate = 1;
  return accumulate;
}

WIDE void ck_convolution_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms, const float *const *x,
                             const float *const *w, const float *bias, float *y, void *scratch) {
  const plan p = make_plan(g, outputs, samples, 0, scratch);
  const ptrdiff_t columns = g->kernel_height * g->kernel_width * g->channels, total = columns * (ptrdiff_t)terms;
  for (size_t k = 0; k < outputs; k += 32) {
    const size_t width = outputs - k < 32 ? outputs - k : 32;
    for (ptrdiff_t c = 0; c < p.classes; c++) p.class[c].started = 0;
    for (ptrdiff_t from = 0; from < total; from += DEPTH) {
      const ptrdiff_t to = total - from < DEPTH ? total : from + DEPTH;
      for (ptrdiff_t l = from; l < to;) {
        const ptrdiff_t term = l / columns, offset = l % columns;
        const ptrdiff_t depth = to - l < columns - offset ? to - l : columns - offset;
        pack_transposed(w[term] + (ptrdiff_t)k * columns + offset, (size_t)columns, (size_t)depth, width,
                        p.panel + (l - from) * 32);
        l += depth;
      }
      for (ptrdiff_t c = 0; c < p.classes; c++) {
        class *rows = &p.class[c];
        rows->started = gather_class(&p, g, rows, x, terms, from, to, bias ? bias + k : 0, y + k, width);
      }
    }
    // A window that lies in the padding alone has no run, so its outputs are the bias.
    for (ptrdiff_t c = 0; c < p.classes; c++)
      if (!p.class[c].started) gather_rows(p.class[c].begin, p.class[c].end, 0, 0, bias ? bias + k : 0, 0, y + k, width);
  }
}

WIDE void ck_convolution_input_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                            const float *const *dy, const float *const *w, float *dx, void *scratch) {
  const ptrdiff_t columns = g->kernel_height * g->kernel_width * g->channels;
  if (2 * vectors_of(columns) <= g->kernel_height * g->kernel_width && columns <= DEPTH) {
    // Too few channels fill a vector badly. Then the products of whole windows are made, and scattered from the cache.
    const size_t rows = samples * (size_t)(g->output_height * g->output_width), step = 32 * DEPTH / (size_t)columns;
    memset(dx, 0, samples * (size_t)(g->height * g->width * g->channels) * sizeof(float));
    for (size_t first = 0; first < rows; first += step) {
      const size_t count = rows - first < step ? rows - first : step;
      for (size_t t = 0; t < terms; t++)
        ck_product_f32(0, 0, count, (size_t)columns, outputs, dy[t] + first * outputs, outputs, w[t], (size_t)columns, t > 0,
                       scratch, (size_t)columns);
      ck_col2im_f32(scratch, dx, g, first, count);
    }
    return;
  }
  const plan p = make_plan(g, outputs, samples, 1, scratch);
  const ptrdiff_t channels = g->channels, taps = g->kernel_height * g->kernel_width;
  const ptrdiff_t total = taps * (ptrdiff_t)(outputs * terms);
  for (ptrdiff_t k = 0; k < channels; k += 32) {
    const size_t width = channels - k < 32 ? (size_t)(channels - k) : 32;
    for (ptrdiff_t c = 0; c < p.classes; c++) p.class[c].started = 0;
    for (ptrdiff_t from = 0; from < total; from += DEPTH) {
      const ptrdiff_t to = total - from < DEPTH ? total : from + DEPTH;
      for (ptrdiff_t l = from; l < to;) {
        const ptrdiff_t tap = l / (ptrdiff_t)outputs, offset = l % (ptrdiff_t)outputs;
        const ptrdiff_t rest = (ptrdiff_t)outputs - offset, depth = to - l < rest ? to - l : rest;
        pack(w[tap / taps] + (offset * taps + tap % taps) * channels + k, (size_t)(taps * channels), (size_t)depth, width,
             p.panel + (l - from) * 32);
        l += depth;
      }
      for (ptrdiff_t c = 0; c < p.classes; c++) {
        class *rows = &p.class[c];
        rows->started = gather_class(&p, g, rows, dy, terms, from, to, 0, dx + k, width);
      }
    }
    for (ptrdiff_t c = 0; c < p.classes; c++)
      if (!p.class[c].started) gather_rows(p.class[c].begin, p.class[c].end, 0, 0, 0, 0, dx + k, width);
  }
}

// How many samples a weight gradient sums at a time. The values of so many samples stay in the cache while all taps are
// taken.
static size_t chunk(const plan *p, size_t samples) {
  const size_t positions = (size_t)(p->height * p->width);
  const size_t chunks = (samples * positions + 511) / 512;
  return chunks > samples ? 1 : (samples + chunks - 1) / chunks;
}

// Rows [begin, end) of a class. Each row adds the outer product of values from `a` and `b`, moved by the row's place.
typedef struct {
  const float *a, *b;
  const place *begin, *end;
} outer;

// `rows` × 16·`vectors` sums of outer products. `a` moves by a row's target and `b` by its source; if `swapped`, the
// other way round. Result (i, j) is added to c[i·step + j], or to c[j·step + i] if `swapped`.
INLINE void outer_tile(const int rows, const int vectors, const int swapped, const outer *parts, size_t count, size_t i0,
                       size_t j0, float *c, size_t step, __mmask16 low, __mmask16 high) {
  __m512 sum[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  for (size_t q = 0; q < count; q++) {
    const float *a = parts[q].a + i0, *b = parts[q].b + j0;
    for (const place *at = parts[q].begin; at < parts[q].end; at++) {
      const float *values = a + (swapped ? at->source : at->target);
      const float *row = b + (swapped ? at->target : at->source);
      const __m512 b0 = _mm512_maskz_loadu_ps(low, row);
      const __m512 b1 = vectors > 1 ? _mm512_maskz_loadu_ps(high, row + 16) : b0;
#pragma clang loop unroll(full)
      for (int i = 0; i < rows; i++) {
        const __m512 value = _mm512_set1_ps(values[i]);
        sum[i][0] = _mm512_fmadd_ps(value, b0, sum[i][0]);
        if (vectors > 1) sum[i][1] = _mm512_fmadd_ps(value, b1, sum[i][1]);
      }
    }
  }
  if (swapped) {
    for (int i = 0; i < rows; i++) {
      float column[32];
      _mm512_storeu_ps(column, sum[i][0]);
      _mm512_storeu_ps(column + 16, sum[i][1]);
      const int width = __builtin_popcount(low) + __builtin_popcount(high);
      for (int j = 0; j < width; j++) c[(size_t)j * step + (size_t)i] += column[j];
    }
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    float *row = c + (size_t)i * step;
    _mm512_mask_storeu_ps(row, low, _mm512_add_ps(_mm512_maskz_loadu_ps(low, row), sum[i][0]));
    if (vectors > 1)
      _mm512_mask_storeu_ps(row + 16, high, _mm512_add_ps(_mm512_maskz_loadu_ps(high, row + 16), sum[i][1]));
  }
}

// The sums for `run` neighbouring values of a window and all outputs, tile by tile.
WIDE static void outer_products(const outer *parts, size_t count, size_t run, size_t outputs, float *c, size_t step,
                                int swapped) {
  const size_t m = swapped ? run : outputs, n = swapped ? outputs : run;
  for (size_t j = 0; j < n; j += 32) {
    const __mmask16 low = lanes((ptrdiff_t)(n - j)), high = lanes((ptrdiff_t)(n - j) - 16);
    for (size_t i = 0; i < m;) {
      const size_t rows = next_rows(m - i);
      float *block = swapped ? c + j * step + i : c + i * step + j;
#define TILE(r)                                                                                         \
  if (swapped)                                                                                          \
    outer_tile(r, 2, 1, parts, count, i, j, block, step, low, high);                                    \
  else if (high)                                                                                        \
    outer_tile(r, 2, 0, parts, count, i, j, block, step, low, high);                                    \
  else                                                                                                  \
    outer_tile(r, 1, 0, parts, count, i, j, block, step, low, high);                                    \
  break;
      FOR_ROWS(rows, TILE)
#undef TILE
      i += rows;
    }
  }
}

// Adds the part of samples [n, end) to the gradient of the weights at (ky, kx), from the classes of columns [from, to).
// If `swapped`, [from, to) is one column, and the part goes to all weights of kernel row ky that its classes read.
WIDE static void add_outer(const plan *p, const ck_window *g, size_t n, size_t end, size_t terms, const float *const *dy,
                           const float *const *x, ptrdiff_t ky, ptrdiff_t kx, ptrdiff_t from, ptrdiff_t to,
                           size_t outputs, float *gradient, int swapped) {
  const ptrdiff_t channels = g->channels, moved = (ky * g->width + kx) * channels;
  const size_t columns = (size_t)(g->kernel_height * g->kernel_width * channels);
  const size_t run = (size_t)(swapped ? p->class[from].x.count * channels : channels);
  float *block = gradient + (ky * g->kernel_width + kx) * channels;
  outer parts[RUNS];
  size_t count = 0;
  for (size_t t = 0; t < terms; t++)
    for (ptrdiff_t i = 0; i < p->classes; i++) {
      const class *c = &p->class[i];
      const ptrdiff_t column = i % p->wide;
      if (column < from || column >= to || ky < c->y.first || ky >= c->y.first + c->y.count) continue;
      if (kx < c->x.first || kx >= c->x.first + c->x.count) continue;
      const place *first = c->begin + (ptrdiff_t)n * c->per_sample, *last = c->begin + (ptrdiff_t)end * c->per_sample;
      parts[count++] = swapped ? (outer){x[t] + moved, dy[t], first, last} : (outer){dy[t], x[t] + moved, first, last};
      if (count == RUNS) {
        outer_products(parts, count, run, outputs, block, columns, swapped);
        count = 0;
      }
    }
  if (count) outer_products(parts, count, run, outputs, block, columns, swapped);
}

WIDE void ck_convolution_weight_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                             const float *const *dy, const float *const *x, float *gradient,
                                             void *scratch) {
  const plan p = make_plan(g, outputs, samples, 0, scratch);
  const ptrdiff_t channels = g->channels;
  // Vectors run along the channels of the input or of the output: the side that fills vectors better.
  const int swapped = vectors_of(channels) * (ptrdiff_t)outputs > vectors_of((ptrdiff_t)outputs) * channels;
  const size_t step = chunk(&p, samples);
  for (size_t n = 0; n < samples; n += step) {
    const size_t end = n + step < samples ? n + step : samples;
    for (ptrdiff_t ky = 0; ky < g->kernel_height; ky++) {
      if (swapped) {
        for (ptrdiff_t i = 0; i < p.wide; i++)
          if (p.class[i].x.count) add_outer(&p, g, n, end, terms, dy, x, ky, p.class[i].x.first, i, i + 1, outputs, gradient, swapped);
      } else {
        for (ptrdiff_t kx = 0; kx < g->kernel_width; kx++)
          add_outer(&p, g, n, end, terms, dy, x, ky, kx, 0, p.wide, outputs, gradient, swapped);
      }
    }
  }
}

#else

// Never called if ck_has_products is 0.
size_t ck_convolution_scratch(const ck_window *g, size_t samples) {
  (void)g, (void)samples;
  return 0;
}
void ck_convolution_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms, const float *const *x,
                        const float *const *w, const float *bias, float *y, void *scratch) {
  (void)g, (void)outputs, (void)samples, (void)terms, (void)x, (void)w, (void)bias, (void)y, (void)scratch;
}
void ck_convolution_input_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                       const float *const *dy, const float *const *w, float *dx, void *scratch) {
  (void)g, (void)outputs, (void)samples, (void)terms, (void)dy, (void)w, (void)dx, (void)scratch;
}
void ck_convolution_weight_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                        const float *const *dy, const float *const *x, float *gradient, void *scratch) {
  (void)g, (void)outputs, (void)samples, (void)terms, (void)dy, (void)x, (void)gradient, (void)scratch;
}

#endif
