// Cross-entropy from logits and its gradient in one pass over each row: what ops/losses.py otherwise does in
// NumPy.
//
// N rows, V classes. Arrays are dense and row-major, and no two overlap. Nothing is allocated, retained or
// freed here. Called by all ranks of a region at once (core/parallel.h), each with the same call; the results
// do not depend on the number of ranks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/parallel.h"

namespace gatewise {

struct CrossEntropy {
  int rows;                // N
  int classes;             // V
  const float* logits;     // (N, V)
  const int32_t* targets;  // (N) in [0, V) where the weight is not 0
  const float* weights;    // (N) what each row counts; a row of weight 0 is not looked at
  float* dlogits;          // (N, V) out: (softmax - onehot) weight; may be `logits`; null: the loss alone
  // (N) out: -log softmax[target] weight, NaN where a logit is NaN or +inf; their sum is the loss.
  double* losses;
};

}  // namespace gatewise
