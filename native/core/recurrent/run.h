// Running a recurrent layer's pass: shares the rows among threads and finds the memory to work in.
#pragma once

#include "core/kernels.h"

namespace gatewise {

// How many ranks take part in a pass, and whether they divide the units instead of the rows.
struct Sharing {
  int ranks;
  bool by_units;
};

// The sharing that is worth it with up to so many threads: a short pass is not worth waking them, and short
// steps are not worth waiting for each other.
Sharing sharing_of(const RecurrentLayer& layer, int threads);

// `borders` and `scratch` of the call are filled in here. Throws std::bad_alloc.
void run_forward(const Kernels& kernels, RecurrentForward call, int threads);
void run_backward(const Kernels& kernels, RecurrentBackward call, int threads);

}  // namespace gatewise
