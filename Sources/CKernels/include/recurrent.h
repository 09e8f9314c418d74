#pragma once
#include <stddef.h>

// One step of recurrent cells with n units, for `rows` samples. An array's next sample lies a stride further: xs for
// gates of the input x, as for gates of the state a, ks for kept values k, hs for states h. Arrays of one number for
// each unit without a stride (dh, carry) are rows × n. Arrays of the step before are null in the first step.
//
// LSTM (Hochreiter and Schmidhuber 1997): x and a have 4n gates i, f, g, o. k has 5n values: σ(i), σ(f), tanh(g), σ(o)
// of the sums x + a, and c = f·c₋ + i·g. h = o·tanh(c).
//
// GRU (Cho et al. 2014): x and a have 3n gates r, z, n. k has 4n values: σ(r) and σ(z) of the sums x + a, tanh(x + r·a)
// of the gate n, and a of the gate n. h = n + z·(h₋ − n).

#define CK_DECLARE_CELL(cell, T, S)                                                                 \
  /* Writes k and h. */                                                                             \
  void ck_##cell##_##S(size_t rows, size_t n, const T *x, size_t xs, const T *a, size_t as,         \
                       const T *hp, size_t hs, const T *kp, T *k, size_t ks, T *h);                 \
  /* The derivative along tx, ta, thp and tkp: writes tk and th. tx may be null. */                 \
  void ck_##cell##_tangent_##S(size_t rows, size_t n, const T *tx, size_t xs, const T *ta,          \
                               size_t as, const T *hp, const T *thp, size_t hs, const T *kp,        \
                               const T *k, const T *tkp, T *tk, size_t ks, T *th);                  \
  /* Writes the gradients dx by x and da by a. dx may be null. dh is the gradient by h without the  \
     part that `carry` brings from the step after; `carry` receives the part for the step before. */ \
  void ck_##cell##_backward_##S(size_t rows, size_t n, const T *hp, size_t hs, const T *kp,         \
                                const T *k, size_t ks, const T *dh, T *carry, T *dx, size_t xs,     \
                                T *da, size_t as);                                                  \
  /* The same with its derivative: writes also tdx and tda. tdx may be null. */                     \
  void ck_##cell##_backward_tangent_##S(                                                            \
      size_t rows, size_t n, const T *hp, const T *thp, size_t hs, const T *kp, const T *k,         \
      const T *tkp, const T *tk, size_t ks, const T *dh, const T *tdh, T *carry, T *tcarry,         \
      T *tdx, size_t xs, T *da, T *tda, size_t as);

CK_DECLARE_CELL(lstm, float, f32)
CK_DECLARE_CELL(lstm, double, f64)
CK_DECLARE_CELL(gru, float, f32)
CK_DECLARE_CELL(gru, double, f64)
#undef CK_DECLARE_CELL
