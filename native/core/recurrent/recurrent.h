// A recurrent layer in one direction through time, forward and backward: what ops/sequence.py otherwise does
// in NumPy, with the same letters and the same slots.
//
// T steps, B rows, D features, H units, V symbols; G = 4 sums a unit for the LSTM, in the order i, f, g, o,
// and 1 for the plain RNN. All arrays are float32, dense and row-major; no two overlap, unless it is said.
// Nothing is allocated, retained or freed here.
//
// States lie in T + 1 slots. Walking forward, step t reads slot t and writes slot t + 1; in reverse it reads
// slot t + 1 and writes slot t. The caller has put the initial state into the slot that is read first.
//
// Each function is called by all ranks of a region at once (core/parallel.h), each with the same call. Rank k
// takes the rows [borders[k], borders[k + 1]) through all steps, without waiting; or, by units, which no
// Mogrifier is, its part of the units of all rows, and waits for the others at each step. The weights'
// packing and their gradients are shared. The results do not depend on any of this.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/parallel.h"

namespace gatewise {

enum class Cell { lstm, rnn };
enum class Activation { identity, tanh, sigmoid, relu };

// Rounds in which x and h' gate each other before a step's sums see them; the odd ones gate x, the even ones
// h'. Weights of low rank come multiplied out, and the weights' own gradients are the caller's to make.
struct Mogrifier {
  int rounds;      // r; 0: there is none
  const float* q;  // (odd rounds, D, H)
  const float* r;  // (even rounds, H, D)
  float* gates_x;  // (odd rounds, T, B, D) what x is multiplied by; written forward, read backward
  float* gates_h;  // (even rounds, T, B, H) what h' is
  float* x;        // (T, B, D) as the sums see it; likewise
  float* h;        // (T + 1, B, H) as the sums see it, in the slot that the step reads; likewise
  float* dz_x;     // (odd rounds, T, B, D) backward, out: gradients of the rounds' sums
  float* dz_h;     // (even rounds, T, B, H)
};

struct RecurrentLayer {
  Cell cell;
  Activation activation;  // LSTM: of c on the way out, tanh or identity; RNN: of the sums
  int steps;              // T
  int batch;              // B
  int features;           // D
  int hidden;             // H
  bool reverse;           // walk from the last step to the first
  const int32_t* alive;   // (T) rows computed at each step, never rising; null: all B
  const uint8_t* keep;    // (T, B) 0 where a step must not see the state it is handed; null: all kept

  const float* x;         // (T, B, D); with tokens (V, D), a row for each symbol
  const int32_t* tokens;  // (T, B) rows of x; null: x has a row for each step
  int symbols;            // V

  const float* weight_ih;  // (GH, D)
  const float* weight_hh;  // (GH, H)
  const float* bias;       // (GH)
  const float* peephole;   // (3, H) from the cell state to i, f and o; null: none

  const float* recurrent_mask;  // (B, H) factors of the hidden state where it enters the sums; null: none
  const uint8_t* zoneout_h;     // (T, B, H) 1 where the old hidden state is kept; null: the share rate_h is
  const uint8_t* zoneout_c;     // the same for the cell state, and rate_c
  float rate_h, rate_c;

  Mogrifier mogrifier;  // not with tokens

  int gates() const { return cell == Cell::lstm ? 4 : 1; }
};

struct RecurrentForward {
  RecurrentLayer layer;
  float* gates;  // (T, B, GH) out; null in inference, where nothing is kept
  float* h;      // (T + 1, B, H)
  float* c;      // (T + 1, B, H); in inference (B, H), the initial state in, the last one out; RNN: unused
  bool by_units;
  const int* borders;
  float* scratch;  // as many floats as `forward_scratch` says, on a border of 64 bytes
};

struct RecurrentBackward {
  RecurrentLayer layer;
  float* gates;       // (T, B, GH) in: the gates; out: the gradients of their sums, 0 in the padding
  const float* h;     // (T + 1, B, H)
  const float* c;     // (T + 1, B, H)
  const float* dy;    // (T, B, H)
  float* dh;          // (B, H) in: of the last state; out: of the initial one
  float* dc;          // (B, H) the same; RNN: unused
  float* dx;          // as x; rows in the padding stay as they are; null: not wanted
  bool add_to_dx;     // add to what stands in dx instead of writing it
  float* dweight_ih;  // these are added to
  float* dweight_hh;
  float* dbias;
  float* dpeephole;  // null where the layer has none
  bool by_units;
  const int* borders;
  float* scratch;
};

}  // namespace gatewise
