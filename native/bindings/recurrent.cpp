// Bindings of core/recurrent: they check shapes and types, release the GIL, and decide nothing.
#include "bindings/recurrent.h"

#include <nanobind/stl/pair.h>

#include <optional>
#include <string>
#include <utility>

#include "bindings/layer.h"
#include "core/recurrent/run.h"

namespace {

using gatewise::RecurrentLayer;

gatewise::Mogrifier mogrifier_of(nb::handle object, const RecurrentLayer& layer) {
  gatewise::Mogrifier mogrifier = {};
  if (object.is_none())
    return mogrifier;
  require(!layer.tokens, "mogrifier");
  const LayerAttributes part{object};
  const auto q = part.array<Array<const float, 3>>("q");
  const auto r = part.array<Array<const float, 3>>("r");
  const auto gates_x = part.array<Array<float, 4>>("gates_x");
  const auto gates_h = part.array<Array<float, 4>>("gates_h");
  const auto x = part.array<Array<float, 3>>("x");
  const auto h = part.array<Array<float, 3>>("h");
  const auto dz_x = part.array<std::optional<Array<float, 4>>>("dz_x");
  const auto dz_h = part.array<std::optional<Array<float, 4>>>("dz_h");
  const auto steps = static_cast<size_t>(layer.steps), batch = static_cast<size_t>(layer.batch);
  const auto features = static_cast<size_t>(layer.features), hidden = static_cast<size_t>(layer.hidden);
  const size_t odd = q.shape(0), even = r.shape(0);
  require(odd > 0 && (even == odd || even + 1 == odd), "r");
  require(has_shape(q, {odd, features, hidden}), "q");
  require(has_shape(r, {even, hidden, features}), "r");
  require(has_shape(gates_x, {odd, steps, batch, features}), "gates_x");
  require(has_shape(gates_h, {even, steps, batch, hidden}), "gates_h");
  require(has_shape(x, {steps, batch, features}), "x");
  require(has_shape(h, {steps + 1, batch, hidden}), "h");
  require(!dz_x || has_shape(*dz_x, {odd, steps, batch, features}), "dz_x");
  require(!dz_h || has_shape(*dz_h, {even, steps, batch, hidden}), "dz_h");
  mogrifier.rounds = size(odd + even);
  mogrifier.q = q.data();
  mogrifier.r = r.data();
  mogrifier.gates_x = gates_x.data();
  mogrifier.gates_h = gates_h.data();
  mogrifier.x = x.data();
  mogrifier.h = h.data();
  mogrifier.dz_x = data(dz_x);
  mogrifier.dz_h = data(dz_h);
  return mogrifier;
}

RecurrentLayer layer_of(const LayerAttributes& pass, size_t steps, size_t batch) {
  RecurrentLayer layer = {};
  const auto weight_ih = pass.array<Array<const float, 2>>("weight_ih");
  const auto weight_hh = pass.array<Array<const float, 2>>("weight_hh");
  const auto bias = pass.array<Array<const float, 1>>("bias");
  const auto peephole = pass.array<std::optional<Array<const float, 2>>>("peephole");
  const auto alive = pass.array<std::optional<Array<const int32_t, 1>>>("alive");
  const auto keep = pass.array<std::optional<Array<const uint8_t, 2>>>("keep");
  const auto tokens = pass.array<std::optional<Array<const int32_t, 2>>>("tokens");
  const auto mask = pass.array<std::optional<Array<const float, 2>>>("recurrent_mask");
  const auto zoneout_h = pass.array<std::optional<Array<const uint8_t, 3>>>("zoneout_h");
  const auto zoneout_c = pass.array<std::optional<Array<const uint8_t, 3>>>("zoneout_c");
  layer.cell = pass.cell();
  layer.activation = pass.activation();
  layer.reverse = pass.value<bool>("reverse");
  layer.rate_h = pass.value<float>("rate_h");
  layer.rate_c = pass.value<float>("rate_c");
  const size_t hidden = weight_hh.shape(1), width = hidden * static_cast<size_t>(layer.gates());
  const size_t features = weight_ih.shape(1);
  layer.steps = size(steps);
  layer.batch = size(batch);
  layer.hidden = size(hidden);
  layer.features = size(features);
  require(hidden > 0 && has_shape(weight_hh, {width, hidden}), "weight_hh");
  require(features > 0 && has_shape(weight_ih, {width, features}), "weight_ih");
  require(has_shape(bias, {width}), "bias");
  if (tokens) {
    const auto table = pass.array<Array<const float, 2>>("x");
    require(has_shape(*tokens, {steps, batch}), "tokens");
    require(table.shape(1) == features, "x");
    layer.x = table.data();
    layer.symbols = size(table.shape(0));
    for (size_t k = 0; k < tokens->size(); ++k)
      require(tokens->data()[k] >= 0 && tokens->data()[k] < layer.symbols, "tokens");
  } else {
    const auto x = pass.array<Array<const float, 3>>("x");
    require(has_shape(x, {steps, batch, features}), "x");
    layer.x = x.data();
  }
  if (alive) {
    require(has_shape(*alive, {steps}), "alive");
    for (size_t t = 0; t < steps; ++t) {
      const int32_t rows = alive->data()[t];
      require(rows >= 0 && rows <= layer.batch && (t == 0 || rows <= alive->data()[t - 1]), "alive");
    }
  }
  require(!peephole || has_shape(*peephole, {3, hidden}), "peephole");
  require(!keep || has_shape(*keep, {steps, batch}), "keep");
  require(!mask || has_shape(*mask, {batch, hidden}), "recurrent_mask");
  require(!zoneout_h || has_shape(*zoneout_h, {steps, batch, hidden}), "zoneout_h");
  require(!zoneout_c || has_shape(*zoneout_c, {steps, batch, hidden}), "zoneout_c");
  layer.weight_ih = weight_ih.data();
  layer.weight_hh = weight_hh.data();
  layer.bias = bias.data();
  layer.peephole = data(peephole);
  layer.alive = data(alive);
  layer.keep = data(keep);
  layer.tokens = data(tokens);
  layer.mogrifier = mogrifier_of(pass.object.attr("mogrifier"), layer);
  layer.recurrent_mask = data(mask);
  layer.zoneout_h = data(zoneout_h);
  layer.zoneout_c = data(zoneout_c);
  return layer;
}

void recurrent_forward(const std::string& target, int threads, nb::object pass,
                       std::optional<Array<float, 3>> gates, Array<float, 3> h, Array<float, 3> c) {
  const gatewise::Kernels& kernels = kernels_of(target);
  require(h.shape(0) > 0, "h");
  const size_t steps = h.shape(0) - 1, batch = h.shape(1), hidden = h.shape(2);
  gatewise::RecurrentForward call = {};
  call.layer = layer_of(LayerAttributes{pass}, steps, batch);
  const bool memory = call.layer.cell == gatewise::Cell::lstm;
  const size_t slots = gates ? steps + 1 : 1;
  require(hidden == static_cast<size_t>(call.layer.hidden), "h");
  require(!memory || has_shape(c, {slots, batch, hidden}), "c");
  require(!gates || has_shape(*gates, {steps, batch, hidden * static_cast<size_t>(call.layer.gates())}),
          "gates");
  call.gates = data(gates);
  call.h = h.data();
  call.c = memory ? c.data() : nullptr;
  nb::gil_scoped_release released;
  gatewise::run_forward(kernels, call, threads);
}

void recurrent_backward(const std::string& target, int threads, nb::object pass, Array<float, 3> gates,
                        Array<const float, 3> h, Array<const float, 3> c, Array<const float, 3> dy,
                        Array<float, 2> dh, Array<float, 2> dc,
                        std::optional<nb::ndarray<float, nb::c_contig, nb::device::cpu>> dx, bool add_to_dx,
                        Array<float, 2> dweight_ih, Array<float, 2> dweight_hh, Array<float, 1> dbias,
                        std::optional<Array<float, 2>> dpeephole) {
  const gatewise::Kernels& kernels = kernels_of(target);
  const size_t steps = gates.shape(0), batch = gates.shape(1), hidden = dh.shape(1);
  gatewise::RecurrentBackward call = {};
  call.layer = layer_of(LayerAttributes{pass}, steps, batch);
  const bool memory = call.layer.cell == gatewise::Cell::lstm;
  const size_t width = hidden * static_cast<size_t>(call.layer.gates());
  const auto features = static_cast<size_t>(call.layer.features);
  const size_t inputs = call.layer.tokens ? static_cast<size_t>(call.layer.symbols) : steps * batch;
  require(hidden == static_cast<size_t>(call.layer.hidden) && dh.shape(0) == batch, "dh");
  require(gates.shape(2) == width, "gates");
  require(has_shape(h, {steps + 1, batch, hidden}), "h");
  require(!memory || has_shape(c, {steps + 1, batch, hidden}), "c");
  require(!memory || has_shape(dc, {batch, hidden}), "dc");
  require(has_shape(dy, {steps, batch, hidden}), "dy");
  require(!dx || dx->size() == inputs * features, "dx");
  require(has_shape(dweight_ih, {width, features}), "dweight_ih");
  require(has_shape(dweight_hh, {width, hidden}), "dweight_hh");
  require(has_shape(dbias, {width}), "dbias");
  require((call.layer.peephole != nullptr) == dpeephole.has_value(), "dpeephole");
  require(!dpeephole || has_shape(*dpeephole, {3, hidden}), "dpeephole");
  call.gates = gates.data();
  call.h = h.data();
  call.c = memory ? c.data() : nullptr;
  call.dy = dy.data();
  call.dh = dh.data();
  call.dc = memory ? dc.data() : nullptr;
  call.dx = dx ? dx->data() : nullptr;
  const gatewise::Mogrifier& mogrifier = call.layer.mogrifier;
  require(!mogrifier.rounds || (mogrifier.dz_x && mogrifier.dz_h && dx && !add_to_dx), "mogrifier");
  call.add_to_dx = add_to_dx;
  call.dweight_ih = dweight_ih.data();
  call.dweight_hh = dweight_hh.data();
  call.dbias = dbias.data();
  call.dpeephole = data(dpeephole);
  nb::gil_scoped_release released;
  gatewise::run_backward(kernels, call, threads);
}

std::pair<int, bool> recurrent_sharing(int threads, nb::object pass, size_t steps, size_t batch) {
  const gatewise::Sharing sharing =
      gatewise::sharing_of(layer_of(LayerAttributes{pass}, steps, batch), threads);
  return {sharing.ranks, sharing.by_units};
}

}  // namespace

void bind_recurrent(nb::module_& m) {
  using nb::arg;
  m.def("recurrent_sharing", &recurrent_sharing, arg("threads"), arg("layer"), arg("steps"), arg("batch"),
        "Return how many threads a pass takes, and whether they divide the units.");
  m.def("recurrent_forward", &recurrent_forward, arg("target"), arg("threads"), arg("layer"),
        arg("gates").noconvert().none(), arg("h").noconvert(), arg("c").noconvert());
  m.def("recurrent_backward", &recurrent_backward, arg("target"), arg("threads"), arg("layer"),
        arg("gates").noconvert(), arg("h").noconvert(), arg("c").noconvert(), arg("dy").noconvert(),
        arg("dh").noconvert(), arg("dc").noconvert(), arg("dx").noconvert().none(), arg("add_to_dx"),
        arg("dweight_ih").noconvert(), arg("dweight_hh").noconvert(), arg("dbias").noconvert(),
        arg("dpeephole").noconvert().none());
}
