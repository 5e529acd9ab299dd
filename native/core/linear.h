// A linear layer over rows, forward and backward: what nn/linear.py otherwise does in NumPy, with the same
// letters.
//
// N rows, D inputs, K outputs. All arrays are float32, dense and row-major; no two overlap. Nothing is
// allocated, retained or freed here.
//
// Each function is called by all ranks of a region at once (core/parallel.h), each with the same call. The
// results do not depend on the number of ranks.
#pragma once

#include <cstddef>

#include "core/parallel.h"

namespace gatewise {

struct LinearShape {
  int rows;     // N
  int inputs;   // D
  int outputs;  // K
};

// y = x weightᵀ + bias
struct LinearForward {
  LinearShape shape;
  const float* x;       // (N, D)
  const float* weight;  // (K, D)
  const float* bias;    // (K); null: none
  float* y;             // (N, K) out
  float* scratch;       // as many floats as `linear_scratch` says, on a border of 64 bytes
};

// dx = dy weight, dweight += dyᵀ x, dbias += the columns' sums of dy
struct LinearBackward {
  LinearShape shape;
  const float* x;       // (N, D)
  const float* weight;  // (K, D)
  const float* dy;      // (N, K)
  float* dx;            // (N, D) out; null: not wanted
  float* dweight;       // (K, D) added to
  float* dbias;         // (K) added to; null: none
  float* scratch;
};

}  // namespace gatewise
