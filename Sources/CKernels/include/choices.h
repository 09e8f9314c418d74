#pragma once
#include <stddef.h>

// Loops whose result depends on a condition. A step of 0 reads one number for all places, a step of 1 reads an array.

#define CK_COMPARISONS(X)                                                                           \
  X(equal, a == b) X(not_equal, a != b) X(less, a < b) X(less_equal, a <= b) X(greater, a > b)      \
  X(greater_equal, a >= b) X(logical_and, a != 0 && b != 0) X(logical_or, a != 0 || b != 0)
// In Swift an enumeration with the names of the list.
#define CK_NAME(name, condition) ck_##name __attribute__((swift_name(#name))),
typedef enum __attribute__((enum_extensibility(closed))) {
  CK_COMPARISONS(CK_NAME) ck_comparison_count __attribute__((swift_name("count")))
} ck_comparison;
#undef CK_NAME

#define CK_DECLARE_CHOICES(T, S)                                                                    \
  /* y[i] ← 1 where a[i] and b[i·step] fulfil the condition, else 0. */                             \
  void ck_compare_##S(ck_comparison condition, const T *a, const T *b, size_t step, T *y, size_t n);\
  /* y[i] ← a[i·a_step] where m[i] is not 0, else b[i·b_step]. */                                   \
  void ck_choose_##S(const T *m, const T *a, size_t a_step, const T *b, size_t b_step, T *y,        \
                     size_t n);                                                                     \
  /* y[i] ← the larger one of a[i] and b[i·step] if sign is 1, the smaller one if sign is −1; a NaN stays. */ \
  void ck_extreme_##S(T sign, const T *a, const T *b, size_t step, T *y, size_t n);                 \
  /* y[i] ← d[i]·w, or y[i] ← y[i] + d[i]·w if accumulate is 1. The share w of a[i] in the extreme of a[i] and      \
     b[i·step] is 1, or 0, or ½ if both are equal. */                                               \
  void ck_extreme_share_##S(T sign, const T *a, const T *b, size_t step, const T *d, int accumulate,\
                            T *y, size_t n);                                                        \
  /* Arrays below are outer × channels × inner; w, v and s have a number for each channel. */       \
  /* y ← x where x > 0, else w·x */                                                                 \
  void ck_prelu_##S(const T *x, const T *w, T *y, size_t outer, size_t channels, size_t inner);     \
  /* y ← d where x > 0, else w·d */                                                                 \
  void ck_prelu_slope_##S(const T *x, const T *w, const T *d, T *y, size_t outer, size_t channels,  \
                          size_t inner);                                                            \
  /* y ← y + v·d where x is not above 0 */                                                          \
  void ck_prelu_add_##S(const T *x, const T *v, const T *d, T *y, size_t outer, size_t channels,    \
                        size_t inner);                                                              \
  /* s ← s + Σ d·e over the places of a channel where x is not above 0 */                           \
  void ck_prelu_sum_##S(const T *x, const T *d, const T *e, T *s, size_t outer, size_t channels,    \
                        size_t inner);

CK_DECLARE_CHOICES(float, f32)
CK_DECLARE_CHOICES(double, f64)
#undef CK_DECLARE_CHOICES
