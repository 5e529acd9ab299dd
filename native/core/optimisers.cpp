// Optimisers, compiled once for each instruction set. The contract is optimisers.h.
#include "core/optimisers.h"

#include <cmath>

#include "core/kernels.h"
#include "core/tiles.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// The rules' arithmetic: what is taken off the parameters, from g.

GATEWISE_INLINE Vec descend(const Sgd& rule, Vec g, float rate, size_t k, int n) {
  if (!rule.velocity)
    return g * rate;
  const Vec v = load(rule.velocity + k, n) * rule.momentum + g;
  store(rule.velocity + k, v, n);
  return (rule.nesterov ? v * rule.momentum + g : v) * rate;
}

GATEWISE_INLINE Vec descend(const AveragedSgd&, Vec g, float rate, size_t, int) {
  return g * rate;
}

GATEWISE_INLINE Vec descend(const Adam& rule, Vec g, float rate, size_t k, int n) {
  const Vec mean = load(rule.mean + k, n) * rule.beta_1 + g * rule.gain_1;
  const Vec variance = load(rule.variance + k, n) * rule.beta_2 + (g * rule.gain_2) * g;
  store(rule.mean + k, mean, n);
  store(rule.variance + k, variance, n);
  return mean / (square_root(variance) * rule.root_scale + rule.epsilon) * rate;
}

// What a rule does with the updated parameters.

GATEWISE_INLINE void look_at(const Sgd&, Vec, size_t, int) {}
GATEWISE_INLINE void look_at(const Adam&, Vec, size_t, int) {}

GATEWISE_INLINE void look_at(const AveragedSgd& rule, Vec parameters, size_t k, int n) {
  if (rule.count == 0.0f)
    return;
  const Vec average = load(rule.average + k, n);
  store(rule.average + k, average + (parameters - average) / rule.count, n);
}

// Half a vector in double precision.
constexpr int kWideLanes = kLanes / 2;
typedef float Half __attribute__((vector_size(kWideLanes * sizeof(float))));
typedef double Wide __attribute__((vector_size(kWideLanes * sizeof(double))));

double sum_of_squares(const float* x, size_t begin, size_t end) {
  Wide sums[4] = {};
  size_t k = begin;
  for (; k + 4 * kWideLanes <= end; k += 4 * kWideLanes) {
    GATEWISE_UNROLL
    for (int j = 0; j < 4; ++j) {
      Half half;
      std::memcpy(&half, x + k + static_cast<size_t>(j) * kWideLanes, sizeof half);
      const Wide wide = __builtin_convertvector(half, Wide);
      sums[j] += wide * wide;
    }
  }
  double total = 0.0;
  for (; k < end; ++k)
    total += static_cast<double>(x[k]) * static_cast<double>(x[k]);
  const Wide sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (int lane = 0; lane < kWideLanes; ++lane)
    total += sum[lane];
  return total;
}

// Updates the parameters [begin, end); 0 if they are finite then, else NaN.
template <class Rule>
double update(const OptimiserStep<Rule>& step, float scale_of_gradients, size_t begin, size_t end) {
  Vec marks = {};
  for (size_t k = begin; k < end; k += kLanes) {
    const int n = end - k < static_cast<size_t>(kLanes) ? static_cast<int>(end - k) : kLanes;
    Vec parameters = load(step.parameters + k, n);
    if (step.before)
      store(step.before + k, parameters, n);
    const Vec g = load(step.gradients + k, n) * scale_of_gradients + parameters * step.decay;
    parameters = parameters * step.kept - descend(step.rule, g, step.rate, k, n);
    look_at(step.rule, parameters, k, n);
    store(step.parameters + k, parameters, n);
    if (n < kLanes)
      parameters = load(step.parameters + k, n);  // zero in the lanes that lie beyond the end
    marks += parameters * 0.0f;
  }
  double mark = 0.0;
  for (int lane = 0; lane < kLanes; ++lane)
    mark += static_cast<double>(marks[lane]);
  return mark;
}

double sum(const double* numbers, int count) {
  double total = 0.0;
  for (int k = 0; k < count; ++k)
    total += numbers[k];
  return total;
}

template <class Rule>
void take_step(const OptimiserStep<Rule>& step, const Rank& rank) {
  const auto blocks = static_cast<int>((step.size + kOptimiserBlock - 1) / kOptimiserBlock);
  const auto begin_of = [](int block) { return static_cast<size_t>(block) * kOptimiserBlock; };
  const auto end_of = [&](int block) { return block + 1 < blocks ? begin_of(block + 1) : step.size; };
  double* squares = step.sums;
  double* marks = step.sums + blocks;
  for (int block = rank.begin(blocks); block < rank.end(blocks); ++block)
    squares[block] = sum_of_squares(step.gradients, begin_of(block), end_of(block));
  rank.wait();
  const double norm = std::sqrt(sum(squares, blocks));
  if (rank.index == 0) {
    *step.norm = norm;
    *step.finite = true;
  }
  if (!__builtin_isfinite(norm))
    return;
  const float scale_of_gradients = norm > step.clip_norm ? static_cast<float>(step.clip_norm / norm) : 1.0f;
  for (int block = rank.begin(blocks); block < rank.end(blocks); ++block)
    marks[block] = update(step, scale_of_gradients, begin_of(block), end_of(block));
  rank.wait();
  if (rank.index == 0)
    *step.finite = sum(marks, blocks) == 0.0;
}

}  // namespace

void sgd_step(const OptimiserStep<Sgd>& step, const Rank& rank) {
  take_step(step, rank);
}

void averaged_sgd_step(const OptimiserStep<AveragedSgd>& step, const Rank& rank) {
  take_step(step, rank);
}

void adam_step(const OptimiserStep<Adam>& step, const Rank& rank) {
  take_step(step, rank);
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
