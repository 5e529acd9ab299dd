// One LSTM layer in one direction through time: the steps that ops/sequence.py otherwise takes in NumPy.
//
// Letters as in gatewise/types.py: T steps, B rows, H units; gates in the order i, f, g, o. All arrays are
// float32, dense and row-major. Nothing is allocated, retained or freed here, and no two arrays overlap.
//
// States lie in T + 1 slots. Walking forward, step t reads slot t and writes slot t + 1; in reverse it reads
// slot t + 1 and writes slot t. The caller has put the initial state into the slot that is read first.
//
// A function works on the rows [first, last) through all steps. Rows do not depend on each other, so threads
// may share a call by splitting the rows, without any waiting, and the bits do not depend on the split.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gatewise {

struct LstmShape {
  int steps;              // T
  int batch;              // B
  int hidden;             // H
  bool reverse;           // walk from the last step to the first
  bool output_tanh;       // h = o * tanh(c); without it h = o * c
  const int32_t* alive;   // (T) rows computed at each step, never rising; null: all B
  const uint8_t* keep;    // (T, B) 0 where a step must not see the state it is handed; null: all kept
  const float* peephole;  // (3, H) from the cell state to i, f and o; null: none
};

struct LstmForward {
  const float* packed;  // weight_hh as pack_forward lays it out
  const float* zeros;   // (H) zeros, read where a step must not see its state
  float* gates;         // (T, B, 4H) in: the sums from input and bias; out: the gates
  float* h;             // (T + 1, B, H)
  float* c;             // (T + 1, B, H)
};

struct LstmBackward {
  const float* packed;  // weight_hh as pack_backward lays it out
  const float* zeros;   // (H) zeros
  const float* gates;   // (T, B, 4H)
  const float* c;       // (T + 1, B, H)
  const float* dy;      // (T, B, H)
  float* dz;            // (T, B, 4H) out: gradients of the sums; rows that are not alive stay as they are
  float* dh;            // (B, H) in: of the last state; out: of the initial one
  float* dc;            // (B, H) the same
};

// The functions compiled for one instruction set.
struct LstmKernels {
  // Floats that a packed weight_hh takes.
  size_t (*packed_size)(int hidden);
  // weight_hh (4H, H) with the i, f, g, o of neighbouring units side by side, and its transpose.
  void (*pack_forward)(const float* weight_hh, int hidden, float* packed);
  void (*pack_backward)(const float* weight_hh, int hidden, float* packed);
  void (*forward)(const LstmShape& shape, const LstmForward& arrays, int first, int last);
  void (*backward)(const LstmShape& shape, const LstmBackward& arrays, int first, int last);
  // exp, sigmoid and tanh of n numbers, for the tests of their accuracy.
  void (*exp)(const float* x, float* y, size_t n);
  void (*sigmoid)(const float* x, float* y, size_t n);
  void (*tanh)(const float* x, float* y, size_t n);
};

}  // namespace gatewise
