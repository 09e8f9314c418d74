#pragma once
#include <stddef.h>

// Sums along an axis, and functions of rows of n numbers that leave one number a row.

#define CK_DECLARE_REDUCTIONS(T, S)                                                                 \
  /* y[o,i,:] ← Σ x[o,j,:] over j ≤ i, or over j ≥ i if backwards is 1; outer × size × inner. */    \
  void ck_cumulate_##S(const T *x, T *y, size_t outer, size_t size, size_t inner, int backwards);   \
  /* y[r] ← the largest number of a row if sign is 1, the smallest if sign is −1; a NaN stays. */   \
  void ck_row_extreme_##S(T sign, const T *x, T *y, size_t rows, size_t n);                         \
  /* ty[r] ← the mean of tx over the places of a row where x is y[r]. */                            \
  void ck_row_extreme_push_##S(const T *x, const T *y, const T *tx, T *ty, size_t rows, size_t n);  \
  /* dx ← dy[r] over the number of these places there, else 0. */                                   \
  void ck_row_extreme_pull_##S(const T *x, const T *y, const T *dy, T *dx, size_t rows, size_t n);  \
  /* y[r] ← log Σ exp x over a row. */                                                              \
  void ck_log_sum_exp_##S(const T *x, T *y, size_t rows, size_t n);                                 \
  /* With p = exp(x − y[r]): ty[r] ← Σ p·tx */                                                      \
  void ck_log_sum_exp_push_##S(const T *x, const T *y, const T *tx, T *ty, size_t rows, size_t n);  \
  /* dx ← p·dy[r] */                                                                                \
  void ck_log_sum_exp_pull_##S(const T *x, const T *y, const T *dy, T *dx, size_t rows, size_t n);  \
  /* tdx ← p·tdy[r] + p·(tx − ty[r])·dy[r] */                                                       \
  void ck_log_sum_exp_pull_tangent_##S(const T *x, const T *y, const T *tx, const T *ty, const T *dy, \
                                       const T *tdy, T *tdx, size_t rows, size_t n);

CK_DECLARE_REDUCTIONS(float, f32)
CK_DECLARE_REDUCTIONS(double, f64)
#undef CK_DECLARE_REDUCTIONS
