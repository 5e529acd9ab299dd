// Running what a training step has beside the recurrent layers: shares it among threads and finds the memory.
#pragma once

#include "core/kernels.h"

namespace gatewise {

// Each fills in what the call needs to work in. Throws std::bad_alloc.

void run_linear_forward(const Kernels& kernels, LinearForward call, int threads);
void run_linear_backward(const Kernels& kernels, LinearBackward call, int threads);

// Returns the loss.
double run_cross_entropy(const Kernels& kernels, CrossEntropy call, int threads);

struct OptimiserResult {
  double norm;
  bool finite;
};

OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<Sgd> step, int threads);
OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<AveragedSgd> step, int threads);
OptimiserResult run_optimiser(const Kernels& kernels, OptimiserStep<Adam> step, int threads);

}  // namespace gatewise
