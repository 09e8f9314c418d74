#include "recurrent.h"

#include <math.h>

#include "clones.h"
#include "vector_math.h"

#define T float
#define S f32
#define EXP exp_vector
#define TANH tanh_vector
#include "recurrent.inc"
#undef T
#undef S
#undef EXP
#undef TANH

#define T double
#define S f64
#define EXP exp
#define TANH tanh
#include "recurrent.inc"
