#pragma once

#include <stdint.h>
#include <string.h>

// exp x to 1.5 units in the last place, without a branch, so that loops over it are vectors: x = k·log 2 + r, and a
// polynomial of r. Below −87 the value is 0 or tiny.
static inline float exp_vector(float x) {
  x = x < -87.0f ? -87.0f : x > 88.7f ? 88.7f : x;
  // Adding 1.5·2²³ rounds to a whole number, which then stands in the last bits.
  const float shifted = x * 1.44269504f + 12582912.0f;
  const float k = shifted - 12582912.0f;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  int32_t bits;
  memcpy(&bits, &shifted, 4);
  bits = (int32_t)(((uint32_t)bits + 127u) << 23);
  float scale;
  memcpy(&scale, &bits, 4);
  float p = 1.9841270e-4f;
  p = p * r + 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  return (p * r * r + r + 1.0f) * scale;
}

// (1 − e)/(1 + e) with e = exp(−2|x|); near 0 the odd polynomial, which has no cancellation.
static inline float tanh_vector(float x) {
  const float m = x < 0 ? -x : x, e = exp_vector(-2 * m), far = (1 - e) / (1 + e), s = x * x;
  const float near =
      m * (1 + s * (-0.33333334f + s * (0.13333334f + s * (-0.053968254f + s * 0.021869488f))));
  const float t = m < 0.25f ? near : far;
  return x < 0 ? -t : t;
}

// Abramowitz and Stegun 1964, 7.1.26: an error of 1.5·10⁻⁷.
static inline float erf_vector(float x) {
  const float m = x < 0 ? -x : x, t = 1 / (1 + 0.3275911f * m);
  const float p =
      t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  const float y = 1 - p * exp_vector(-m * m);
  return x < 0 ? -y : y;
}
