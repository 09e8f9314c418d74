#include <math.h>

#include "CKernels.h"
#include "clones.h"
#include "vector_math.h"

#define T float
#define S f32
#define EXP exp_vector
#define LOG logf
#define SQRT sqrtf
#include "rows.inc"
#undef T
#undef S
#undef EXP
#undef LOG
#undef SQRT

#define T double
#define S f64
#define EXP exp
#define LOG log
#define SQRT sqrt
#include "rows.inc"
