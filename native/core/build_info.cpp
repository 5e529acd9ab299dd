#include "core/build_info.h"

// CMakeLists.txt defines the four GATEWISE_ macros for this file alone.

namespace gatewise {

BuildInfo build_info() noexcept {
  return {GATEWISE_COMPILER, GATEWISE_COMPILER_VERSION, GATEWISE_BUILD_TYPE, GATEWISE_TARGETS};
}

}  // namespace gatewise
