// The cells' equations in registers, and how their weights are packed for them; ops/cell.py has the same in
// NumPy.
//
// For the files that are compiled once for each instruction set; see core/simd.h.
#pragma once

#include "core/recurrent/recurrent.h"
#include "core/tiles.h"

namespace gatewise {
namespace GATEWISE_TARGET {

// The columns of a packed weight matrix (GH, depth). The LSTM's panels hold the i, f, g, o of the same units,
// one vector each, so that a tile has all that the activations need; the RNN's are simply its units.
GATEWISE_INLINE Panels cell_panels(Cell cell, int hidden, int depth) {
  return {depth, cell == Cell::lstm ? ceil_div(hidden, kLanes) * 4 * kLanes : hidden};
}

// Packs panels [first, last) of the transpose of `weights` (GH, depth).
GATEWISE_INLINE void pack_cell(Cell cell, const float* weights, int hidden, int depth, const Panels& panels,
                               int first, int last, float* packed) {
  if (cell == Cell::rnn)
    return pack_transposed(weights, static_cast<size_t>(depth), panels, first, last, packed);
  for (int block = first; block < last; ++block) {
    for (int gate = 0; gate < 4; ++gate) {
      const float* columns[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        const int unit = block * kLanes + lane;
        const size_t row = static_cast<size_t>(gate) * hidden + unit;
        columns[lane] = unit < hidden ? weights + row * depth : nullptr;
      }
      interleave(columns, depth, packed + panels.offset(block) + gate * kLanes, 4 * kLanes);
    }
  }
}

// Gates and states of one vector of the LSTM's units after a step.
struct LstmUnits {
  Vec i, f, g, o, c, h;
};

// The same for R rows: all cell states first, then all outputs, so that the processor has several rows at
// hand while it waits for one.
template <int R>
GATEWISE_INLINE void lstm_units(const Vec (&z)[R][4], const Vec (&c_old)[R], const float* peephole,
                                size_t hidden, int unit, int n, Activation activation, LstmUnits (&now)[R]) {
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r) {
    Vec z_i = z[r][0], z_f = z[r][1];
    if (peephole) {
      z_i += load(peephole + unit, n) * c_old[r];
      z_f += load(peephole + hidden + unit, n) * c_old[r];
    }
    now[r].i = sigmoid(z_i);
    now[r].f = sigmoid(z_f);
    now[r].g = tanh(z[r][2]);
    now[r].c = now[r].f * c_old[r] + now[r].i * now[r].g;
  }
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r) {
    Vec z_o = z[r][3];
    if (peephole)
      z_o += load(peephole + 2 * hidden + unit, n) * now[r].c;
    now[r].o = sigmoid(z_o);
    now[r].h = now[r].o * (activation == Activation::tanh ? tanh(now[r].c) : now[r].c);
  }
}

GATEWISE_INLINE Vec activate(Activation activation, Vec z) {
  switch (activation) {
    case Activation::tanh:
      return tanh(z);
    case Activation::sigmoid:
      return sigmoid(z);
    case Activation::relu:
      return select(z < 0.0f, Vec{}, z);
    default:
      return z;
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
