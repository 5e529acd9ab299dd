// All that is compiled once for each instruction set: the functions, and the table that the choice among them
// is made by. Their contracts stand in the headers included here.
#pragma once

#include <cstddef>

#include "core/linear.h"
#include "core/losses.h"
#include "core/optimisers.h"
#include "core/recurrent/recurrent.h"
#include "core/recurrent/stream.h"

namespace gatewise {

struct Kernels {
  // Floats of scratch that a call needs.
  size_t (*recurrent_forward_scratch)(const RecurrentForward& call, int ranks);
  size_t (*recurrent_backward_scratch)(const RecurrentBackward& call, int ranks);
  void (*recurrent_forward)(const RecurrentForward& call, const Rank& rank);
  void (*recurrent_backward)(const RecurrentBackward& call, const Rank& rank);
  // A stream's parts: floats that a packed weight takes, its packing, a step, and the sums of all symbols.
  size_t (*stream_packed_size)(Cell cell, int hidden, int depth);
  void (*stream_pack)(Cell cell, const float* weights, int hidden, int depth, float* packed,
                      const Rank& rank);
  void (*stream_step)(const StreamStep& step, const Rank& rank);
  void (*stream_table)(const StreamStep& step, const float* embedding, int symbols, float* table,
                       const Rank& rank);
  size_t (*linear_packed_size)(int inputs, int outputs);
  void (*linear_pack)(const float* weight, int inputs, int outputs, float* packed, const Rank& rank);
  void (*linear_step)(const LinearStep& step, const Rank& rank);
  // Floats of scratch that a linear layer needs, forward or backward.
  size_t (*linear_scratch)(const LinearShape& shape, int ranks);
  void (*linear_forward)(const LinearForward& call, const Rank& rank);
  void (*linear_backward)(const LinearBackward& call, const Rank& rank);
  void (*cross_entropy)(const CrossEntropy& call, const Rank& rank);
  void (*sgd_step)(const OptimiserStep<Sgd>& step, const Rank& rank);
  void (*averaged_sgd_step)(const OptimiserStep<AveragedSgd>& step, const Rank& rank);
  void (*adam_step)(const OptimiserStep<Adam>& step, const Rank& rank);
  // weights[k] = e^((logits[k] - highest) scale), 0 for the token `never`, and their sums over blocks of
  // kTokensInASum; returns the first token with the highest logit.
  int (*token_weights)(const float* logits, int count, int never, float scale, float* weights, double* sums);
  // exp, sigmoid and tanh of n numbers, for the tests of their accuracy.
  void (*exp)(const float* x, float* y, size_t n);
  void (*sigmoid)(const float* x, float* y, size_t n);
  void (*tanh)(const float* x, float* y, size_t n);
  // Multiplications and additions as fast as they go, `rounds` times; returns how many floating-point
  // operations.
  double (*fma_rounds)(long rounds);
};

#if defined(GATEWISE_TARGET)
namespace GATEWISE_TARGET {
size_t recurrent_forward_scratch(const RecurrentForward& call, int ranks);
size_t recurrent_backward_scratch(const RecurrentBackward& call, int ranks);
void recurrent_forward(const RecurrentForward& call, const Rank& rank);
void recurrent_backward(const RecurrentBackward& call, const Rank& rank);
size_t stream_packed_size(Cell cell, int hidden, int depth);
void stream_pack(Cell cell, const float* weights, int hidden, int depth, float* packed, const Rank& rank);
void stream_step(const StreamStep& step, const Rank& rank);
void stream_table(const StreamStep& step, const float* embedding, int symbols, float* table,
                  const Rank& rank);
size_t linear_packed_size(int inputs, int outputs);
void linear_pack(const float* weight, int inputs, int outputs, float* packed, const Rank& rank);
void linear_step(const LinearStep& step, const Rank& rank);
size_t linear_scratch(const LinearShape& shape, int ranks);
void linear_forward(const LinearForward& call, const Rank& rank);
void linear_backward(const LinearBackward& call, const Rank& rank);
void cross_entropy(const CrossEntropy& call, const Rank& rank);
void sgd_step(const OptimiserStep<Sgd>& step, const Rank& rank);
void averaged_sgd_step(const OptimiserStep<AveragedSgd>& step, const Rank& rank);
void adam_step(const OptimiserStep<Adam>& step, const Rank& rank);
}  // namespace GATEWISE_TARGET
#endif

}  // namespace gatewise
