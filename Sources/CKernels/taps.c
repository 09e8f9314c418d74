#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "clones.h"

// The taps of a target that have a source, in order: `count` taps from `tap` on, `tap_step` apart. The first reads
// `place`, and each next one `place_step` further.
typedef struct {
  ptrdiff_t tap, count, tap_step, place, place_step;
} run;

static inline ptrdiff_t largest(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// ⌈a/b⌉ and ⌊a/b⌋ for b > 0. A division takes longer than a kernel's work on a vector, and b is 1 mostly.
static inline ptrdiff_t upper(ptrdiff_t a, ptrdiff_t b) {
  return b == 1 ? a : a > 0 ? (a + b - 1) / b : -(-a / b);
}
static inline ptrdiff_t lower(ptrdiff_t a, ptrdiff_t b) { return -upper(-a, b); }

// How far apart the taps are that read the sources of one target, if sources spread.
static ptrdiff_t period(const ck_tap_axis *a) {
  ptrdiff_t x = a->stride, y = a->dilation;
  while (y) {
    const ptrdiff_t rest = x % y;
    x = y;
    y = rest;
  }
  return a->stride / x;
}

static inline run run_of(const ck_tap_axis *a, ptrdiff_t target, ptrdiff_t period) {
  run r = {0};
  if (!a->spreads) {
    const ptrdiff_t start = target * a->stride - a->padding;
    r.tap = largest(0, upper(-start, a->dilation));
    r.count = least(a->taps, lower(a->sources - 1 - start, a->dilation) + 1) - r.tap;
    r.tap_step = 1;
    r.place = start + r.tap * a->dilation;
    r.place_step = a->dilation;
  } else {
    const ptrdiff_t reach = target + a->padding;
    const ptrdiff_t end = least(a->taps, lower(reach, a->dilation) + 1);
    r.tap = largest(0, upper(reach - (a->sources - 1) * a->stride, a->dilation));
    // One of `period` taps in a row reads a source, or none of all does.
    const ptrdiff_t last = least(end, r.tap + period);
    while (r.tap < last && (reach - r.tap * a->dilation) % a->stride != 0) r.tap++;
    r.count = r.tap < last ? (end - r.tap + period - 1) / period : 0;
    r.tap_step = period;
    r.place = (reach - r.tap * a->dilation) / a->stride;
    r.place_step = -period * a->dilation / a->stride;
  }
  if (r.count < 0) r.count = 0;
  return r;
}

// The source that a tap reads for a target; −1 if there is none.
static inline ptrdiff_t source(const ck_tap_axis *a, ptrdiff_t target, ptrdiff_t tap) {
  ptrdiff_t place = a->spreads ? target + a->padding - tap * a->dilation
                               : target * a->stride + tap * a->dilation - a->padding;
  if (a->spreads && a->stride > 1) {
    if (place < 0 || place % a->stride != 0) return -1;
    place /= a->stride;
  }
  return place >= 0 && place < a->sources ? place : -1;
}

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define K(name) CAT(CAT(ck_, name##_), S)
#define V CAT(ck_vector_, S)
#define VU CAT(ck_loose_vector_, S)
#define L ((ptrdiff_t)(64 / sizeof(T)))

#define T float
#define S f32
#include "taps.inc"
#include "depthwise.inc"
#include "pools.inc"
#undef T
#undef S

#define T double
#define S f64
#include "taps.inc"
#include "depthwise.inc"
#include "pools.inc"
