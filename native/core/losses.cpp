// Losses, compiled once for each instruction set. The contract is losses.h.
#include "core/losses.h"

#include <cmath>

#include "core/kernels.h"
#include "core/tiles.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// So many numbers are summed in float, and the sums of such blocks in double.
constexpr int kSumBlock = 64 * kLanes;

GATEWISE_INLINE Vec larger_of(Vec a, Vec b) {
  return select(a > b, a, b);
}

float maximum(const float* x, int count) {
  const Vec lowest = fill(-__builtin_huge_valf());
  Vec best[2] = {lowest, lowest};
  int k = 0;
  for (; k + 2 * kLanes <= count; k += 2 * kLanes) {
    best[0] = larger_of(load(x + k), best[0]);
    best[1] = larger_of(load(x + k + kLanes), best[1]);
  }
  best[0] = larger_of(best[0], best[1]);
  float result = best[0][0];
  for (int lane = 1; lane < kLanes; ++lane)
    result = best[0][lane] > result ? best[0][lane] : result;
  for (; k < count; ++k)
    result = x[k] > result ? x[k] : result;
  return result;
}

// Sum of e^(x - high); the powers go to `powers`, unless that is null. NaN if an x is NaN, or `high` is not
// finite.
double sum_of_powers(const float* x, int count, float high, float* powers) {
  double total = 0.0;
  for (int begin = 0; begin < count; begin += kSumBlock) {
    const int end = smaller(count, begin + kSumBlock);
    Vec sums = {};
    for (int k = begin; k < end; k += kLanes) {
      const int n = smaller(kLanes, end - k);
      const Vec power = exp(load(x + k, n) - high);
      if (powers)
        store(powers + k, power, n);
      if (n == kLanes) {
        sums += power;
        continue;
      }
      for (int lane = 0; lane < n; ++lane)
        total += static_cast<double>(power[lane]);
    }
    for (int lane = 0; lane < kLanes; ++lane)
      total += static_cast<double>(sums[lane]);
  }
  return total;
}

double row_loss(const float* x, int classes, int target, float weight, float* dx) {
  const float high = maximum(x, classes);
  const double below = static_cast<double>(high) - static_cast<double>(x[target]);
  const double sum = sum_of_powers(x, classes, high, dx);
  if (dx) {
    const double share = static_cast<double>(weight) / sum;
    const double own = static_cast<double>(dx[target]) - sum;
    const auto factor = static_cast<float>(share);
    for (int k = 0; k < classes; k += kLanes) {
      const int n = smaller(kLanes, classes - k);
      store(dx + k, load(dx + k, n) * factor, n);
    }
    dx[target] = static_cast<float>(own * share);
  }
  return (std::log(sum) + below) * static_cast<double>(weight);
}

}  // namespace

void cross_entropy(const CrossEntropy& call, const Rank& rank) {
  const auto classes = static_cast<size_t>(call.classes);
  for (int row = rank.begin(call.rows); row < rank.end(call.rows); ++row) {
    float* dx = call.dlogits ? call.dlogits + row * classes : nullptr;
    const float weight = call.weights[row];
    call.losses[row] = 0.0;
    if (weight != 0.0f)
      call.losses[row] = row_loss(call.logits + row * classes, call.classes, call.targets[row], weight, dx);
    else if (dx)
      std::memset(dx, 0, classes * sizeof(float));
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
