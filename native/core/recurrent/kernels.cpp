// The LSTM's steps, written once over core/recurrent/simd.h and compiled once for each instruction set, with
// GATEWISE_TARGET naming the namespace. The contract is lstm.h; the equations stand in ops/cell.py.
#include "core/recurrent/lstm.h"
#include "core/recurrent/simd.h"
#include "core/recurrent/targets.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// Rows of a register tile: with four vectors a row the sums fill the registers, and no more.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kMostRows = 6;
#else
constexpr int kMostRows = 2;
#endif
constexpr int kTileVectors = 4;

constexpr int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
GATEWISE_INLINE int smaller(int a, int b) {
  return a < b ? a : b;
}

size_t packed_size(int hidden) {
  const size_t vectors = static_cast<size_t>(ceil_div(hidden, kLanes));
  return vectors * kLanes * 4 * static_cast<size_t>(hidden);
}

// Block b, then k, then gate, then lane: weight_hh[gate * H + b * lanes + lane][k].
void pack_forward(const float* weight_hh, int hidden, float* packed) {
  const int blocks = ceil_div(hidden, kLanes);
  for (int block = 0; block < blocks; ++block) {
    for (int k = 0; k < hidden; ++k) {
      for (int gate = 0; gate < 4; ++gate) {
        for (int lane = 0; lane < kLanes; ++lane) {
          const int unit = block * kLanes + lane;
          *packed++ =
              unit < hidden ? weight_hh[static_cast<size_t>(gate * hidden + unit) * hidden + k] : 0.0f;
        }
      }
    }
  }
}

// Tiles of up to four vectors of units; in each k over the 4H sums, then the units: weight_hh[k][unit].
void pack_backward(const float* weight_hh, int hidden, float* packed) {
  const int vectors = ceil_div(hidden, kLanes);
  for (int first = 0; first < vectors; first += kTileVectors) {
    const int width = smaller(kTileVectors, vectors - first) * kLanes;
    for (int k = 0; k < 4 * hidden; ++k) {
      for (int lane = 0; lane < width; ++lane) {
        const int unit = first * kLanes + lane;
        *packed++ = unit < hidden ? weight_hh[static_cast<size_t>(k) * hidden + unit] : 0.0f;
      }
    }
  }
}

// How a row range is cut into tiles of at most kMostRows rows, as even as can be.
struct Tiles {
  int count, rows, longer;
  Tiles(int total)
      : count(ceil_div(total, kMostRows)),
        rows(count ? total / count : 0),
        longer(count ? total % count : 0) {}
  int size(int tile) const { return rows + (tile < longer); }
};

struct Step {
  const LstmShape* shape;
  const LstmForward* arrays;
  int t;
  size_t before, after;  // slots read and written
};

GATEWISE_INLINE bool kept(const LstmShape& s, int t, int row) {
  return !s.keep || s.keep[static_cast<size_t>(t) * s.batch + row];
}

// One step of R rows and one vector of units: the sums, the gates, c and h.
template <int R>
void forward_tile(const Step& step, int row, int block) {
  const LstmShape& s = *step.shape;
  const LstmForward& a = *step.arrays;
  const size_t H = static_cast<size_t>(s.hidden);
  const int unit = block * kLanes, n = smaller(kLanes, s.hidden - unit);
  const float* h_prev[R];
  const float* c_prev[R];
  float* gates[R];
  Vec z[R][4];
  for (int r = 0; r < R; ++r) {
    const size_t slot = (step.before * s.batch + row + r) * H;
    const bool seen = kept(s, step.t, row + r);
    h_prev[r] = seen ? a.h + slot : a.zeros;
    c_prev[r] = seen ? a.c + slot : a.zeros;
    gates[r] = a.gates + (static_cast<size_t>(step.t) * s.batch + row + r) * 4 * H + unit;
    for (int gate = 0; gate < 4; ++gate)
      z[r][gate] = load(gates[r] + gate * H, n);
  }
  const float* w = a.packed + static_cast<size_t>(block) * H * 4 * kLanes;
  for (int k = 0; k < s.hidden; ++k, w += 4 * kLanes) {
    const Vec w0 = load(w), w1 = load(w + kLanes), w2 = load(w + 2 * kLanes), w3 = load(w + 3 * kLanes);
    for (int r = 0; r < R; ++r) {
      const float x = h_prev[r][k];
      z[r][0] += w0 * x;
      z[r][1] += w1 * x;
      z[r][2] += w2 * x;
      z[r][3] += w3 * x;
    }
  }
  for (int r = 0; r < R; ++r) {
    const Vec c_old = load(c_prev[r] + unit, n);
    if (s.peephole) {
      z[r][0] += load(s.peephole + unit, n) * c_old;
      z[r][1] += load(s.peephole + H + unit, n) * c_old;
    }
    const Vec i = sigmoid(z[r][0]), f = sigmoid(z[r][1]), g = tanh(z[r][2]);
    const Vec c = f * c_old + i * g;
    if (s.peephole)
      z[r][3] += load(s.peephole + 2 * H + unit, n) * c;
    const Vec o = sigmoid(z[r][3]);
    store(gates[r], i, n);
    store(gates[r] + H, f, n);
    store(gates[r] + 2 * H, g, n);
    store(gates[r] + 3 * H, o, n);
    const size_t out = (step.after * s.batch + row + r) * H + unit;
    store(a.c + out, c, n);
    store(a.h + out, s.output_tanh ? o * tanh(c) : o * c, n);
  }
}

void forward(const LstmShape& s, const LstmForward& a, int first, int last) {
  const int blocks = ceil_div(s.hidden, kLanes);
  const size_t H = static_cast<size_t>(s.hidden);
  for (int k = 0; k < s.steps; ++k) {
    const int t = s.reverse ? s.steps - 1 - k : k;
    const int end = s.alive ? smaller(last, s.alive[t]) : last;
    const Step step{&s, &a, t, static_cast<size_t>(s.reverse ? t + 1 : t),
                    static_cast<size_t>(s.reverse ? t : t + 1)};
    const Tiles tiles(end > first ? end - first : 0);
    for (int block = 0; block < blocks; ++block) {
      for (int tile = 0, row = first; tile < tiles.count; row += tiles.size(tile), ++tile) {
        switch (tiles.size(tile)) {
          case 1:
            forward_tile<1>(step, row, block);
            break;
          case 2:
            forward_tile<2>(step, row, block);
            break;
          case 3:
            forward_tile<3>(step, row, block);
            break;
          case 4:
            forward_tile<4>(step, row, block);
            break;
          case 5:
            forward_tile<5>(step, row, block);
            break;
          default:
            forward_tile<6>(step, row, block);
            break;
        }
      }
    }
    if (s.reverse) {  // rows that have not begun yet carry their initial state to where they will
      for (int row = end > first ? end : first; row < last; ++row) {
        const size_t from = (step.before * s.batch + row) * H, to = (step.after * s.batch + row) * H;
        std::memcpy(a.h + to, a.h + from, H * sizeof(float));
        std::memcpy(a.c + to, a.c + from, H * sizeof(float));
      }
    }
  }
}

// One row's gradients of the four sums, and dc of the step before (ops/cell.py, LSTMCell.backward).
void backward_row(const LstmShape& s, const LstmBackward& a, int t, int row) {
  const size_t H = static_cast<size_t>(s.hidden);
  const size_t at = static_cast<size_t>(t) * s.batch + row;
  const size_t before = static_cast<size_t>(s.reverse ? t + 1 : t),
               after = static_cast<size_t>(s.reverse ? t : t + 1);
  const bool seen = kept(s, t, row);
  const float* gates = a.gates + at * 4 * H;
  const float* dy = a.dy + at * H;
  const float* c_new = a.c + (after * s.batch + row) * H;
  const float* c_old = seen ? a.c + (before * s.batch + row) * H : a.zeros;
  const float* dh_row = a.dh + static_cast<size_t>(row) * H;
  float* dc_row = a.dc + static_cast<size_t>(row) * H;
  float* dz = a.dz + at * 4 * H;
  for (int unit = 0; unit < s.hidden; unit += kLanes) {
    const int n = smaller(kLanes, s.hidden - unit);
    const Vec i = load(gates + unit, n), f = load(gates + H + unit, n);
    const Vec g = load(gates + 2 * H + unit, n), o = load(gates + 3 * H + unit, n);
    const Vec c = load(c_new + unit, n), c_prev = load(c_old + unit, n);
    const Vec dh = load(dh_row + unit, n) + load(dy + unit, n);
    Vec dc = load(dc_row + unit, n);
    const Vec squashed = s.output_tanh ? tanh(c) : c;
    const Vec dz_o = dh * squashed * (o * (1.0f - o));
    dc += s.output_tanh ? dh * o * (1.0f - squashed * squashed) : dh * o;
    if (s.peephole)
      dc += dz_o * load(s.peephole + 2 * H + unit, n);
    const Vec dz_i = dc * g * (i * (1.0f - i));
    const Vec dz_f = dc * c_prev * (f * (1.0f - f));
    const Vec dz_g = dc * i * (1.0f - g * g);
    Vec dc_prev = dc * f;
    if (s.peephole) {
      dc_prev += dz_i * load(s.peephole + unit, n) + dz_f * load(s.peephole + H + unit, n);
    }
    store(dz + unit, dz_i, n);
    store(dz + H + unit, dz_f, n);
    store(dz + 2 * H + unit, dz_g, n);
    store(dz + 3 * H + unit, dz_o, n);
    store(dc_row + unit, seen ? dc_prev : Vec{}, n);
  }
}

// dh of the step before for R rows and V vectors of units: dz (R, 4H) times weight_hh (4H, H).
template <int R, int V>
void backward_tile(const LstmShape& s, const LstmBackward& a, int t, int row, int unit, const float* w) {
  const size_t H = static_cast<size_t>(s.hidden);
  const float* dz[R];
  Vec sum[R][V];
  for (int r = 0; r < R; ++r) {
    dz[r] = a.dz + (static_cast<size_t>(t) * s.batch + row + r) * 4 * H;
    for (int v = 0; v < V; ++v)
      sum[r][v] = Vec{};
  }
  for (size_t k = 0; k < 4 * H; ++k, w += V * kLanes) {
    Vec weights[V];
    for (int v = 0; v < V; ++v)
      weights[v] = load(w + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const float x = dz[r][k];
      for (int v = 0; v < V; ++v)
        sum[r][v] += weights[v] * x;
    }
  }
  for (int r = 0; r < R; ++r) {
    float* dh = a.dh + static_cast<size_t>(row + r) * H + unit;
    const bool seen = kept(s, t, row + r);
    for (int v = 0; v < V; ++v) {
      store(dh + v * kLanes, seen ? sum[r][v] : Vec{}, smaller(kLanes, s.hidden - unit - v * kLanes));
    }
  }
}

template <int V>
void backward_tiles(const LstmShape& s, const LstmBackward& a, int t, int first, const Tiles& tiles, int unit,
                    const float* w) {
  for (int tile = 0, row = first; tile < tiles.count; row += tiles.size(tile), ++tile) {
    switch (tiles.size(tile)) {
      case 1:
        backward_tile<1, V>(s, a, t, row, unit, w);
        break;
      case 2:
        backward_tile<2, V>(s, a, t, row, unit, w);
        break;
      case 3:
        backward_tile<3, V>(s, a, t, row, unit, w);
        break;
      case 4:
        backward_tile<4, V>(s, a, t, row, unit, w);
        break;
      case 5:
        backward_tile<5, V>(s, a, t, row, unit, w);
        break;
      default:
        backward_tile<6, V>(s, a, t, row, unit, w);
        break;
    }
  }
}

void backward(const LstmShape& s, const LstmBackward& a, int first, int last) {
  const int vectors = ceil_div(s.hidden, kLanes);
  for (int k = 0; k < s.steps; ++k) {
    const int t = s.reverse ? k : s.steps - 1 - k;
    const int end = s.alive ? smaller(last, s.alive[t]) : last;
    for (int row = first; row < end; ++row)
      backward_row(s, a, t, row);
    const Tiles tiles(end > first ? end - first : 0);
    const float* w = a.packed;
    for (int v = 0; v < vectors; v += kTileVectors) {
      const int width = smaller(kTileVectors, vectors - v);
      switch (width) {
        case 1:
          backward_tiles<1>(s, a, t, first, tiles, v * kLanes, w);
          break;
        case 2:
          backward_tiles<2>(s, a, t, first, tiles, v * kLanes, w);
          break;
        case 3:
          backward_tiles<3>(s, a, t, first, tiles, v * kLanes, w);
          break;
        default:
          backward_tiles<4>(s, a, t, first, tiles, v * kLanes, w);
          break;
      }
      w += static_cast<size_t>(width) * kLanes * 4 * static_cast<size_t>(s.hidden);
    }
  }
}

template <Vec (*function)(Vec)>
void each(const float* x, float* y, size_t n) {
  for (size_t k = 0; k < n; k += kLanes) {
    const int lanes = n - k < static_cast<size_t>(kLanes) ? static_cast<int>(n - k) : kLanes;
    store(y + k, function(load(x + k, lanes)), lanes);
  }
}

}  // namespace

const LstmKernels& kernels() {
  static const LstmKernels table = {packed_size, pack_forward, pack_backward, forward,
                                    backward,    each<exp>,    each<sigmoid>, each<tanh>};
  return table;
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
