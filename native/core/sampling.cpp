#include "core/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/kernels.h"

namespace gatewise {

Chooser::Chooser(const Kernels& kernels, int count)
    : kernels_(kernels),
      count_(count),
      weights_(static_cast<size_t>(count)),
      sums_(static_cast<size_t>((count + kTokensInASum - 1) / kTokensInASum)),
      order_(static_cast<size_t>(count)) {}

// Sorts the likeliest tokens to the front, as many as filtering by top_k and top_p may need.
int Chooser::sort_likeliest(int top_k) {
  std::iota(order_.begin(), order_.end(), 0);
  const auto likelier = [this](int a, int b) {
    const float x = weights_[static_cast<size_t>(a)], y = weights_[static_cast<size_t>(b)];
    return x > y || (x == y && a < b);
  };
  const int wanted = top_k > 0 ? std::min(top_k, count_) : count_;
  std::partial_sort(order_.begin(), order_.begin() + wanted, order_.end(), likelier);
  return wanted;
}

// How many of the sorted tokens make up the probability top_p.
int Chooser::within_top_p(double top_p, int count) const {
  const auto weight = [this](int k) {
    return static_cast<double>(weights_[static_cast<size_t>(order_[static_cast<size_t>(k)])]);
  };
  double total = 0.0, before = 0.0;
  for (int k = 0; k < count; ++k)
    total += weight(k);
  int kept = 0;
  while (kept < count && before < top_p * total)
    before += weight(kept++);
  return kept;
}

int Chooser::choose(const Sampling& sampling, const float* logits, double uniform) {
  // A temperature of 0, or so small that its inverse is none, takes the likeliest.
  const float scale = static_cast<float>(std::min(1.0 / std::max(sampling.temperature, 1e-30), 1e30));
  const int likeliest =
      kernels_.token_weights(logits, count_, sampling.never, scale, weights_.data(), sums_.data());
  if (sampling.temperature == 0.0)
    return likeliest;
  if (sampling.top_k > 0 || sampling.top_p < 1.0) {
    int kept = sort_likeliest(sampling.top_k);
    if (sampling.top_p < 1.0)
      kept = within_top_p(sampling.top_p, kept);
    for (int k = kept; k < count_; ++k)
      weights_[static_cast<size_t>(order_[static_cast<size_t>(k)])] = 0.0f;
    for (size_t block = 0; block < sums_.size(); ++block) {
      const auto begin = weights_.begin() + static_cast<std::ptrdiff_t>(block) * kTokensInASum;
      const auto end = std::min(begin + kTokensInASum, weights_.end());
      sums_[block] = std::accumulate(begin, end, 0.0);
    }
  }
  // The first token at which the summed weights pass `uniform` of the total: the block, then the token in it.
  double left = uniform * std::accumulate(sums_.begin(), sums_.end(), 0.0);
  size_t block = 0;
  for (; block + 1 < sums_.size() && left >= sums_[block]; ++block)
    left -= sums_[block];
  int chosen = likeliest;
  for (size_t token = block * kTokensInASum; token < weights_.size(); ++token) {
    if (weights_[token] <= 0.0f)
      continue;
    chosen = static_cast<int>(token);
    if (left < weights_[token])
      break;
    left -= weights_[token];
  }
  return chosen;
}

}  // namespace gatewise
