// The Mogrifier's rounds for the rows of one step, forward and back; ops/mogrifier.py has the equations.
//
// For the files that are compiled once for each instruction set; see core/simd.h.
#pragma once

#include "core/recurrent/walk.h"

namespace gatewise {
namespace GATEWISE_TARGET {

// Round i of 1 ... r: an odd one gates x by Q (D, H) and h', an even one h' by R (H, D) and x.
struct Round {
  bool of_x;
  int width, depth;     // of what is gated, and of what is read
  const float* weight;  // (width, depth)
  size_t place;         // number of the round among those of its kind

  Round(const RecurrentLayer& layer, int i)
      : of_x(i % 2 == 1),
        width(of_x ? layer.features : layer.hidden),
        depth(of_x ? layer.hidden : layer.features),
        place(static_cast<size_t>((i - 1) / 2)) {
    const Mogrifier& mogrifier = layer.mogrifier;
    weight = (of_x ? mogrifier.q : mogrifier.r) + place * width * depth;
  }

  // Where row `row` of step t begins in an array (rounds of a kind, T, B, width), of which there is one for
  // each kind.
  float* row_of(const RecurrentLayer& layer, float* x_rounds, float* h_rounds, int t, int row) const {
    const size_t all = static_cast<size_t>(layer.steps) * layer.batch * width;
    return (of_x ? x_rounds : h_rounds) + place * all + at(layer, t, row, static_cast<size_t>(width));
  }
};

// Floats of all rounds' weights, packed: transposed for the way forward.
GATEWISE_INLINE size_t packed_round(const RecurrentLayer& layer, int i, bool transposed) {
  const Round round(layer, i);
  const size_t size =
      transposed ? Panels(round.depth, round.width).size() : Panels(round.width, round.depth).size();
  return (size + 15) / 16 * 16;
}

GATEWISE_INLINE size_t packed_rounds(const RecurrentLayer& layer, int rounds, bool transposed) {
  size_t size = 0;
  for (int i = 1; i <= rounds; ++i)
    size += packed_round(layer, i, transposed);
  return size;
}

// Packs the rank's part of all rounds' weights.
inline void pack_rounds(const RecurrentLayer& layer, const Rank& rank, bool transposed, float* packed) {
  for (int i = 1; i <= layer.mogrifier.rounds; ++i) {
    const Round round(layer, i);
    if (transposed) {
      const Panels panels(round.depth, round.width);
      pack_transposed(round.weight, static_cast<size_t>(round.depth), panels, rank.begin(panels.count()),
                      rank.end(panels.count()), packed);
    } else {
      const Panels panels(round.width, round.depth);
      pack_matrix(round.weight, panels, rank.begin(panels.count()), rank.end(panels.count()), packed);
    }
    packed += packed_round(layer, i, transposed);
  }
}

// to[k] = a[k] * b[k], for n numbers; `to` may be one of them.
GATEWISE_INLINE void multiply_into(float* to, const float* a, const float* b, int n) {
  for (int k = 0; k < n; k += kLanes) {
    const int lanes = smaller(kLanes, n - k);
    store(to + k, load(a + k, lanes) * load(b + k, lanes), lanes);
  }
}

// All rounds of step t for rows [first, first + count), at most kRowBlock of them: from h_seen(row), the h'
// that the row is handed, to mogrifier.x, mogrifier.h and the gates. `thinned` (B, H) takes h' times the
// recurrent mask as the sums are to see it, where there is one.
template <class HSeen>
GATEWISE_INLINE void mogrify(const RecurrentLayer& layer, const Moment& moment, int first, int count,
                             const HSeen& h_seen, const float* packed, float* thinned) {
  const Mogrifier& mogrifier = layer.mogrifier;
  const auto D = static_cast<size_t>(layer.features), H = static_cast<size_t>(layer.hidden);
  float *x[kRowBlock], *h[kRowBlock], *seen[kRowBlock], *gates[kRowBlock];
  const auto thin = [&]() {
    for (int k = 0; layer.recurrent_mask && k < count; ++k)
      multiply_into(seen[k], h[k], layer.recurrent_mask + (first + k) * H, layer.hidden);
  };
  for (int k = 0; k < count; ++k) {
    const int row = first + k;
    const size_t input = at(layer, moment.t, row, D);
    x[k] = mogrifier.x + input;
    h[k] = mogrifier.h + (moment.before * layer.batch + row) * H;
    seen[k] = layer.recurrent_mask ? thinned + row * H : h[k];
    std::memcpy(x[k], layer.x + input, D * sizeof(float));
    std::memcpy(h[k], h_seen(row), H * sizeof(float));
  }
  for (int i = 1; i <= mogrifier.rounds; ++i) {
    const Round round(layer, i);
    for (int k = 0; k < count; ++k)
      gates[k] = round.row_of(layer, mogrifier.gates_x, mogrifier.gates_h, moment.t, first + k);
    if (round.of_x)
      thin();
    product(round.of_x ? seen : x, gates, count, Panels(round.depth, round.width), packed, Start::zero);
    for (int k = 0; k < count; ++k) {
      float* gated = round.of_x ? x[k] : h[k];
      for (int unit = 0; unit < round.width; unit += kLanes) {
        const int n = smaller(kLanes, round.width - unit);
        const Vec m = 2.0f * sigmoid(load(gates[k] + unit, n));
        store(gates[k] + unit, m, n);
        store(gated + unit, m * load(gated + unit, n), n);
      }
    }
    packed += packed_round(layer, i, true);
  }
  thin();
}

// All rounds of a step back for rows [first, first + count): dx (T, B, D) and dh (B, H), the gradients of
// what the sums saw, become those of what the step was handed, and mogrifier.dz_x and dz_h are filled.
// `through` (kRowBlock, H) is room to work in.
template <class HSeen>
GATEWISE_INLINE void mogrify_back(const RecurrentLayer& layer, const Moment& moment, int first, int count,
                                  const HSeen& h_seen, const float* packed, float* dx, float* dh,
                                  float* through) {
  const Mogrifier& mogrifier = layer.mogrifier;
  const auto D = static_cast<size_t>(layer.features), H = static_cast<size_t>(layer.hidden);
  float *dx_rows[kRowBlock], *dh_rows[kRowBlock], *seen[kRowBlock];
  float* dz[kRowBlock];
  for (int k = 0; k < count; ++k) {
    dx_rows[k] = dx + at(layer, moment.t, first + k, D);
    dh_rows[k] = dh + (first + k) * H;
    seen[k] = layer.recurrent_mask ? through + k * H : dh_rows[k];
  }
  for (int i = mogrifier.rounds; i >= 1; --i) {
    const Round round(layer, i);
    for (int k = 0; k < count; ++k) {
      const int row = first + k;
      const float* given = round.of_x ? layer.x + at(layer, moment.t, row, D) : h_seen(row);
      float* gradient = round.of_x ? dx_rows[k] : dh_rows[k];
      dz[k] = round.row_of(layer, mogrifier.dz_x, mogrifier.dz_h, moment.t, row);
      for (int unit = 0; unit < round.width; unit += kLanes) {
        const int n = smaller(kLanes, round.width - unit);
        Vec v = load(given + unit, n);  // what the round gated: what was given, times the gates before
        for (int below = 2 - i % 2; below < i; below += 2) {
          const Round earlier(layer, below);
          v *= load(earlier.row_of(layer, mogrifier.gates_x, mogrifier.gates_h, moment.t, row) + unit, n);
        }
        const Vec m =
            load(round.row_of(layer, mogrifier.gates_x, mogrifier.gates_h, moment.t, row) + unit, n);
        const Vec d = load(gradient + unit, n);
        store(dz[k] + unit, d * v * m * (1.0f - 0.5f * m), n);
        store(gradient + unit, d * m, n);
      }
    }
    const float* weights = packed + packed_rounds(layer, i - 1, false);
    const Panels panels(round.width, round.depth);
    if (!round.of_x) {
      product(dz, dx_rows, count, panels, weights, Start::result);
      continue;
    }
    product(dz, seen, count, panels, weights, layer.recurrent_mask ? Start::zero : Start::result);
    for (int k = 0; layer.recurrent_mask && k < count; ++k) {
      for (int unit = 0; unit < layer.hidden; unit += kLanes) {
        const int n = smaller(kLanes, layer.hidden - unit);
        const Vec mask = load(layer.recurrent_mask + (first + k) * H + unit, n);
        store(dh_rows[k] + unit, load(dh_rows[k] + unit, n) + mask * load(seen[k] + unit, n), n);
      }
    }
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
