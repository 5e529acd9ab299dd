// One step of a stream's layer, compiled once for each instruction set. The contract is stream.h; the
// equations stand in ops/cell.py.
#include "core/kernels.h"
#include "core/recurrent/cells.h"
#include "core/recurrent/stream.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

template <int R, int V>
GATEWISE_INLINE void add_product(Vec (&z)[R][V], const float* a, int depth, const float* w) {
  const float* rows[R];
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r)
    rows[r] = a + static_cast<size_t>(r) * depth;
  if constexpr (R == 1)
    multiply_row<V>(z, rows[0], w, depth);
  else
    multiply<R, V>(z, rows, w, depth);
}

GATEWISE_INLINE Vec mixed(Vec fresh, Vec old, float rate) {
  return rate > 0.0f ? rate * old + (1.0f - rate) * fresh : fresh;
}

template <int R>
GATEWISE_INLINE void finish_lstm(const StreamStep& s, const Vec (&z)[R][4], int row, int unit) {
  const auto H = static_cast<size_t>(s.hidden);
  const int n = smaller(kLanes, s.hidden - unit);
  Vec c_old[R];
  LstmUnits now[R];
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r)
    c_old[r] = load(s.c + (row + r) * H + unit, n);
  lstm_units<R>(z, c_old, s.peephole, H, unit, n, s.activation, now);
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r) {
    const size_t place = (row + r) * H + unit;
    store(s.c + place, mixed(now[r].c, c_old[r], s.rate_c), n);
    store(s.h_new + place, mixed(now[r].h, load(s.h_old + place, n), s.rate_h), n);
  }
}

template <int R, int V>
struct StreamTile {
  static void run(const StreamStep& s, int row, int panel) {
    const Panels inputs = cell_panels(s.cell, s.hidden, s.features),
                 states = cell_panels(s.cell, s.hidden, s.hidden);
    const int column = states.first_column(panel);
    const auto H = static_cast<size_t>(s.hidden);
    const size_t width = states.size() / H;  // of a row of packed columns
    Vec z[R][V];
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      const float* sums = s.x ? s.bias : s.table + static_cast<size_t>(s.tokens[row + r]) * width;
      GATEWISE_UNROLL
      for (int v = 0; v < V; ++v)
        z[r][v] = load(sums + column + v * kLanes);
    }
    if (s.x)
      add_product<R, V>(z, s.x + static_cast<size_t>(row) * s.features, s.features,
                        s.packed_ih + inputs.offset(panel));
    add_product<R, V>(z, s.h_old + row * H, s.hidden, s.packed_hh + states.offset(panel));
    if constexpr (V == 4) {
      if (s.cell == Cell::lstm)
        return finish_lstm<R>(s, z, row, panel * kLanes);
    }
    for (int r = 0; r < R; ++r) {
      const float* h_old = s.h_old + (row + r) * H;
      float* h_new = s.h_new + (row + r) * H;
      for (int v = 0; v < V; ++v) {
        const int unit = column + v * kLanes, n = smaller(kLanes, s.hidden - unit);
        store(h_new + unit, mixed(activate(s.activation, z[r][v]), load(h_old + unit, n), s.rate_h), n);
      }
    }
  }
};

}  // namespace

// Floats of a layer's packed weight (GH, depth), and of a row of its columns.
size_t stream_packed_size(Cell cell, int hidden, int depth) {
  return cell_panels(cell, hidden, depth).size();
}

void stream_pack(Cell cell, const float* weights, int hidden, int depth, float* packed, const Rank& rank) {
  const Panels panels = cell_panels(cell, hidden, depth);
  pack_cell(cell, weights, hidden, depth, panels, rank.begin(panels.count()), rank.end(panels.count()),
            packed);
}

void stream_step(const StreamStep& step, const Rank& rank) {
  const Panels panels = cell_panels(step.cell, step.hidden, step.hidden);
  const Parts tiles(step.batch, kMostRows);
  const int first = rank.begin(panels.count()), last = rank.end(panels.count());
  for (int k = first; k < last; ++k) {
    const int panel = step.backwards ? first + last - 1 - k : k;
    for (int tile = 0; tile < tiles.count; ++tile) {
      with_tile<StreamTile, const StreamStep&>(tiles.width(tile), panels.width(panel), step,
                                               tiles.begin(tile), panel);
    }
  }
}

// The sums of each symbol: rows of the embedding times weight_ih, and the bias.
void stream_table(const StreamStep& step, const float* embedding, int symbols, float* table,
                  const Rank& rank) {
  const Panels panels(step.features, static_cast<int>(cell_panels(step.cell, step.hidden, 1).size()));
  const auto width = static_cast<size_t>(panels.columns);
  const float* rows[kRowBlock];
  float* sums[kRowBlock];
  const int last = rank.end(symbols);
  for (int begin = rank.begin(symbols); begin < last; begin += kRowBlock) {
    const int count = smaller(kRowBlock, last - begin);
    for (int k = 0; k < count; ++k) {
      rows[k] = embedding + static_cast<size_t>(begin + k) * step.features;
      sums[k] = table + static_cast<size_t>(begin + k) * width;
    }
    product(rows, sums, count, panels, step.packed_ih, Start::bias, step.bias);
  }
}

size_t linear_packed_size(int inputs, int outputs) {
  return Panels(inputs, outputs).size();
}

void linear_pack(const float* weight, int inputs, int outputs, float* packed, const Rank& rank) {
  const Panels panels(inputs, outputs);
  pack_transposed(weight, static_cast<size_t>(inputs), panels, rank.begin(panels.count()),
                  rank.end(panels.count()), packed);
}

void linear_step(const LinearStep& step, const Rank& rank) {
  const Panels panels(step.inputs, step.outputs);
  const float* x[kRowBlock];
  float* y[kRowBlock];
  for (int begin = 0; begin < step.batch; begin += kRowBlock) {
    const int count = smaller(kRowBlock, step.batch - begin);
    for (int k = 0; k < count; ++k) {
      x[k] = step.x + static_cast<size_t>(begin + k) * step.inputs;
      y[k] = step.y + static_cast<size_t>(begin + k) * step.outputs;
    }
    const int first = rank.begin(panels.count()), last = rank.end(panels.count());
    for (int k = first; k < last; ++k) {
      const int panel = step.backwards ? first + last - 1 - k : k;
      product(x, y, count, panels, panel, panel + 1, step.packed, step.bias ? Start::bias : Start::zero,
              step.bias, step.batch == 1);
    }
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
