// A step of an optimiser over flat vectors, the gradient's norm and its clipping in the same call: what
// optim/{sgd,adam}.py otherwise do in NumPy, with the same letters.
//
// All vectors are as long as the parameters, and no two overlap. Nothing is allocated, retained or freed
// here. Called by all ranks of a region at once (core/parallel.h), each with the same call; the results do
// not depend on the number of ranks.
//
//   norm      of the gradients, summed in double. Where it is not finite, nothing else happens.
//   scale     clip_norm / norm where the norm is larger, else 1; the gradients stay as they are
//   before    a copy of the parameters
//   g         scale times the gradient, + decay θ
//   θ         times `kept`, for decoupled decay, then by the rule:
//     sgd       θ -= rate g;  with momentum v = momentum v + g, θ -= rate v, or rate (g + momentum v) by
//     Nesterov averaged  θ -= rate g;  with a count, average += (θ - average) / count adam      mean = beta_1
//     mean + gain_1 g, variance = beta_2 variance + gain_2 g g,
//               θ -= rate mean / (sqrt(variance) root_scale + epsilon)
#pragma once

#include <cstddef>

#include "core/parallel.h"

namespace gatewise {

// Numbers in a block: the norm is summed block by block, so that its bits do not depend on who takes which.
constexpr int kOptimiserBlock = 4096;

struct Sgd {
  float* velocity;  // v; null: no momentum
  float momentum;
  bool nesterov;
};

struct AveragedSgd {
  float* average;
  float count;  // of the parameters that the average is of, those of this step among them; 0: no average yet
};

struct Adam {
  float* mean;
  float* variance;
  float beta_1, gain_1, beta_2, gain_2;
  float root_scale, epsilon;
};

template <class Rule>
struct OptimiserStep {
  size_t size;
  float* parameters;
  const float* gradients;
  float* before;     // null: not wanted
  double clip_norm;  // above 0; inf: no limit
  float rate;        // for Adam with the mean's correction in it
  float decay, kept;
  Rule rule;
  double* sums;  // (2, blocks of the vectors) to work in
  // Out, by rank 0:
  double* norm;
  bool* finite;  // whether the updated parameters are
};

}  // namespace gatewise
