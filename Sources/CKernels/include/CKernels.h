#pragma once
#include <stddef.h>
#include <stdint.h>

#include "choices.h"
#include "recurrent.h"
#include "reductions.h"

// Vector loops that choose their instructions at run time. Functions with a suffix of CK_DECLARE exist for float
// (`_f32`) and double (`_f64`). Pointers never overlap unless a comment says so. The tests compare every function with
// a plain loop in Swift.

// A convolution's window that slides over channels-last pictures with zero padding.
typedef struct {
  ptrdiff_t height, width, channels;
  ptrdiff_t kernel_height, kernel_width, stride, padding;
  ptrdiff_t output_height, output_width;
} ck_window;

#define CK_DECLARE(T, S)                                                                            \
  /* Σ xᵢyᵢ, accumulated in double over 32 fixed lanes. */                                          \
  double ck_dot_##S(const T *x, const T *y, size_t n);                                              \
  /* Σ xᵢ, accumulated in double over 32 fixed lanes. */                                            \
  double ck_sum_##S(const T *x, size_t n);                                                          \
  /* y ← y + a·x */                                                                                 \
  void ck_axpy_##S(T a, const T *x, T *y, size_t n);                                                \
  /* y ← x + b·y */                                                                                 \
  void ck_xpby_##S(const T *x, T b, T *y, size_t n);                                                \
  /* x ← a·x */                                                                                     \
  void ck_scale_##S(T a, T *x, size_t n);                                                           \
  /* y ← y + x */                                                                                   \
  void ck_add_##S(const T *x, T *y, size_t n);                                                      \
  /* y ← a∘b */                                                                                     \
  void ck_multiply_##S(const T *a, const T *b, T *y, size_t n);                                     \
  /* y ← y + a∘b */                                                                                 \
  void ck_multiply_add_##S(const T *a, const T *b, T *y, size_t n);                                 \
  /* y[r,:] ← b for every row r of an m×n matrix. */                                                \
  void ck_broadcast_rows_##S(const T *b, T *y, size_t m, size_t n);                                 \
  /* y[r,c] ← x[r,at[c]] for c < k; x m×n. */                                                       \
  void ck_gather_columns_##S(const T *x, const int32_t *at, size_t k, T *y, size_t m, size_t n);   \
  /* y[r,at[c]] ← y[r,at[c]] + x[r,c] for c < k; y m×n. */                                          \
  void ck_scatter_columns_##S(const T *x, const int32_t *at, size_t k, T *y, size_t m, size_t n);  \
  /* s ← s + Σ_r x[r,:] of an m×n matrix. */                                                        \
  void ck_sum_rows_##S(const T *x, T *s, size_t m, size_t n);                                       \
  /* s ← s + Σ_r (x[r,:] − mu)∘y[r,:] of m×n matrices. */                                           \
  void ck_centred_dot_rows_##S(const T *x, const T *mu, const T *y, T *s, size_t m, size_t n);      \
  /* x ← max(x, 0) */                                                                               \
  void ck_relu_##S(T *x, size_t n);                                                                 \
  /* d ← d where y > 0, else 0 */                                                                   \
  void ck_relu_mask_##S(const T *y, T *d, size_t n);                                                \
  /* x ← tanh(x) */                                                                                 \
  void ck_tanh_##S(T *x, size_t n);                                                                 \
  /* d ← (1 − y²)·d */                                                                              \
  void ck_tanh_slope_##S(const T *y, T *d, size_t n);                                               \
  /* tdy ← (1 − y²)·tdy − 2·y·ty·dy: after the tanh, ty is ẏ, dy is ∂y and tdy is ∂ẏ. */           \
  void ck_tanh_slope_tangent_##S(const T *y, const T *ty, const T *dy, T *tdy, size_t n);           \
  /* y[r,c] ← a[c]·x[r,c] + b[c]; y may be x. */                                                    \
  void ck_affine_rows_##S(const T *x, const T *a, const T *b, T *y, size_t m, size_t n);            \
  /* y[r,c] ← y[r,c] + a[c]·x[r,c] + b[c] */                                                        \
  void ck_affine_rows_add_##S(const T *x, const T *a, const T *b, T *y, size_t m, size_t n);        \
  /* rows [first, first + rows) of the matrix whose row is the window of one output position. */     \
  void ck_im2col_##S(const T *x, T *columns, const ck_window *g, size_t first, size_t rows);        \
  /* dx ← dx + the transpose of im2col applied to those rows. */                                    \
  void ck_col2im_##S(const T *columns, T *dx, const ck_window *g, size_t first, size_t rows);       \
  /* m ← μm + g + λθ; θ ← θ − ηm (Nesterov: θ ← θ − η(g + λθ + μm)) */                              \
  void ck_sgd_##S(T *theta, T *m, const T *g, T eta, T mu, T lambda, int nesterov, size_t n);       \
  /* Adam (Kingma and Ba 2015) with bias corrections c1 = 1 − β₁ᵗ, c2 = 1 − β₂ᵗ. */                 \
  void ck_adam_##S(T *theta, T *m, T *s, const T *g, T eta, T b1, T b2, T eps, T lambda, T c1,      \
                   T c2, size_t n);

CK_DECLARE(float, f32)
CK_DECLARE(double, f64)
#undef CK_DECLARE

// Functions φ of one value, with parameters a and b where they have any; functions.inc says what each one is.
#define CK_FUNCTIONS(X)                                                                                              \
  X(sigmoid) X(silu) X(gelu) X(gelu_tanh) X(softplus) X(elu) X(mish) X(hardswish) X(hardsigmoid) X(clamp) X(leaky)    \
  X(exponential) X(logarithm) X(root) X(reciprocal) X(square) X(power) X(magnitude) X(error_function) X(sine)        \
  X(cosine) X(inverse_root) X(softsign) X(log_sigmoid) X(soft_shrink) X(hard_shrink) X(tanh_shrink) X(celu)          \
  X(threshold) X(clip) X(floor) X(ceiling) X(round) X(sign)
// In Swift an enumeration with the names of the list.
#define CK_NAME(name) ck_##name __attribute__((swift_name(#name))),
typedef enum __attribute__((enum_extensibility(closed))) {
  CK_FUNCTIONS(CK_NAME) ck_function_count __attribute__((swift_name("count")))
} ck_function;
#undef CK_NAME

#define CK_DECLARE_FUNCTION(T, S)                                                                   \
  /* y ← φ(x) */                                                                                    \
  void ck_function_##S(ck_function f, T a, T b, const T *x, T *y, size_t n);                        \
  /* d ← φ′(x)·d */                                                                                 \
  void ck_function_slope_##S(ck_function f, T a, T b, const T *x, T *d, size_t n);                  \
  /* tdy ← φ′(x)·tdy + φ″(x)·tx·dy */                                                               \
  void ck_function_slope_tangent_##S(ck_function f, T a, T b, const T *x, const T *tx, const T *dy, \
                                     T *tdy, size_t n);

CK_DECLARE_FUNCTION(float, f32)
CK_DECLARE_FUNCTION(double, f64)
#undef CK_DECLARE_FUNCTION

// Normalization of rows of n values: x̂ = (x − μ)s, y = γ∘x̂ + β. Without `centred` μ is 0. Row r has the coefficients
// (r mod period)·n …; each of them may be null. Sums are added to dgamma, dbeta, pgamma and pbeta.
#define CK_DECLARE_ROWS(T, S)                                                                       \
  void ck_norm_##S(const T *x, const T *gamma, const T *beta, T *y, T *mean, T *inverse,            \
                   size_t rows, size_t period, size_t n, T epsilon, int centred);                   \
  void ck_norm_backward_##S(const T *x, const T *mean, const T *inverse, const T *gamma,            \
                            const T *dy, T *dx, T *dgamma, T *dbeta, size_t rows, size_t period,    \
                            size_t n, int centred);                                                 \
  void ck_norm_tangent_##S(const T *x, const T *mean, const T *inverse, const T *gamma,             \
                           const T *vgamma, const T *vbeta, const T *tx, T *ty, size_t rows,        \
                           size_t period, size_t n, int centred);                                   \
  /* scratch: 3n values */                                                                          \
  void ck_norm_tangent_backward_##S(const T *x, const T *mean, const T *inverse, const T *gamma,    \
                                    const T *vgamma, const T *tx, const T *dy, const T *tdy,        \
                                    T *tdx, T *pgamma, T *pbeta, T *scratch, size_t rows,           \
                                    size_t period, size_t n, int centred);                          \
  /* y[r,i] ← a[r,i]·b[i], or y[r,i] + a[r,i]·b[i] if accumulate is 1. */                           \
  void ck_multiply_rows_##S(const T *a, const T *b, T *y, size_t rows, size_t n, int accumulate);   \
  /* s ← s + Σ_r x[r,:]∘y[r,:] */                                                                   \
  void ck_dot_rows_##S(const T *x, const T *y, T *s, size_t rows, size_t n);                        \
  /* Softmax of rows, or its logarithm. */                                                          \
  void ck_softmax_##S(const T *x, T *y, size_t rows, size_t n, int logarithm);                      \
  /* The derivative times d, or its transpose times d where backward is 1. */                       \
  void ck_softmax_slope_##S(const T *y, const T *d, T *result, size_t rows, size_t n,               \
                            int logarithm, int backward);                                           \
  /* ∂ẋ */                                                                                          \
  void ck_softmax_slope_tangent_##S(const T *y, const T *ty, const T *dy, const T *tdy, T *result,  \
                                    size_t rows, size_t n, int logarithm);

CK_DECLARE_ROWS(float, f32)
CK_DECLARE_ROWS(double, f64)
#undef CK_DECLARE_ROWS

// Rows of attention, n values each. The factor of the scores is `scale`.
#define CK_DECLARE_ATTENTION(T, S)                                                                  \
  /* s ← softmax(scale·s). If causal is 1, row r, counted from `first`, sees its first r + 1 values \
     alone. */                                                                                      \
  void ck_attention_shares_##S(T *s, size_t rows, size_t n, T scale, size_t first, int causal);     \
  /* d ← scale·p∘(d − ⟨p, d⟩): the derivative of softmax times d. It is its own transpose. */       \
  void ck_attention_slope_##S(const T *p, T *d, size_t rows, size_t n, T scale);                    \
  /* td ← scale·(tp∘(d − ⟨p, d⟩) + p∘(td − ⟨tp, d⟩ − ⟨p, td⟩)), and d as in attention_slope. */     \
  void ck_attention_slope_tangent_##S(const T *p, const T *tp, T *d, T *td, size_t rows, size_t n,  \
                                      T scale);

CK_DECLARE_ATTENTION(float, f32)
CK_DECLARE_ATTENTION(double, f64)
#undef CK_DECLARE_ATTENTION

// How the taps of a kernel connect the places of two pictures along one axis. A tap reads one source for a target.
// Targets gather if source = target·stride + tap·dilation − padding. Sources spread if target = source·stride +
// tap·dilation − padding: the transpose of a map that gathers.
typedef struct {
  ptrdiff_t sources, targets, taps, stride, dilation, padding;
  int spreads;
} ck_tap_axis;

// The taps of a kernel over channels-last pictures, along (kernel row, kernel column).
typedef struct {
  ck_tap_axis rows, columns;
} ck_taps;

#define CK_DECLARE_TAPS(T, S)                                                                       \
  /* Rows [first, first + rows) of the matrix with a row for each target. A row has, for every tap, \
     the values of n channels from `from` on at the source; zeros where there is none. */           \
  void ck_taps_gather_##S(const ck_taps *g, const T *x, size_t channels, size_t from, size_t n,     \
                          T *columns, size_t first, size_t rows);                                   \
  /* x ← x + the transpose of taps_gather applied to those rows. */                                 \
  void ck_taps_scatter_##S(const ck_taps *g, const T *columns, T *x, size_t channels, size_t from,  \
                           size_t n, size_t first, size_t rows);                                    \
  /* y[target,c] ← bias[c] + Σ w[tap,c]·x[source,c] over taps and `terms` pairs x, w; bias may be   \
     null. */                                                                                       \
  void ck_depthwise_##S(const ck_taps *g, size_t channels, size_t samples, size_t terms,            \
                        const T *const *x, const T *const *w, const T *bias, T *y);                 \
  /* gradient[tap,c] ← gradient[tap,c] + Σ dy[target,c]·x[source,c]; targets must gather. */        \
  void ck_depthwise_weights_##S(const ck_taps *g, size_t channels, size_t samples, const T *x,      \
                                const T *dy, T *gradient);                                          \
  /* y ← xᵀ, or y ← y + xᵀ if accumulate is 1; x m×n. */                                            \
  void ck_transpose_##S(const T *x, T *y, size_t m, size_t n, int accumulate);                      \
  /* y ← the largest value of each window, at ← its index in the window (the first of equals).      \
     Targets must gather; a window has at most 256 taps. */                                         \
  void ck_max_pool_##S(const T *x, T *y, uint8_t *at, const ck_taps *g, size_t channels,            \
                       size_t samples);                                                             \
  /* dx ← dx + dy at the places that at says. */                                                    \
  void ck_max_pool_scatter_##S(const T *dy, const uint8_t *at, T *dx, const ck_taps *g,             \
                               size_t channels, size_t samples);                                    \
  /* y ← x at the places that at says. */                                                           \
  void ck_max_pool_gather_##S(const T *x, const uint8_t *at, T *y, const ck_taps *g,                \
                              size_t channels, size_t samples);

CK_DECLARE_TAPS(float, f32)
CK_DECLARE_TAPS(double, f64)
#undef CK_DECLARE_TAPS

// How output pictures are cut into tiles for Winograd's minimal filtering with 3×3 windows at stride 1. Tiles are
// counted along a row, then rows, then samples. The last tile of a row or column may reach beyond the picture.
typedef struct {
  ptrdiff_t height, width, channels, padding;
  ptrdiff_t output_height, output_width, output_channels;
  ptrdiff_t tiles_high, tiles_wide;
} ck_tiles;

// The transforms of F(M×M, 3×3) (Lavin and Gray 2016), M = 2 or 4, N = M + 2. A transformed tile has N² points. Each
// point has a matrix of tiles (for weights: output channels) by channels. The matrices lie `plane` elements apart.
#define CK_DECLARE_WINOGRAD(M, T, S)                                                                \
  /* v ← Bᵀ x B for tiles [first, first + count): input channels. */                                \
  void ck_winograd##M##_input_##S(const T *x, T *v, const ck_tiles *g, size_t first, size_t count,  \
                                  size_t plane);                                                    \
  /* y ← Aᵀ m A + bias where the tiles lie inside; bias may be null. Output channels. */            \
  void ck_winograd##M##_output_##S(const T *m, const T *bias, T *y, const ck_tiles *g,              \
                                   size_t first, size_t count, size_t plane);                       \
  /* d ← A dy Aᵀ: output channels. */                                                               \
  void ck_winograd##M##_output_gradient_##S(const T *dy, T *d, const ck_tiles *g, size_t first,     \
                                            size_t count, size_t plane);                            \
  /* dx ← dx + B m Bᵀ where the tiles lie inside: input channels. */                                \
  void ck_winograd##M##_input_gradient_##S(const T *m, T *dx, const ck_tiles *g, size_t first,      \
                                           size_t count, size_t plane);                             \
  /* u ← G w Gᵀ for rows of 3×3×channels weights. */                                                \
  void ck_winograd##M##_weights_##S(const T *w, T *u, size_t rows, size_t channels, size_t plane);  \
  /* gradient ← gradient + Gᵀ du G, likewise. */                                                    \
  void ck_winograd##M##_weight_gradient_##S(const T *du, T *gradient, size_t rows, size_t channels, \
                                            size_t plane);

CK_DECLARE_WINOGRAD(2, float, f32)
CK_DECLARE_WINOGRAD(4, float, f32)
CK_DECLARE_WINOGRAD(2, double, f64)
CK_DECLARE_WINOGRAD(4, double, f64)
#undef CK_DECLARE_WINOGRAD

/// 1 if the processor has the instructions of x86-64-v4 (AVX-512 F, BW, CD, DQ, VL).
int ck_has_avx512(void);

/// 1 if ck_product_f32 may be called: on processors with AVX-512, in builds without a sanitizer.
int ck_has_products(void);

// C ← op(A)·op(B), or C ← C + op(A)·op(B) if accumulate is 1. op(A) is m×k and op(B) k×n with k > 0, and not both are
// transposed. Takes 64 KB of stack.
void ck_product_f32(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                    const float *b, size_t ldb, int accumulate, float *c, size_t ldc);

// C ← A·Bᵀ with `bias` added to each row: the bits of ck_product_f32 that adds to rows of the bias.
void ck_affine_product_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                           const float *bias, float *c, size_t ldc);

// c[i,j] ← c[i,j] + Σ_l a[i,l]·b[j,l] in double, for m rows of a and n rows of b of `length` elements. If symmetric is
// 1, only results with j ≥ i are sure to be made. Needs ck_has_products.
void ck_gram_f32(size_t m, size_t n, size_t length, int symmetric, const float *a, size_t lda, const float *b,
                 size_t ldb, double *c, size_t ldc);

// Convolutions without an im2col matrix. They need ck_has_products. Rows of y are output positions, and w is out ×
// (kernel row, kernel column, channel). Each sums over `terms` pairs of arrays. Scratch begins on a 64-byte boundary.

/// Bytes of scratch for `samples` pictures.
size_t ck_convolution_scratch(const ck_window *g, size_t samples);

// y ← bias + Σ C(x) wᵀ, C the im2col matrix; bias may be null.
void ck_convolution_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms, const float *const *x,
                        const float *const *w, const float *bias, float *y, void *scratch);

// dx ← Σ Cᵀ(dy w).
void ck_convolution_input_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                       const float *const *dy, const float *const *w, float *dx, void *scratch);

// gradient ← gradient + Σ dyᵀ C(x).
void ck_convolution_weight_gradient_f32(const ck_window *g, size_t outputs, size_t samples, size_t terms,
                                        const float *const *dy, const float *const *x, float *gradient, void *scratch);
