// The table of one instruction set's functions, and the few that need no file of their own.
#include "core/kernels.h"

#include "core/sampling.h"
#include "core/simd.h"
#include "core/targets.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

template <Vec (*function)(Vec)>
void each(const float* x, float* y, size_t n) {
  for (size_t k = 0; k < n; k += kLanes) {
    const int lanes = n - k < static_cast<size_t>(kLanes) ? static_cast<int>(n - k) : kLanes;
    store(y + k, function(load(x + k, lanes)), lanes);
  }
}

int token_weights(const float* logits, int count, int never, float scale, float* weights, double* sums) {
  int likeliest = never == 0 && count > 1 ? 1 : 0;
  for (int k = 0; k < count; ++k) {
    if (logits[k] > logits[likeliest] && k != never)
      likeliest = k;
  }
  const float highest = logits[likeliest];
  for (int begin = 0; begin < count; begin += kTokensInASum) {
    const int end = begin + kTokensInASum < count ? begin + kTokensInASum : count;
    Vec sum = {};
    for (int k = begin; k < end; k += kLanes) {
      const int lanes = end - k < kLanes ? end - k : kLanes;
      // Below -104 all is 0; -inf stays out of the product, where 0 times it would be none.
      const Vec distance = at_least((at_least(load(logits + k, lanes), -3e38f) - highest) * scale, -200.0f);
      store(weights + k, exp(distance), lanes);
      if (never >= k && never < k + lanes)
        weights[never] = 0.0f;
      sum += load(weights + k, lanes);
    }
    double total = 0.0;
    for (int lane = 0; lane < kLanes; ++lane)
      total += static_cast<double>(sum[lane]);
    sums[begin / kTokensInASum] = total;
  }
  return likeliest;
}

double fma_rounds(long rounds) {
  constexpr int kChains = 12;  // more than latency times width on today's processors
  Vec sums[kChains];
  for (int chain = 0; chain < kChains; ++chain)
    sums[chain] = fill(static_cast<float>(chain));
  Vec x = fill(0.999f);
  for (long k = 0; k < rounds; ++k) {
    // Or the compiler would sum the series.
#if defined(__x86_64__)
    asm volatile("" : "+v"(x));
#elif defined(__aarch64__)
    asm volatile("" : "+w"(x));
#endif
    for (int chain = 0; chain < kChains; ++chain)
      sums[chain] = sums[chain] * x + x;
  }
  for (int chain = 0; chain < kChains; ++chain)
    asm volatile("" : : "m"(sums[chain]));
  return 2.0 * kChains * kLanes * static_cast<double>(rounds);
}

}  // namespace

const Kernels& kernels() {
  static constexpr Kernels table = {recurrent_forward_scratch,
                                    recurrent_backward_scratch,
                                    recurrent_forward,
                                    recurrent_backward,
                                    stream_packed_size,
                                    stream_pack,
                                    stream_step,
                                    stream_table,
                                    linear_packed_size,
                                    linear_pack,
                                    linear_step,
                                    linear_scratch,
                                    linear_forward,
                                    linear_backward,
                                    cross_entropy,
                                    sgd_step,
                                    averaged_sgd_step,
                                    adam_step,
                                    token_weights,
                                    each<exp>,
                                    each<sigmoid>,
                                    each<tanh>,
                                    fma_rounds};
  return table;
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
