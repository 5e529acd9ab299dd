// Bindings of core/{linear,losses,optimisers}: they check shapes and types, release the GIL, and decide
// nothing.
#include "bindings/training.h"

#include <nanobind/stl/pair.h>

#include <optional>
#include <string>

#include "bindings/arrays.h"
#include "core/training.h"

namespace {

using Vector = Array<float, 1>;

gatewise::LinearShape linear_shape(const Array<const float, 2>& x, const Array<const float, 2>& weight) {
  require(x.shape(1) == weight.shape(1), "x");
  return {size(x.shape(0)), size(x.shape(1)), size(weight.shape(0))};
}

void linear_forward(const std::string& target, int threads, Array<const float, 2> x,
                    Array<const float, 2> weight, std::optional<Array<const float, 1>> bias,
                    Array<float, 2> y) {
  const gatewise::Kernels& kernels = kernels_of(target);
  gatewise::LinearForward call = {};
  call.shape = linear_shape(x, weight);
  require(!bias || has_shape(*bias, {weight.shape(0)}), "bias");
  require(has_shape(y, {x.shape(0), weight.shape(0)}), "y");
  call.x = x.data();
  call.weight = weight.data();
  call.bias = data(bias);
  call.y = y.data();
  nb::gil_scoped_release released;
  gatewise::run_linear_forward(kernels, call, threads);
}

void linear_backward(const std::string& target, int threads, Array<const float, 2> x,
                     Array<const float, 2> weight, Array<const float, 2> dy,
                     std::optional<Array<float, 2>> dx, Array<float, 2> dweight,
                     std::optional<Vector> dbias) {
  const gatewise::Kernels& kernels = kernels_of(target);
  gatewise::LinearBackward call = {};
  call.shape = linear_shape(x, weight);
  require(has_shape(dy, {x.shape(0), weight.shape(0)}), "dy");
  require(!dx || has_shape(*dx, {x.shape(0), x.shape(1)}), "dx");
  require(has_shape(dweight, {weight.shape(0), weight.shape(1)}), "dweight");
  require(!dbias || has_shape(*dbias, {weight.shape(0)}), "dbias");
  call.x = x.data();
  call.weight = weight.data();
  call.dy = dy.data();
  call.dx = data(dx);
  call.dweight = dweight.data();
  call.dbias = data(dbias);
  nb::gil_scoped_release released;
  gatewise::run_linear_backward(kernels, call, threads);
}

double cross_entropy(const std::string& target, int threads, Array<const float, 2> logits,
                     Array<const int32_t, 1> targets, Array<const float, 1> weights,
                     std::optional<Array<float, 2>> dlogits) {
  const gatewise::Kernels& kernels = kernels_of(target);
  gatewise::CrossEntropy call = {};
  call.rows = size(logits.shape(0));
  call.classes = size(logits.shape(1));
  require(has_shape(targets, {logits.shape(0)}), "targets");
  require(has_shape(weights, {logits.shape(0)}), "weights");
  require(!dlogits || has_shape(*dlogits, {logits.shape(0), logits.shape(1)}), "dlogits");
  for (size_t row = 0; row < targets.shape(0); ++row) {
    const int32_t chosen = targets.data()[row];
    require(weights.data()[row] == 0.0f || (chosen >= 0 && chosen < call.classes), "targets");
  }
  call.logits = logits.data();
  call.targets = targets.data();
  call.weights = weights.data();
  call.dlogits = data(dlogits);
  nb::gil_scoped_release released;
  return gatewise::run_cross_entropy(kernels, call, threads);
}

// What all optimisers take.
struct Vectors {
  Vector parameters;
  Array<const float, 1> gradients;
  std::optional<Vector> before;
};

template <class Rule>
std::pair<double, bool> take_step(const std::string& target, int threads, const Vectors& vectors,
                                  double clip_norm, float rate, float decay, float kept, const Rule& rule) {
  const gatewise::Kernels& kernels = kernels_of(target);
  const size_t count = vectors.parameters.shape(0);
  require(vectors.gradients.shape(0) == count, "gradients");
  require(!vectors.before || vectors.before->shape(0) == count, "before");
  gatewise::OptimiserStep<Rule> step = {};
  step.size = count;
  step.parameters = vectors.parameters.data();
  step.gradients = vectors.gradients.data();
  step.before = data(vectors.before);
  step.clip_norm = clip_norm;
  step.rate = rate;
  step.decay = decay;
  step.kept = kept;
  step.rule = rule;
  nb::gil_scoped_release released;
  const gatewise::OptimiserResult result = gatewise::run_optimiser(kernels, step, threads);
  return {result.norm, result.finite};
}

std::pair<double, bool> sgd_step(const std::string& target, int threads, Vector parameters,
                                 Array<const float, 1> gradients, std::optional<Vector> before,
                                 double clip_norm, float rate, float decay, std::optional<Vector> velocity,
                                 float momentum, bool nesterov) {
  require(!velocity || velocity->shape(0) == parameters.shape(0), "velocity");
  const gatewise::Sgd rule = {data(velocity), momentum, nesterov};
  return take_step(target, threads, {parameters, gradients, before}, clip_norm, rate, decay, 1.0f, rule);
}

std::pair<double, bool> averaged_sgd_step(const std::string& target, int threads, Vector parameters,
                                          Array<const float, 1> gradients, std::optional<Vector> before,
                                          double clip_norm, float rate, float decay, Vector average,
                                          float count) {
  require(average.shape(0) == parameters.shape(0), "average");
  const gatewise::AveragedSgd rule = {average.data(), count};
  return take_step(target, threads, {parameters, gradients, before}, clip_norm, rate, decay, 1.0f, rule);
}

std::pair<double, bool> adam_step(const std::string& target, int threads, Vector parameters,
                                  Array<const float, 1> gradients, std::optional<Vector> before,
                                  double clip_norm, float rate, float decay, float kept, Vector mean,
                                  Vector variance, std::pair<float, float> betas,
                                  std::pair<float, float> gains, float root_scale, float epsilon) {
  require(mean.shape(0) == parameters.shape(0), "mean");
  require(variance.shape(0) == parameters.shape(0), "variance");
  const gatewise::Adam rule = {mean.data(),  variance.data(), betas.first, gains.first,
                               betas.second, gains.second,    root_scale,  epsilon};
  return take_step(target, threads, {parameters, gradients, before}, clip_norm, rate, decay, kept, rule);
}

}  // namespace

void bind_training(nb::module_& m) {
  using nb::arg;
  m.def("linear_forward", &linear_forward, arg("target"), arg("threads"), arg("x").noconvert(),
        arg("weight").noconvert(), arg("bias").noconvert().none(), arg("y").noconvert());
  m.def("linear_backward", &linear_backward, arg("target"), arg("threads"), arg("x").noconvert(),
        arg("weight").noconvert(), arg("dy").noconvert(), arg("dx").noconvert().none(),
        arg("dweight").noconvert(), arg("dbias").noconvert().none());
  m.def("cross_entropy", &cross_entropy, arg("target"), arg("threads"), arg("logits").noconvert(),
        arg("targets").noconvert(), arg("weights").noconvert(), arg("dlogits").noconvert().none());
  m.def("sgd_step", &sgd_step, arg("target"), arg("threads"), arg("parameters").noconvert(),
        arg("gradients").noconvert(), arg("before").noconvert().none(), arg("clip_norm"), arg("rate"),
        arg("decay"), arg("velocity").noconvert().none(), arg("momentum"), arg("nesterov"));
  m.def("averaged_sgd_step", &averaged_sgd_step, arg("target"), arg("threads"), arg("parameters").noconvert(),
        arg("gradients").noconvert(), arg("before").noconvert().none(), arg("clip_norm"), arg("rate"),
        arg("decay"), arg("average").noconvert(), arg("count"));
  m.def("adam_step", &adam_step, arg("target"), arg("threads"), arg("parameters").noconvert(),
        arg("gradients").noconvert(), arg("before").noconvert().none(), arg("clip_norm"), arg("rate"),
        arg("decay"), arg("kept"), arg("mean").noconvert(), arg("variance").noconvert(), arg("betas"),
        arg("gains"), arg("root_scale"), arg("epsilon"));
}
