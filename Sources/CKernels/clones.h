#pragma once

// One binary serves every x86-64 processor, because the loader picks the clone. A sanitizer starts before the loader
// can pick, so builds with a sanitizer have the default alone.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// For code with 64-byte vectors. In a clone for a processor without them the compiler splits each vector.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define CLONES_WIDE CLONES __attribute__((min_vector_width(512)))
#else
#define CLONES_WIDE
#endif

typedef float ck_vector_f32 __attribute__((vector_size(64)));
typedef double ck_vector_f64 __attribute__((vector_size(64)));
// Vectors that begin at any element.
typedef float ck_loose_vector_f32 __attribute__((vector_size(64), aligned(4), may_alias));
typedef double ck_loose_vector_f64 __attribute__((vector_size(64), aligned(8), may_alias));
