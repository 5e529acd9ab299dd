#include "core/cpu_features.h"

namespace gatewise {

std::vector<CpuFeature> detect_cpu_features() {
#if defined(__x86_64__) || defined(__i386__)
  // The builtin takes string literals only, and answers "no" where the system does not save the wide
  // registers.
  __builtin_cpu_init();
  return {
      {"sse2", __builtin_cpu_supports("sse2") != 0},
      {"fma", __builtin_cpu_supports("fma") != 0},
      {"avx2", __builtin_cpu_supports("avx2") != 0},
      {"avx512f", __builtin_cpu_supports("avx512f") != 0},
      {"avx512bw", __builtin_cpu_supports("avx512bw") != 0},
      {"avx512vl", __builtin_cpu_supports("avx512vl") != 0},
      {"avx512dq", __builtin_cpu_supports("avx512dq") != 0},
      {"avx512_bf16", __builtin_cpu_supports("avx512bf16") != 0},
  };
#elif defined(__aarch64__)
  return {{"neon", true}};  // part of the base architecture
#else
  return {};
#endif
}

}  // namespace gatewise
