// gatewise.kernels._native: converts between Python and native/core, and decides nothing.
// Its typed face is src/gatewise/kernels/_native.pyi.
#include <nanobind/nanobind.h>

#include "bindings/recurrent.h"
#include "core/build_info.h"
#include "core/cpu_features.h"

namespace nb = nanobind;

namespace {

nb::dict build_info() {
  const gatewise::BuildInfo info = gatewise::build_info();
  nb::dict result;
  result["compiler"] = info.compiler;
  result["compiler_version"] = info.compiler_version;
  result["build_type"] = info.build_type;
  result["targets"] = info.targets;
  return result;
}

nb::dict cpu_features() {
  nb::dict result;
  for (const gatewise::CpuFeature& feature : gatewise::detect_cpu_features()) {
    result[feature.name] = feature.present;
  }
  return result;
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "Native kernels of gatewise. Import gatewise.kernels instead.";
  m.def("build_info", &build_info, "Return compiler, compiler_version, build_type and targets, all str.");
  m.def("cpu_features", &cpu_features, "Return {instruction set: whether processor and system offer it}.");
  bind_recurrent(m);
}
