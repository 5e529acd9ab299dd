#include "core/training.h"

#include <vector>

#include "core/memory.h"

namespace gatewise {

namespace {

// What an exponential with its share of the passes over a row, and an update, weigh in multiplications.
constexpr double kLogit = 20.0, kUpdate = 40.0;

double multiplications(const LinearShape& shape) {
  return static_cast<double>(shape.rows) * shape.inputs * shape.outputs;
}

template <class Rule>
OptimiserResult run_rule(OptimiserStep<Rule> step, int threads,
                         void (*kernel)(const OptimiserStep<Rule>&, const Rank&)) {
  OptimiserResult result = {0.0, true};
  const size_t blocks = (step.size + kOptimiserBlock - 1) / kOptimiserBlock;
  std::vector<double> sums(2 * blocks);
  step.sums = sums.data();
  step.norm = &result.norm;
  step.finite = &result.finite;
  in_parallel(worth_threads(threads, kUpdate * static_cast<double>(step.size)),
              [&](const Rank& rank) { kernel(step, rank); });
  return result;
}

}  // namespace

void run_linear_forward(const Kernels& kernels, LinearForward call, int threads) {
  const int wanted = worth_threads(threads, multiplications(call.shape));
  const Floats scratch = aligned_floats(kernels.linear_scratch(call.shape, wanted));
  call.scratch = scratch.get();
  in_parallel(wanted, [&](const Rank& rank) { kernels.linear_forward(call, rank); });
}

void run_linear_backward(const Kernels& kernels, LinearBackward call, int threads) {
  const int wanted = worth_threads(threads, 2.0 * multiplications(call.shape));
  const Floats scratch = aligned_floats(kernels.linear_scratch(call.shape, wanted));
  call.scratch = scratch.get();
  in_parallel(wanted, [&](const Rank& rank) { kernels.linear_backward(call, rank); });
}

double run_cross_entropy(const Kernels& kernels, CrossEntropy call, int threads) {
  std::vector<double> losses(static_cast<size_t>(call.rows));
  call.losses = losses.data();
  const double numbers = static_cast<double>(call.rows) * call.classes;
  in_parallel(worth_threads(threads, kLogit * numbers),
              [&](const Rank& rank) { kernels.cross_entropy(call, rank); });
  double loss = 0.0;
  for (const double row : losses)
    loss += row;
  return loss;
}

OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<Sgd> step, int threads) {
  return run_rule(step, threads, kernels.sgd_step);
}

OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<AveragedSgd> step, int threads) {
  return run_rule(step, threads, kernels.averaged_sgd_step);
}

OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<Adam> step, int threads) {
  return run_rule(step, threads, kernels.adam_step);
}

}  // namespace gatewise
