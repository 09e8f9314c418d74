#include <math.h>

#include "CKernels.h"
#include "clones.h"
#include "vector_math.h"

#define T float
#define S f32
#define EXP exp_vector
#include "attention.inc"
#undef T
#undef S
#undef EXP

#define T double
#define S f64
#define EXP exp
#include "attention.inc"
