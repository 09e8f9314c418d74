#include <math.h>

#include "CKernels.h"
#include "clones.h"
#include "vector_math.h"

#define T float
#define S f32
#define EXP exp_vector
#define TANH tanh_vector
#define ERF erf_vector
#define EXPM1 expm1f
#define LOG logf
#define LOG1P log1pf
#define SQRT sqrtf
#define POW powf
#define SIN sinf
#define COS cosf
#define FLOOR floorf
#define ROUND rintf
#include "functions.inc"
#undef T
#undef S
#undef EXP
#undef TANH
#undef ERF
#undef EXPM1
#undef LOG
#undef LOG1P
#undef SQRT
#undef POW
#undef SIN
#undef COS
#undef FLOOR
#undef ROUND

#define T double
#define S f64
#define EXP exp
#define TANH tanh
#define ERF erf
#define EXPM1 expm1
#define LOG log
#define LOG1P log1p
#define SQRT sqrt
#define POW pow
#define SIN sin
#define COS cos
#define FLOOR floor
#define ROUND rint
#include "functions.inc"
