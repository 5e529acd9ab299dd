// Running a recurrent layer's pass: shares the rows among threads and finds the memory to work in.
#pragma once

#include "core/kernels.h"

namespace gatewise {

// `borders` and `scratch` of the call are filled in here. Throws std::bad_alloc.
void run_forward(const Kernels& kernels, RecurrentForward call, int threads);
void run_backward(const Kernels& kernels, RecurrentBackward call, int threads);

}  // namespace gatewise
