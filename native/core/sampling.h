// Choosing the next token from logits, as tasks/language/sampling.py does.
#pragma once

#include <vector>

namespace gatewise {

struct Kernels;

struct Sampling {
  double temperature;  // 0: always the likeliest
  int top_k;           // only the k likeliest; 0: all
  double top_p;        // only the fewest whose probabilities sum to p; 1: all
  int never;           // a token that is never chosen; -1: none
};

// Memory for choosing among `count` tokens, kept from choice to choice.
class Chooser {
 public:
  Chooser(const Kernels& kernels, int count);

  // Chooses by `uniform` in [0, 1).
  int choose(const Sampling& sampling, const float* logits, double uniform);

 private:
  int sort_likeliest(int top_k);
  int within_top_p(double top_p, int count) const;

  const Kernels& kernels_;
  int count_;
  std::vector<float> weights_;  // e^((logit - highest) / temperature)
  std::vector<double> sums_;    // of kTokensInASum weights each
  std::vector<int> order_;
};

// How many weights are summed together; what Kernels::token_weights and Chooser agree on.
constexpr int kTokensInASum = 256;

}  // namespace gatewise
