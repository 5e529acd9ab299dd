// Bindings of core/recurrent/stream.h and core/sampling.h.
#include "bindings/stream.h"

#include <memory>
#include <vector>

#include "bindings/layer.h"
#include "core/recurrent/stream.h"
#include "core/sampling.h"

namespace {

using Matrix = Array<const float, 2>;
using Vector = Array<const float, 1>;

// A stream, and the array that each step fills: made once, so that a step makes nothing.
class PyStream {
 public:
  PyStream(const std::string& target, int threads, int batch, nb::list layers,
           std::optional<Matrix> embedding, std::optional<Matrix> head_weight,
           std::optional<Vector> head_bias, Array<float, 2> y)
      : kernels_(kernels_of(target)), y_(nb::cast(y)), out_(y.data()) {
    std::vector<gatewise::StreamWeights> given;
    for (nb::handle layer : layers)
      given.push_back(weights_of({layer}, given.empty() ? 0 : given.back().hidden));
    require(batch > 0 && !given.empty(), "layers");
    const int symbols = embedding ? size(embedding->shape(0)) : 0;
    require(!embedding || embedding->shape(1) == static_cast<size_t>(given.front().features), "embedding");
    const gatewise::StreamLinear head =
        head_weight ? gatewise::StreamLinear{size(head_weight->shape(1)), size(head_weight->shape(0)),
                                             head_weight->data(), data(head_bias)}
                    : gatewise::StreamLinear{};
    require(!head_weight || head.inputs == given.back().hidden, "head_weight");
    require(!head_bias || (head_weight && head_bias->shape(0) == head_weight->shape(0)), "head_bias");
    stream_ = std::make_unique<gatewise::Stream>(kernels_, threads, batch, given, data(embedding), symbols,
                                                 head_weight ? &head : nullptr);
    require(has_shape(y, {static_cast<size_t>(batch), static_cast<size_t>(stream_->outputs())}), "y");
  }

  nb::object step(const Matrix& x) {
    require(has_shape(x, {static_cast<size_t>(stream_->batch()), static_cast<size_t>(stream_->features())}),
            "x");
    {
      nb::gil_scoped_release released;
      stream_->step(x.data(), out_);
    }
    return y_;
  }

  nb::object step_tokens(const Array<const int32_t, 1>& tokens) {
    require(has_shape(tokens, {static_cast<size_t>(stream_->batch())}), "tokens");
    for (size_t row = 0; row < tokens.shape(0); ++row)
      require(known(tokens.data()[row]), "tokens");
    {
      nb::gil_scoped_release released;
      stream_->step_tokens(tokens.data(), out_);
    }
    return y_;
  }

  // Of a batch of 1: feeds `token`, chooses the next by uniforms[0], feeds that, and so on; fills `out`.
  void generate(int32_t token, const Array<const double, 1>& uniforms, double temperature, int top_k,
                double top_p, int never, Array<int32_t, 1>& out) {
    require(stream_->can_generate() && stream_->outputs() <= stream_->symbols() && known(token), "token");
    require(out.shape(0) == uniforms.shape(0), "out");
    const gatewise::Sampling sampling = {temperature, top_k, top_p, never};
    nb::gil_scoped_release released;
    stream_->generate(token, uniforms.data(), size(out.shape(0)), sampling, out.data());
  }

  void write_state(int layer, const Matrix& h, const std::optional<Matrix>& c) {
    check_state(layer, h.shape(0), h.shape(1));
    std::memcpy(stream_->h(layer), h.data(), h.nbytes());
    if (float* cells = stream_->c(layer); cells && c) {
      check_state(layer, c->shape(0), c->shape(1));
      std::memcpy(cells, c->data(), c->nbytes());
    }
  }

  void read_state(int layer, Array<float, 2>& h, std::optional<Array<float, 2>>& c) {
    check_state(layer, h.shape(0), h.shape(1));
    std::memcpy(h.data(), stream_->h(layer), h.nbytes());
    if (const float* cells = stream_->c(layer); cells && c) {
      check_state(layer, c->shape(0), c->shape(1));
      std::memcpy(c->data(), cells, c->nbytes());
    }
  }

 private:
  static gatewise::StreamWeights weights_of(const LayerAttributes& layer, int below) {
    const auto weight_ih = layer.array<Matrix>("weight_ih"), weight_hh = layer.array<Matrix>("weight_hh");
    const auto bias = layer.array<Vector>("bias");
    const auto peephole = layer.array<std::optional<Matrix>>("peephole");
    const gatewise::Cell cell = layer.cell();
    const size_t hidden = weight_hh.shape(1), width = hidden * (cell == gatewise::Cell::lstm ? 4 : 1);
    const size_t features = weight_ih.shape(1);
    require(hidden > 0 && has_shape(weight_hh, {width, hidden}), "weight_hh");
    require(weight_ih.shape(0) == width && features > 0, "weight_ih");
    require(!below || features == static_cast<size_t>(below), "weight_ih");
    require(has_shape(bias, {width}), "bias");
    require(!peephole || has_shape(*peephole, {3, hidden}), "peephole");
    // The arrays stay alive through the attributes of `layer` for as long as the constructor runs.
    return {cell,
            layer.activation(),
            size(features),
            size(hidden),
            layer.value<float>("rate_h"),
            layer.value<float>("rate_c"),
            weight_ih.data(),
            weight_hh.data(),
            bias.data(),
            data(peephole)};
  }

  bool known(int32_t token) const { return token >= 0 && token < stream_->symbols(); }

  void check_state(int layer, size_t rows, size_t columns) const {
    require(layer >= 0 && layer < stream_->layers() && rows == static_cast<size_t>(stream_->batch()) &&
                columns == static_cast<size_t>(stream_->hidden(layer)),
            "state");
  }

  const gatewise::Kernels& kernels_;
  nb::object y_;
  float* out_;
  std::unique_ptr<gatewise::Stream> stream_;
};

int choose_token(const std::string& target, Vector logits, double uniform, double temperature, int top_k,
                 double top_p, int never) {
  require(logits.shape(0) > 0, "logits");
  gatewise::Chooser chooser(kernels_of(target), size(logits.shape(0)));
  return chooser.choose({temperature, top_k, top_p, never}, logits.data(), uniform);
}

}  // namespace

void bind_stream(nb::module_& m) {
  using nb::arg;
  nb::class_<PyStream>(m, "Stream")
      .def(nb::init<const std::string&, int, int, nb::list, std::optional<Matrix>, std::optional<Matrix>,
                    std::optional<Vector>, Array<float, 2>>(),
           arg("target"), arg("threads"), arg("batch"), arg("layers"), arg("embedding").noconvert().none(),
           arg("head_weight").noconvert().none(), arg("head_bias").noconvert().none(), arg("y").noconvert())
      .def("step", &PyStream::step, arg("x").noconvert())
      .def("step_tokens", &PyStream::step_tokens, arg("tokens").noconvert())
      .def("generate", &PyStream::generate, arg("token"), arg("uniforms").noconvert(), arg("temperature"),
           arg("top_k"), arg("top_p"), arg("never"), arg("out").noconvert())
      .def("write_state", &PyStream::write_state, arg("layer"), arg("h").noconvert(),
           arg("c").noconvert().none())
      .def("read_state", &PyStream::read_state, arg("layer"), arg("h").noconvert(),
           arg("c").noconvert().none());
  m.def("choose_token", &choose_token, arg("target"), arg("logits").noconvert(), arg("uniform"),
        arg("temperature"), arg("top_k"), arg("top_p"), arg("never"),
        "Choose a token as Stream.generate does.");
}
