// The linear layer, compiled once for each instruction set. The contract is linear.h.
#include "core/linear.h"

#include "core/kernels.h"
#include "core/products.h"

namespace gatewise {
namespace GATEWISE_TARGET {
namespace {

// So few rows are multiplied with the weights as they lie: packing would take longer than it saves.
constexpr int kFewRows = 4;

size_t packed_rows(int inputs) {
  return Panels(kDepth, inputs).size();
}

// Floats of one rank: a packed part of the weights, which the gradients' rows and columns take over.
size_t scratch_of_rank(const LinearShape& shape) {
  const size_t backward = packed_rows(shape.inputs) + kTurnedBlock;
  return kPackedPart > backward ? kPackedPart : backward;
}

// sums[j] += weights[j][k + lane] x[k + lane] for n lanes.
GATEWISE_INLINE void add_products(Vec (&sums)[kLanes], const float* const (&weights)[kLanes], const float* x,
                                  int k, int n) {
  const Vec values = load(x + k, n);
  GATEWISE_UNROLL_LANES
  for (int j = 0; j < kLanes; ++j)
    sums[j] += load(weights[j] + k, n) * values;
}

// y of the columns [first, last), of which first is a whole number of vectors.
void forward_few_rows(const LinearForward& call, int first, int last) {
  const int depth = call.shape.inputs;
  for (int column = first; column < last; column += kLanes) {
    const int lanes = smaller(kLanes, last - column);
    const float* weights[kLanes];
    for (int j = 0; j < kLanes; ++j)
      weights[j] = call.weight + static_cast<size_t>(column + smaller(j, lanes - 1)) * depth;
    for (int row = 0; row < call.shape.rows; ++row) {
      const float* x = call.x + static_cast<size_t>(row) * depth;
      Vec sums[kLanes] = {};
      int k = 0;
      for (; k + kLanes <= depth; k += kLanes)
        add_products(sums, weights, x, k, kLanes);
      if (k < depth)
        add_products(sums, weights, x, k, depth - k);
      transpose(sums);
      Vec y = call.bias ? load(call.bias + column, lanes) : Vec{};
      GATEWISE_UNROLL_LANES
      for (int j = 0; j < kLanes; ++j)
        y += sums[j];
      store(call.y + static_cast<size_t>(row) * call.shape.outputs + column, y, lanes);
    }
  }
}

// dweight and dbias for the columns [first, last) of dy.
void weight_gradients(const LinearBackward& call, int first, int last, float* scratch) {
  const LinearShape& shape = call.shape;
  float* packed = scratch;
  float* turned = scratch + packed_rows(shape.inputs);
  for (int begin = 0; begin < shape.rows; begin += kDepth) {
    const int count = smaller(kDepth, shape.rows - begin);
    const Panels panels(count, shape.inputs);
    pack_matrix(call.x + static_cast<size_t>(begin) * shape.inputs, panels, 0, panels.count(), packed);
    const float* dy[kDepth];
    for (int k = 0; k < count; ++k)
      dy[k] = call.dy + static_cast<size_t>(begin + k) * shape.outputs;
    for (int column = first; column < last; column += kRowBlock) {
      const int rows = smaller(kRowBlock, last - column);
      const float* from[kRowBlock];
      float* to[kRowBlock];
      for (int row = 0; row < rows; ++row) {
        from[row] = turned + static_cast<size_t>(row) * kDepth;
        to[row] = call.dweight + static_cast<size_t>(column + row) * shape.inputs;
      }
      turn_columns(dy, count, column, rows, turned, call.dbias ? call.dbias + column : nullptr);
      product(from, to, rows, panels, packed, Start::result);
    }
  }
}

}  // namespace

size_t linear_scratch(const LinearShape& shape, int ranks) {
  return scratch_of_rank(shape) * static_cast<size_t>(ranks);
}

void linear_forward(const LinearForward& call, const Rank& rank) {
  const auto [rows, inputs, outputs] = call.shape;
  if (rows <= kFewRows) {
    const Part columns = part_of(rank, 0, outputs);
    forward_few_rows(call, columns.first_column, columns.last_column);
    return;
  }
  float* packed = call.scratch + scratch_of_rank(call.shape) * static_cast<size_t>(rank.index);
  const auto stride = static_cast<size_t>(inputs);
  const auto pack = [&](int k, int column, const Panels& panels) {
    pack_transposed(call.weight + column * stride + k, stride, panels, 0, panels.count(), packed);
  };
  multiply_part(call.x, inputs, call.y, outputs, part_of(rank, rows, outputs), call.bias, packed, pack);
}

void linear_backward(const LinearBackward& call, const Rank& rank) {
  const auto [rows, inputs, outputs] = call.shape;
  float* scratch = call.scratch + scratch_of_rank(call.shape) * static_cast<size_t>(rank.index);
  if (call.dx) {
    const auto stride = static_cast<size_t>(inputs);
    const auto pack = [&](int k, int column, const Panels& panels) {
      pack_rows([&](int row) { return call.weight + (k + row) * stride + column; },
                [](int) { return static_cast<const float*>(nullptr); }, panels, 0, panels.count(), scratch);
    };
    multiply_part(call.dy, outputs, call.dx, inputs, part_of(rank, rows, inputs), nullptr, scratch, pack);
  }
  weight_gradients(call, rank.begin(outputs), rank.end(outputs), scratch);
}

}  // namespace GATEWISE_TARGET
}  // namespace gatewise
