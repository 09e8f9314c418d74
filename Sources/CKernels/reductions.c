#include "reductions.h"

#include <math.h>

#include "clones.h"
#include "vector_math.h"

#define T float
#define S f32
#define EXP exp_vector
#define LOG logf
#include "reductions.inc"
#undef T
#undef S
#undef EXP
#undef LOG

#define T double
#define S f64
#define EXP exp
#define LOG log
#include "reductions.inc"
