#pragma once

// One binary serves every x86-64 processor, because the loader picks the clone. A sanitizer starts before the loader
// can pick, so builds with a sanitizer have the default alone.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
