// Products of whole matrices over the tiles of tiles.h, which pack what they multiply with as they go.
//
// For the files that are compiled once for each instruction set; see simd.h. A number of a result has the
// same bits whatever part of the matrix is computed with it, so parts may be shared among ranks as it suits.
#pragma once

#include "core/parallel.h"
#include "core/tiles.h"

namespace gatewise {
namespace GATEWISE_TARGET {

// Columns that are packed at once: kDepth rows of them stay in the second-level cache.
constexpr int kColumnBlock = 4 * kPanel * kLanes;

// Floats that multiply_part packs into.
constexpr size_t kPackedPart = static_cast<size_t>(kDepth) * kColumnBlock;

// Floats that a block of turned columns takes.
constexpr size_t kTurnedBlock = static_cast<size_t>(kRowBlock) * kDepth;

// A rectangle of a matrix.
struct Part {
  int first_row, last_row, first_column, last_column;
};

// A rank's part of a (rows, columns) matrix: some columns of all rows, or some rows where these are more.
GATEWISE_INLINE Part part_of(const Rank& rank, int rows, int columns) {
  if (rows > columns)
    return {rank.begin(rows), rank.end(rows), 0, columns};
  const int vectors = ceil_div(columns, kLanes);
  return {0, rows, smaller(columns, rank.begin(vectors) * kLanes),
          smaller(columns, rank.end(vectors) * kLanes)};
}

// A part of c (rows, columns) = start + a (rows, depth) times a matrix (depth, columns), of which
// pack(k, first column, panels) packs the block of panels.depth rows from k and panels.columns columns.
template <class Pack>
GATEWISE_INLINE void multiply_part(const float* a, int depth, float* c, int columns, const Part& part,
                                   const float* bias, const float* packed, const Pack& pack) {
  const Parts depths(depth, kDepth);
  for (int column = part.first_column; column < part.last_column; column += kColumnBlock) {
    const int width = smaller(kColumnBlock, part.last_column - column);
    for (int d = 0; d < depths.count; ++d) {
      const int k = depths.begin(d);
      const Panels panels(depths.width(d), width);
      pack(k, column, panels);
      const Start start = d ? Start::result : bias ? Start::bias : Start::zero;
      for (int begin = part.first_row; begin < part.last_row; begin += kRowBlock) {
        const int rows = smaller(kRowBlock, part.last_row - begin);
        const float* from[kRowBlock];
        float* to[kRowBlock];
        for (int row = 0; row < rows; ++row) {
          from[row] = a + static_cast<size_t>(begin + row) * depth + k;
          to[row] = c + static_cast<size_t>(begin + row) * columns + column;
        }
        product(from, to, rows, panels, packed, start, bias ? bias + column : nullptr);
      }
    }
  }
}

// Turns columns [first, first + width) of up to kDepth rows, width being at most kRowBlock: each becomes a
// row of `turned`, and these lie kDepth apart. What the columns sum to is added to `sums`, unless that is
// null.
GATEWISE_INLINE void turn_columns(const float* const* rows, int count, int first, int width, float* turned,
                                  float* sums) {
  for (int k = 0; k < count; k += kLanes) {
    const int n = smaller(kLanes, count - k);
    for (int column = 0; column < width; column += kLanes) {
      const int lanes = smaller(kLanes, width - column);
      Vec square[kLanes];
      for (int j = 0; j < kLanes; ++j)
        square[j] = j < n ? load(rows[k + j] + first + column, lanes) : Vec{};
      if (sums) {
        Vec sum = load(sums + column, lanes);
        for (int j = 0; j < n; ++j)
          sum += square[j];
        store(sums + column, sum, lanes);
      }
      transpose(square);
      for (int j = 0; j < lanes; ++j)
        store(turned + static_cast<size_t>(column + j) * kDepth + k, square[j], n);
    }
  }
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
