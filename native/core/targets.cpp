#include "core/targets.h"

#include <cstring>

#include "core/cpu_features.h"

namespace gatewise {

std::vector<Target> targets() {
  std::vector<Target> list = {{"baseline", true, baseline::kernels}};
#if defined(GATEWISE_X86_TARGETS)
  const std::vector<CpuFeature> features = detect_cpu_features();
  const auto has = [&features](const char* name) {
    for (const CpuFeature& feature : features) {
      if (std::strcmp(feature.name, name) == 0)
        return feature.present;
    }
    return false;
  };
  const bool avx2 = has("avx2") && has("fma");
  const bool avx512 = avx2 && has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq");
  list.push_back({"avx2", avx2, avx2::kernels});
  list.push_back({"avx512", avx512, avx512::kernels});
#endif
  return list;
}

}  // namespace gatewise
