// The instruction sets for which the kernels were compiled, and the choice among them.
//
// Contract
//   targets() lists them from narrow to wide. The last one that the processor can run is the default.
//   targets.cpp is compiled without any flag for an instruction set, as detection must be.
#pragma once

#include <vector>

#include "core/kernels.h"

namespace gatewise {

struct Target {
  const char* name;  // static storage
  bool runs_here;
  const Kernels& (*kernels)();
};

std::vector<Target> targets();

namespace baseline {
const Kernels& kernels();
}
namespace avx2 {
const Kernels& kernels();
}
namespace avx512 {
const Kernels& kernels();
}

}  // namespace gatewise
