// Bindings of core/recurrent: they check shapes and types, release the GIL, and decide nothing.
#include "bindings/recurrent.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/recurrent/rows.h"
#include "core/recurrent/targets.h"

namespace nb = nanobind;

namespace {

template <typename T, int N>
using Array = nb::ndarray<T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;

const gatewise::LstmKernels& kernels_of(const std::string& name) {
  for (const gatewise::Target& target : gatewise::targets()) {
    if (name == target.name && target.runs_here)
      return target.kernels();
  }
  throw std::invalid_argument("no kernels for target " + name + " on this processor");
}

void require(bool fits, const char* what) {
  if (!fits)
    throw std::invalid_argument(std::string(what) + " does not fit the other arrays");
}

struct Options {
  std::optional<Array<const float, 2>> peephole;
  std::optional<Array<const int32_t, 1>> alive;
  std::optional<Array<const uint8_t, 2>> keep;
  bool reverse;
  bool output_tanh;
};

gatewise::LstmShape shape_of(const Array<const float, 2>& weight_hh, size_t steps, size_t batch,
                             const Options& options) {
  const size_t hidden = weight_hh.shape(1);
  require(weight_hh.shape(0) == 4 * hidden && hidden > 0, "weight_hh");
  if (options.peephole)
    require(options.peephole->shape(0) == 3 && options.peephole->shape(1) == hidden, "peephole");
  if (options.alive) {
    require(options.alive->shape(0) == steps, "alive");
    for (size_t t = 0; t < steps; ++t) {
      const int32_t rows = options.alive->data()[t];
      require(
          rows >= 0 && static_cast<size_t>(rows) <= batch && (t == 0 || rows <= options.alive->data()[t - 1]),
          "alive");
    }
  }
  if (options.keep)
    require(options.keep->shape(0) == steps && options.keep->shape(1) == batch, "keep");
  return {static_cast<int>(steps),
          static_cast<int>(batch),
          static_cast<int>(hidden),
          options.reverse,
          options.output_tanh,
          options.alive ? options.alive->data() : nullptr,
          options.keep ? options.keep->data() : nullptr,
          options.peephole ? options.peephole->data() : nullptr};
}

void lstm_forward(const std::string& target, int threads, Array<const float, 2> weight_hh,
                  Array<float, 3> gates, Array<float, 3> h, Array<float, 3> c,
                  std::optional<Array<const float, 2>> peephole, std::optional<Array<const int32_t, 1>> alive,
                  std::optional<Array<const uint8_t, 2>> keep, bool reverse, bool output_tanh) {
  const gatewise::LstmKernels& kernels = kernels_of(target);
  const size_t steps = gates.shape(0), batch = gates.shape(1);
  const gatewise::LstmShape shape =
      shape_of(weight_hh, steps, batch, {peephole, alive, keep, reverse, output_tanh});
  const size_t hidden = weight_hh.shape(1);
  require(gates.shape(2) == 4 * hidden, "gates");
  require(h.shape(0) == steps + 1 && h.shape(1) == batch && h.shape(2) == hidden, "h");
  require(c.shape(0) == steps + 1 && c.shape(1) == batch && c.shape(2) == hidden, "c");
  nb::gil_scoped_release released;
  std::vector<float> packed(kernels.packed_size(shape.hidden)), zeros(hidden);
  kernels.pack_forward(weight_hh.data(), shape.hidden, packed.data());
  const gatewise::LstmForward arrays = {packed.data(), zeros.data(), gates.data(), h.data(), c.data()};
  gatewise::share_rows(shape, threads,
                       [&](int first, int last) { kernels.forward(shape, arrays, first, last); });
}

void lstm_backward(const std::string& target, int threads, Array<const float, 2> weight_hh,
                   Array<const float, 3> gates, Array<const float, 3> c, Array<const float, 3> dy,
                   Array<float, 3> dz, Array<float, 2> dh, Array<float, 2> dc,
                   std::optional<Array<const float, 2>> peephole,
                   std::optional<Array<const int32_t, 1>> alive, std::optional<Array<const uint8_t, 2>> keep,
                   bool reverse, bool output_tanh) {
  const gatewise::LstmKernels& kernels = kernels_of(target);
  const size_t steps = gates.shape(0), batch = gates.shape(1);
  const gatewise::LstmShape shape =
      shape_of(weight_hh, steps, batch, {peephole, alive, keep, reverse, output_tanh});
  const size_t hidden = weight_hh.shape(1);
  require(gates.shape(2) == 4 * hidden, "gates");
  require(c.shape(0) == steps + 1 && c.shape(1) == batch && c.shape(2) == hidden, "c");
  require(dy.shape(0) == steps && dy.shape(1) == batch && dy.shape(2) == hidden, "dy");
  require(dz.shape(0) == steps && dz.shape(1) == batch && dz.shape(2) == 4 * hidden, "dz");
  require(dh.shape(0) == batch && dh.shape(1) == hidden, "dh");
  require(dc.shape(0) == batch && dc.shape(1) == hidden, "dc");
  nb::gil_scoped_release released;
  std::vector<float> packed(kernels.packed_size(shape.hidden)), zeros(hidden);
  kernels.pack_backward(weight_hh.data(), shape.hidden, packed.data());
  const gatewise::LstmBackward arrays = {packed.data(), zeros.data(), gates.data(), c.data(),
                                         dy.data(),     dz.data(),    dh.data(),    dc.data()};
  gatewise::share_rows(shape, threads,
                       [&](int first, int last) { kernels.backward(shape, arrays, first, last); });
}

void elementwise(const std::string& target, const std::string& name, Array<const float, 1> x,
                 Array<float, 1> y) {
  const gatewise::LstmKernels& kernels = kernels_of(target);
  require(x.shape(0) == y.shape(0), "y");
  auto* function = name == "exp" ? kernels.exp : name == "sigmoid" ? kernels.sigmoid : kernels.tanh;
  function(x.data(), y.data(), x.shape(0));
}

nb::dict targets() {
  nb::dict result;
  for (const gatewise::Target& target : gatewise::targets())
    result[target.name] = target.runs_here;
  return result;
}

}  // namespace

void bind_recurrent(nb::module_& m) {
  using nb::arg;
  m.def("targets", &targets, "Return {target: whether the processor runs it}, from narrow to wide.");
  m.def("lstm_forward", &lstm_forward, arg("target"), arg("threads"), arg("weight_hh").noconvert(),
        arg("gates").noconvert(), arg("h").noconvert(), arg("c").noconvert(),
        arg("peephole").noconvert().none(), arg("alive").noconvert().none(), arg("keep").noconvert().none(),
        arg("reverse"), arg("output_tanh"));
  m.def("lstm_backward", &lstm_backward, arg("target"), arg("threads"), arg("weight_hh").noconvert(),
        arg("gates").noconvert(), arg("c").noconvert(), arg("dy").noconvert(), arg("dz").noconvert(),
        arg("dh").noconvert(), arg("dc").noconvert(), arg("peephole").noconvert().none(),
        arg("alive").noconvert().none(), arg("keep").noconvert().none(), arg("reverse"), arg("output_tanh"));
  m.def("elementwise", &elementwise, arg("target"), arg("name"), arg("x").noconvert(), arg("y").noconvert(),
        "Fill y with exp, sigmoid or tanh of x, as the kernels compute them.");
}
