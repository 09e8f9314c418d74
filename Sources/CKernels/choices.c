#include "choices.h"

#include "clones.h"

#define T float
#define S f32
#include "choices.inc"
#undef T
#undef S

#define T double
#define S f64
#include "choices.inc"
