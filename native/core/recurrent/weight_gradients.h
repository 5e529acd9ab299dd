// The gradients of a recurrent layer's weights: products over all steps, once the gradients of the sums are
// known.
//
// For backward.cpp, which is compiled once for each instruction set; see core/simd.h.
#pragma once

#include "core/products.h"
#include "core/recurrent/mogrifier.h"

namespace gatewise {
namespace GATEWISE_TARGET {
// Memory of a backward pass.
struct BackwardScratch {
  float *packed_ih, *packed_hh, *zeros;
  float* dtable;   // (V, GH) gradients of each symbol's sums, with tokens
  float* through;  // (B, H) what comes back through the sums, where a mask, zoneout or a Mogrifier has its
                   // say in it
  float* packed_rounds;  // of a Mogrifier
  float* round;          // (kRowBlock, H) of this rank: what comes back through a round, where a mask has
  float* columns;        // (kRowBlock, kDepth) of this rank: gradients of the sums, transposed
  float* packed_rows;    // (kDepth, D + H) of this rank: inputs and hidden states of the same steps
  size_t size;

  BackwardScratch(const RecurrentBackward& call, int index, int ranks) {
    const RecurrentLayer& layer = call.layer;
    const auto hidden = static_cast<size_t>(layer.hidden);
    const int width = layer.gates() * layer.hidden;
    Memory memory(call.scratch);
    packed_ih = call.dx ? memory.take(Panels(width, layer.features).size()) : nullptr;
    packed_hh = memory.take(Panels(width, layer.hidden).size());
    zeros = memory.take(hidden);
    dtable = layer.tokens ? memory.take(static_cast<size_t>(layer.symbols) * width) : nullptr;
    const bool mogrified = layer.mogrifier.rounds > 0;
    through =
        layer.recurrent_mask || layer.zoneout_h || mogrified ? memory.take(layer.batch * hidden) : nullptr;
    packed_rounds = memory.take(GATEWISE_TARGET::packed_rounds(layer, layer.mogrifier.rounds, false));
    columns = packed_rows = round = nullptr;
    for (int k = 0; k < ranks; ++k) {
      float* own_columns = memory.take(static_cast<size_t>(kRowBlock) * kDepth);
      float* own_rows =
          memory.take(Panels(kDepth, layer.features).size() + Panels(kDepth, layer.hidden).size());
      float* own_round =
          mogrified && layer.recurrent_mask ? memory.take(static_cast<size_t>(kRowBlock) * hidden) : nullptr;
      if (k == index) {
        columns = own_columns;
        packed_rows = own_rows;
        round = own_round;
      }
    }
    size = memory.used();
  }
};

// The rows of one step of a row, in all arrays that the equations name.
struct Place {
  float* gates;
  const float *dy, *h_new, *c_new, *c_old;
  float *dh, *dc;
  size_t units;  // where the step begins in a mask (T, B, H)

  Place(const RecurrentBackward& call, const BackwardScratch& scratch, const Moment& moment, int row,
        bool seen) {
    const RecurrentLayer& layer = call.layer;
    const auto H = static_cast<size_t>(layer.hidden), slots = layer.batch * H,
               state = static_cast<size_t>(row) * H;
    units = at(layer, moment.t, row, H);
    gates = call.gates + units * layer.gates();
    dy = call.dy + units;
    h_new = call.h + moment.after * slots + state;
    c_new = call.c ? call.c + moment.after * slots + state : nullptr;
    c_old = call.c && seen ? call.c + moment.before * slots + state : scratch.zeros;
    dh = call.dh + state;
    dc = call.dc ? call.dc + state : nullptr;
  }
};

// A block of at most kDepth rows that meet in the gradients of the weights: dz, and what it was multiplied
// with.
struct Meeting {
  int count = 0;
  const float* dz[kDepth];
  const float* x[kDepth];
  const float* h[kDepth];
  const float* mask[kDepth];
  bool inputs, states;  // whether x has part in it, and whether h has
};

// The weights' gradients of a block of rows, for the rank's columns [first, last) of dz.
inline void add_weight_gradients(const RecurrentBackward& call, const BackwardScratch& scratch,
                                 const Meeting& meeting, int first, int last) {
  const RecurrentLayer& layer = call.layer;
  const Panels inputs(meeting.count, layer.features), states(meeting.count, layer.hidden);
  float* packed_x = scratch.packed_rows;
  float* packed_h = packed_x + Panels(kDepth, layer.features).size();
  if (meeting.inputs) {
    pack_rows([&](int k) { return meeting.x[k]; }, [](int) { return static_cast<const float*>(nullptr); },
              inputs, 0, inputs.count(), packed_x);
  }
  if (meeting.states) {
    pack_rows([&](int k) { return meeting.h[k]; }, [&](int k) { return meeting.mask[k]; }, states, 0,
              states.count(), packed_h);
  }
  for (int begin = first; begin < last; begin += kRowBlock) {
    const int rows = smaller(kRowBlock, last - begin);
    const float* columns[kRowBlock];
    float* dweight_ih[kRowBlock];
    float* dweight_hh[kRowBlock];
    for (int row = 0; row < rows; ++row) {
      columns[row] = scratch.columns + static_cast<size_t>(row) * kDepth;
      dweight_ih[row] = call.dweight_ih + static_cast<size_t>(begin + row) * layer.features;
      dweight_hh[row] = call.dweight_hh + static_cast<size_t>(begin + row) * layer.hidden;
    }
    turn_columns(meeting.dz, meeting.count, begin, rows, scratch.columns,
                 meeting.inputs ? call.dbias + begin : nullptr);
    if (meeting.inputs)
      product(columns, dweight_ih, rows, inputs, packed_x, Start::result);
    if (meeting.states)
      product(columns, dweight_hh, rows, states, packed_h, Start::result);
  }
}

// Gradients of the weights from all steps, for the rank's columns of dz.
inline void weight_gradients(const RecurrentBackward& call, const BackwardScratch& scratch, int first,
                             int last) {
  const RecurrentLayer& layer = call.layer;
  const auto H = static_cast<size_t>(layer.hidden), width = H * layer.gates();
  const auto features = static_cast<size_t>(layer.features), slots = layer.batch * H;
  const bool mogrified = layer.mogrifier.rounds > 0;
  const float* x = mogrified ? layer.mogrifier.x : layer.x;
  const float* h = mogrified ? layer.mogrifier.h : call.h;
  Meeting meeting;
  meeting.inputs = !layer.tokens;
  meeting.states = true;
  for (int t = 0; t < layer.steps; ++t) {
    const size_t before = static_cast<size_t>(layer.reverse ? t + 1 : t);
    for (int row = 0; row < live_end(layer, t, 0, layer.batch); ++row) {
      const int k = meeting.count++;
      meeting.dz[k] = call.gates + at(layer, t, row, width);
      meeting.x[k] = layer.tokens ? nullptr : x + at(layer, t, row, features);
      meeting.h[k] = kept(layer, t, row) ? h + before * slots + row * H : scratch.zeros;
      meeting.mask[k] = layer.recurrent_mask ? layer.recurrent_mask + row * H : nullptr;
      if (meeting.count == kDepth) {
        add_weight_gradients(call, scratch, meeting, first, last);
        meeting.count = 0;
      }
    }
  }
  if (meeting.count)
    add_weight_gradients(call, scratch, meeting, first, last);
}

// With tokens: the gradients of each symbol's sums, for the rank's columns of dz.
inline void add_to_symbols(const RecurrentBackward& call, const BackwardScratch& scratch, int first,
                           int last) {
  const RecurrentLayer& layer = call.layer;
  const auto width = static_cast<size_t>(layer.gates()) * layer.hidden;
  for (int v = 0; v < layer.symbols; ++v)
    std::memset(scratch.dtable + v * width + first, 0, static_cast<size_t>(last - first) * sizeof(float));
  for (int t = 0; t < layer.steps; ++t) {
    for (int row = 0; row < live_end(layer, t, 0, layer.batch); ++row) {
      const float* dz = call.gates + at(layer, t, row, width);
      float* sum = scratch.dtable + symbol(layer, t, row) * width;
      for (int k = first; k < last; k += kLanes) {
        const int n = smaller(kLanes, last - k);
        store(sum + k, load(sum + k, n) + load(dz + k, n), n);
      }
    }
  }
}

// With tokens: dweight_ih and dbias, for the rank's columns, as if the table were the input, a symbol a step.
inline void symbol_gradients(const RecurrentBackward& call, const BackwardScratch& scratch, int first,
                             int last) {
  const RecurrentLayer& layer = call.layer;
  const auto width = static_cast<size_t>(layer.gates()) * layer.hidden,
             features = static_cast<size_t>(layer.features);
  Meeting meeting;
  meeting.inputs = true;
  meeting.states = false;
  for (int begin = 0; begin < layer.symbols; begin += kDepth) {
    meeting.count = smaller(kDepth, layer.symbols - begin);
    for (int k = 0; k < meeting.count; ++k) {
      meeting.dz[k] = scratch.dtable + static_cast<size_t>(begin + k) * width;
      meeting.x[k] = layer.x + static_cast<size_t>(begin + k) * features;
    }
    add_weight_gradients(call, scratch, meeting, first, last);
  }
}

// (3, H) from the cell states: i and f look at the one before the step, o at the one after it.
inline void peephole_gradients(const RecurrentBackward& call, const BackwardScratch& scratch, int first,
                               int last) {
  const RecurrentLayer& layer = call.layer;
  const auto H = static_cast<size_t>(layer.hidden);
  for (int unit = first; unit < last; unit += kLanes) {
    const int n = smaller(kLanes, last - unit);
    Vec sum[3] = {};
    for (int t = 0; t < layer.steps; ++t) {
      const Moment moment(layer, layer.reverse ? layer.steps - 1 - t : t);
      for (int row = 0; row < live_end(layer, t, 0, layer.batch); ++row) {
        const Place place(call, scratch, moment, row, kept(layer, t, row));
        const Vec c_old = load(place.c_old + unit, n);
        sum[0] += load(place.gates + unit, n) * c_old;
        sum[1] += load(place.gates + H + unit, n) * c_old;
        sum[2] += load(place.gates + 3 * H + unit, n) * load(place.c_new + unit, n);
      }
    }
    for (int k = 0; k < 3; ++k) {
      float* total = call.dpeephole + k * H + unit;
      store(total, load(total, n) + sum[k], n);
    }
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
