// Matrix products in tiles of registers: the one inner loop that all kernels share, and the packing it wants.
//
// A product takes rows through pointers, so that they may lie anywhere (in the steps of a sequence, in a
// table of symbols), and a packed matrix: its columns cut into panels of up to four vectors, each panel with
// the numbers of one k side by side, in the order in which the inner loop reads them.
//
// For the files that are compiled once for each instruction set; see simd.h.
#pragma once

#include "core/simd.h"

namespace gatewise {
namespace GATEWISE_TARGET {

// Rows and vectors of a register tile: its sums, a row of the packed matrix and one number fill the
// registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kMostRows = 6;
#else
constexpr int kMostRows = 3;
#endif
constexpr int kPanel = 4;

// Loops over a tile's rows and vectors must be unrolled before the compiler looks for registers.
#define GATEWISE_UNROLL _Pragma("GCC unroll 8")

// A product is cut so that a panel's part and a block of rows stay in the second-level cache.
constexpr int kDepth = 384, kRowBlock = 192;

constexpr int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
GATEWISE_INLINE int smaller(int a, int b) {
  return a < b ? a : b;
}
GATEWISE_INLINE int larger(int a, int b) {
  return a > b ? a : b;
}

// n things in parts of at most `most`, as even as can be.
struct Parts {
  int count, size, longer;
  Parts(int n, int most)
      : count(ceil_div(n, most)), size(count ? n / count : 0), longer(count ? n % count : 0) {}
  int begin(int part) const { return part * size + smaller(part, longer); }
  int width(int part) const { return size + (part < longer); }
};

// Where the panels of a packed (depth, columns) matrix lie.
struct Panels {
  int depth, columns;
  Parts vectors;
  Panels(int depth_, int columns_, int most = kPanel)
      : depth(depth_), columns(columns_), vectors(ceil_div(columns_, kLanes), most) {}
  int count() const { return vectors.count; }
  int first_column(int panel) const { return vectors.begin(panel) * kLanes; }
  int width(int panel) const { return vectors.width(panel); }  // in vectors
  size_t offset(int panel) const { return static_cast<size_t>(first_column(panel)) * depth; }
  size_t size() const { return static_cast<size_t>(ceil_div(columns, kLanes)) * kLanes * depth; }
};

// sum[r][v] += a[r][k] w[k][v] over k.
template <int R, int V>
GATEWISE_INLINE void multiply(Vec (&sum)[R][V], const float* const (&a)[R], const float* w, int depth) {
  for (int k = 0; k < depth; ++k, w += V * kLanes) {
    Vec column[V];
    GATEWISE_UNROLL
    for (int v = 0; v < V; ++v)
      column[v] = load(w + v * kLanes);
    GATEWISE_UNROLL
    for (int r = 0; r < R; ++r) {
      const float x = a[r][k];
      GATEWISE_UNROLL
      for (int v = 0; v < V; ++v)
        sum[r][v] += column[v] * x;
    }
  }
}

// The same for a single row: two chains of sums hide the latency of the additions.
template <int V>
GATEWISE_INLINE void multiply_row(Vec (&sum)[1][V], const float* a, const float* w, int depth) {
  Vec odd[1][V] = {};
  int k = 0;
  for (; k + 1 < depth; k += 2, w += 2 * V * kLanes) {
    for (int v = 0; v < 2 * V; ++v)
      __builtin_prefetch(w + (8 * V + v) * kLanes);
    GATEWISE_UNROLL
    for (int v = 0; v < V; ++v) {
      sum[0][v] += load(w + v * kLanes) * a[k];
      odd[0][v] += load(w + (V + v) * kLanes) * a[k + 1];
    }
  }
  GATEWISE_UNROLL
  for (int v = 0; v < V; ++v) {
    if (k < depth)
      sum[0][v] += load(w + v * kLanes) * a[k];
    sum[0][v] += odd[0][v];
  }
}

// Either, as the caller says: the bits differ, and must not depend on how many rows happen to be in a tile.
template <int R, int V>
GATEWISE_INLINE void multiply_rows(Vec (&sum)[R][V], const float* const (&a)[R], const float* w, int depth,
                                   bool chains) {
  if constexpr (R == 1) {
    if (chains)
      return multiply_row<V>(sum, a[0], w, depth);
  }
  multiply<R, V>(sum, a, w, depth);
}

// What the sums of a product begin with: zero, a row for all rows (a bias), or what stands in the result.
enum class Start { zero, bias, result };

// c (R rows, V vectors of which the last holds `lanes` columns) from a times a panel.
template <int R, int V>
void product_tile(const float* const* a_rows, float* const* c_rows, int k, int column, const float* w,
                  int depth, int lanes, Start start, const float* bias, bool chains) {
  const float* a[R];
  Vec sum[R][V];
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r) {
    a[r] = a_rows[r] + k;
    GATEWISE_UNROLL
    for (int v = 0; v < V; ++v) {
      sum[r][v] = start == Start::bias ? load(bias + column + v * kLanes, v + 1 < V ? kLanes : lanes) : Vec{};
      if (start == Start::result)  // which is added at the end, when it has come
        __builtin_prefetch(c_rows[r] + column + v * kLanes, 1);
    }
  }
  multiply_rows<R, V>(sum, a, w, depth, chains);
  GATEWISE_UNROLL
  for (int r = 0; r < R; ++r) {
    GATEWISE_UNROLL
    for (int v = 0; v < V; ++v) {
      const int n = v + 1 < V ? kLanes : lanes;
      float* c = c_rows[r] + column + v * kLanes;
      store(c, start == Start::result ? sum[r][v] + load(c, n) : sum[r][v], n);
    }
  }
}

// Calls F<R, V>::run(arguments...) for rows and vectors that are known only when running.
template <template <int, int> class F, int V, typename... Arguments>
GATEWISE_INLINE void with_rows(int rows, Arguments... arguments) {
  switch (rows) {
    case 1:
      return F<1, V>::run(arguments...);
    case 2:
      return F<2, V>::run(arguments...);
    case 3:
      return F<3, V>::run(arguments...);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 4:
      return F<4, V>::run(arguments...);
    case 5:
      return F<5, V>::run(arguments...);
    default:
      return F<6, V>::run(arguments...);
#endif
  }
}

template <template <int, int> class F, typename... Arguments>
GATEWISE_INLINE void with_tile(int rows, int vectors, Arguments... arguments) {
  switch (vectors) {
    case 1:
      return with_rows<F, 1>(rows, arguments...);
    case 2:
      return with_rows<F, 2>(rows, arguments...);
    case 3:
      return with_rows<F, 3>(rows, arguments...);
    default:
      return with_rows<F, 4>(rows, arguments...);
  }
}

template <int R, int V>
struct ProductTile {
  static void run(const float* const* a, float* const* c, int k, int column, const float* w, int depth,
                  int lanes, Start start, const float* bias, bool chains) {
    product_tile<R, V>(a, c, k, column, w, depth, lanes, start, bias, chains);
  }
};

// Panels [first, last) of c[row] = start + a[row] times a packed matrix, for up to kRowBlock rows. `chains`
// is for a batch of a single row.
GATEWISE_INLINE void product(const float* const* a, float* const* c, int rows, const Panels& panels,
                             int first, int last, const float* packed, Start start, const float* bias,
                             bool chains = false) {
  const Parts depths(panels.depth, kDepth), tiles(rows, kMostRows);
  for (int d = 0; d < depths.count; ++d) {
    for (int p = first; p < last; ++p) {
      const int column = panels.first_column(p), width = panels.width(p);
      const int lanes = smaller(kLanes, panels.columns - column - (width - 1) * kLanes);
      const float* w = packed + panels.offset(p) + static_cast<size_t>(depths.begin(d)) * width * kLanes;
      for (int tile = 0; tile < tiles.count; ++tile) {
        const int row = tiles.begin(tile);
        with_tile<ProductTile>(tiles.width(tile), width, a + row, c + row, depths.begin(d), column, w,
                               depths.width(d), lanes, d ? Start::result : start, bias, chains);
      }
    }
  }
}

// All of it.
GATEWISE_INLINE void product(const float* const* a, float* const* c, int rows, const Panels& panels,
                             const float* packed, Start start, const float* bias = nullptr) {
  product(a, c, rows, panels, 0, panels.count(), packed, start, bias);
}

// Packs panels [first, last) of the matrix whose row k is row_of(k), times factors_of(k) where that is not
// null.
template <class RowOf, class FactorsOf>
GATEWISE_INLINE void pack_rows(const RowOf& row_of, const FactorsOf& factors_of, const Panels& panels,
                               int first, int last, float* packed) {
  for (int p = first; p < last; ++p) {
    const int column = panels.first_column(p), width = panels.width(p);
    float* out = packed + panels.offset(p);
    for (int k = 0; k < panels.depth; ++k) {
      const float* row = row_of(k);
      const float* factors = factors_of(k);
      for (int v = 0; v < width; ++v, out += kLanes) {
        const int place = column + v * kLanes, n = smaller(kLanes, panels.columns - place);
        const Vec values = load(row + place, n);
        store(out, factors ? values * load(factors + place, n) : values);
      }
    }
  }
}

// The same of a matrix (depth, columns) that lies in one piece.
GATEWISE_INLINE void pack_matrix(const float* w, const Panels& panels, int first, int last, float* packed) {
  pack_rows([&](int k) { return w + static_cast<size_t>(k) * panels.columns; },
            [](int) { return static_cast<const float*>(nullptr); }, panels, first, last, packed);
}

// Writes `lanes` columns of numbers, column j being columns[j][0 .. depth), into rows that lie `stride`
// apart. A column that is null is one of zeros.
GATEWISE_INLINE void interleave(const float* const (&columns)[kLanes], int depth, float* out, size_t stride) {
  for (int k = 0; k < depth; k += kLanes) {
    const int n = smaller(kLanes, depth - k);
    Vec square[kLanes];
    for (int j = 0; j < kLanes; ++j)
      square[j] = columns[j] ? load(columns[j] + k, n) : Vec{};
    transpose(square);
    for (int j = 0; j < n; ++j)
      store(out + static_cast<size_t>(k + j) * stride, square[j]);
  }
}

// Packs panels [first, last) of the transpose of w: column j of the matrix is row j of w (columns, depth).
GATEWISE_INLINE void pack_transposed(const float* w, size_t row_stride, const Panels& panels, int first,
                                     int last, float* packed) {
  for (int p = first; p < last; ++p) {
    const int width = panels.width(p);
    for (int v = 0; v < width; ++v) {
      const float* columns[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        const int column = panels.first_column(p) + v * kLanes + lane;
        columns[lane] = column < panels.columns ? w + static_cast<size_t>(column) * row_stride : nullptr;
      }
      interleave(columns, panels.depth, packed + panels.offset(p) + v * kLanes,
                 static_cast<size_t>(width) * kLanes);
    }
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
