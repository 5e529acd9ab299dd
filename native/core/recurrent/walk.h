// What the forward and the backward pass share: the walk through the steps, and memory to work in.
//
// For the files that are compiled once for each instruction set; see core/simd.h.
#pragma once

#include "core/recurrent/recurrent.h"
#include "core/tiles.h"

namespace gatewise {
namespace GATEWISE_TARGET {

// Hands out parts of one piece of memory, each on a border of 64 bytes; with none, only counts.
class Memory {
 public:
  explicit Memory(float* base) : base_(base) {}
  float* take(size_t floats) {
    float* part = base_ ? base_ + used_ : nullptr;
    used_ += (floats + 15) / 16 * 16;
    return part;
  }
  size_t used() const { return used_; }

 private:
  float* base_;
  size_t used_ = 0;
};

// The rows that a rank takes through the steps.
struct Share {
  int first, last;
};

template <class Call>
GATEWISE_INLINE Share share_of(const Call& call, int rank) {
  if (call.by_units)
    return {0, call.layer.batch};
  return {call.borders[rank], call.borders[rank + 1]};
}

// Step number `turn` of the walk: its time, and the slots it reads and writes.
struct Moment {
  int t;
  size_t before, after;
  Moment(const RecurrentLayer& layer, int turn)
      : t(layer.reverse ? layer.steps - 1 - turn : turn),
        before(static_cast<size_t>(layer.reverse ? t + 1 : t)),
        after(static_cast<size_t>(layer.reverse ? t : t + 1)) {}
};

// Rows of [first, last) that are computed at step t end here.
GATEWISE_INLINE int live_end(const RecurrentLayer& layer, int t, int first, int last) {
  return layer.alive ? larger(first, smaller(last, layer.alive[t])) : last;
}

GATEWISE_INLINE bool kept(const RecurrentLayer& layer, int t, int row) {
  return !layer.keep || layer.keep[static_cast<size_t>(t) * layer.batch + row];
}

// Where row `row` of step t begins in an array (T, B, width).
GATEWISE_INLINE size_t at(const RecurrentLayer& layer, int t, int row, size_t width) {
  return (static_cast<size_t>(t) * layer.batch + row) * width;
}

// What step t takes in for a row, of x as it is laid out.
GATEWISE_INLINE size_t symbol(const RecurrentLayer& layer, int t, int row) {
  const size_t place = at(layer, t, row, 1);
  return layer.tokens ? static_cast<size_t>(layer.tokens[place]) : place;
}

// Shares of the old state that zoneout keeps, for n units.
GATEWISE_INLINE Vec kept_share(const uint8_t* mask, float rate, size_t place, int n) {
  if (!mask)
    return fill(rate);
  typedef uint8_t Bytes __attribute__((vector_size(kLanes)));
  Bytes bytes = {};
  std::memcpy(&bytes, mask + place, static_cast<size_t>(n));
  return __builtin_convertvector(bytes, Vec);
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
