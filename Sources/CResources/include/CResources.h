#pragma once
#include <stddef.h>

// The files that the program carries with it, byte for byte.
const unsigned char *cr_digits_start(void);
const unsigned char *cr_iris_start(void);
extern const size_t cr_digits_count, cr_iris_count;

// A page of the guide: `name` is the file's name without `.md`. The bytes are UTF-8 and live as long as the program.
typedef struct {
  const char *name;
  const unsigned char *start;
  size_t count;
} cr_page;

// The pages in the order in which they are read; NULL from the end on.
const cr_page *cr_guide_page(size_t index);
