#pragma once
#include <stddef.h>

// The files that the program carries with it, byte for byte.
const unsigned char *cr_digits_start(void);
const unsigned char *cr_iris_start(void);
extern const size_t cr_digits_count, cr_iris_count;
