// gatewise.kernels._native: converts between Python and native/core, and decides nothing.
// Its typed face is src/gatewise/kernels/_native.pyi.
#include <atomic>
#include <chrono>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/recurrent.h"
#include "bindings/stream.h"
#include "bindings/training.h"
#include "core/build_info.h"
#include "core/cpu_features.h"
#include "core/parallel.h"

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

nb::dict targets() {
  nb::dict result;
  for (const gatewise::Target& target : gatewise::targets())
    result[target.name] = target.runs_here;
  return result;
}

void elementwise(const std::string& target, const std::string& name, Array<const float, 1> x,
                 Array<float, 1> y) {
  const gatewise::Kernels& kernels = kernels_of(target);
  require(x.shape(0) == y.shape(0), "y");
  auto* function = name == "exp" ? kernels.exp : name == "sigmoid" ? kernels.sigmoid : kernels.tanh;
  function(x.data(), y.data(), x.shape(0));
}

double fma_peak(const std::string& target, int threads) {
  const gatewise::Kernels& kernels = kernels_of(target);
  nb::gil_scoped_release released;
  std::atomic<double> operations{0.0};
  const auto run = [&](const gatewise::Rank& rank) {
    const double done = kernels.fma_rounds(2'000'000);
    for (double sum = operations.load(); !operations.compare_exchange_weak(sum, sum + done);) {
    }
    rank.wait();
  };
  double best = 0.0;
  for (int turn = 0; turn < 15; ++turn) {
    operations = 0.0;
    const auto start = std::chrono::steady_clock::now();
    gatewise::in_parallel(threads, run);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double speed = operations / seconds.count();
    best = speed > best ? speed : best;
  }
  return best * 1e-9;
}

nb::list cores_of_ranks(int threads) {
  std::vector<int> cores;
  {
    nb::gil_scoped_release released;
    cores = gatewise::cores_of_ranks(threads);
  }
  nb::list result;
  for (const int core : cores)
    result.append(core);
  return result;
}

}  // namespace

NB_MODULE(_native, m) {
  using nb::arg;
  m.doc() = "Native kernels of gatewise. Import gatewise.kernels instead.";
  m.def("build_info", &build_info, "Return compiler, compiler_version, build_type and targets, all str.");
  m.def("cpu_features", &cpu_features, "Return {instruction set: whether processor and system offer it}.");
  m.def("targets", &targets, "Return {target: whether the processor runs it}, from narrow to wide.");
  m.def("elementwise", &elementwise, arg("target"), arg("name"), arg("x").noconvert(), arg("y").noconvert(),
        "Fill y with exp, sigmoid or tanh of x, as the kernels compute them.");
  m.def("fma_peak", &fma_peak, arg("target"), arg("threads"),
        "Return the GFLOP/s of multiplications and additions that wait for nothing, the best of some turns.");
  m.def(
      "cores_of_ranks", &cores_of_ranks, arg("threads"),
      "Return the core of each rank of a region, at a moment when all are in it; -1 where it is not known.");
  m.def("let_ranks_crowd", &gatewise::let_ranks_crowd, arg("may"),
        "Whether a region may have more ranks than there are cores; for tests.");
  bind_recurrent(m);
  bind_stream(m);
  bind_training(m);
}
