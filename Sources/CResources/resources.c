#include "CResources.h"

// C takes files in as they are; as arrays in Swift they would cost more time to compile than the rest of the program.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char digits[] = {
#embed "digits.csv"
};
static const unsigned char iris[] = {
#embed "iris.csv"
};
const unsigned char *cr_digits_start(void) { return digits; }
const unsigned char *cr_iris_start(void) { return iris; }
const size_t cr_digits_count = sizeof digits, cr_iris_count = sizeof iris;
