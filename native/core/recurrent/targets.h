// The instruction sets for which kernels.cpp was compiled, and the choice among them.
//
// Contract
//   targets() lists them from narrow to wide. The last one that the processor can run is the default.
//   targets.cpp is compiled without any flag for an instruction set, as detection must be.
#pragma once

#include <vector>

#include "core/recurrent/lstm.h"

namespace gatewise {

struct Target {
  const char* name;  // static storage
  bool runs_here;
  const LstmKernels& (*kernels)();
};

std::vector<Target> targets();

namespace baseline {
const LstmKernels& kernels();
}
namespace avx2 {
const LstmKernels& kernels();
}
namespace avx512 {
const LstmKernels& kernels();
}

}  // namespace gatewise
