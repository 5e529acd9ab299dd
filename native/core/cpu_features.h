// What the processor at hand can execute.
//
// Contract
//   detect_cpu_features() looks at the processor and at the operating system: a feature counts as present
//   only if the system also saves its registers on a task switch. The list holds every feature that matters
//   on this architecture, present or not, from narrow to wide. It never fails and may be called from any
//   thread.
//
// The names are those of /proc/cpuinfo on Linux, except `neon`, which stands there as `asimd`.
//
// cpu_features.cpp must be compiled without any -m<isa> or -march flag: it runs before anything is known
// about the processor. Code for one instruction set belongs in a translation unit of its own.
#pragma once

#include <vector>

namespace gatewise {

struct CpuFeature {
  const char* name;  // static storage
  bool present;
};

std::vector<CpuFeature> detect_cpu_features();

}  // namespace gatewise
