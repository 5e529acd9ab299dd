#include "core/recurrent/run.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/memory.h"

namespace gatewise {

namespace {

// Live steps of each row.
std::vector<int64_t> live_steps(const RecurrentLayer& layer) {
  if (!layer.alive)
    return std::vector<int64_t>(static_cast<size_t>(layer.batch), layer.steps);
  std::vector<int64_t> live(static_cast<size_t>(layer.batch), 0);
  for (int t = 0; t < layer.steps; ++t) {
    for (int row = 0; row < layer.alive[t]; ++row)
      ++live[static_cast<size_t>(row)];
  }
  return live;
}

// The row at which each rank begins, and the end: parts of equal numbers of live steps, not of rows.
std::vector<int> borders_of(const RecurrentLayer& layer, int ranks) {
  const std::vector<int64_t> live = live_steps(layer);
  int64_t total = 0;
  for (const int64_t steps : live)
    total += steps;
  std::vector<int> borders = {0};
  int64_t passed = 0;
  for (int row = 0; row < layer.batch; ++row) {
    const auto next = static_cast<int64_t>(borders.size());
    if (next < ranks && row > borders.back() && passed >= total * next / ranks)
      borders.push_back(row);
    passed += live[static_cast<size_t>(row)];
  }
  borders.resize(static_cast<size_t>(ranks) + 1, layer.batch);
  return borders;
}

double multiplications(const RecurrentLayer& layer) {
  const double hidden = layer.hidden, features = layer.features;
  const double each =
      layer.gates() * hidden * (hidden + features) + layer.mogrifier.rounds * hidden * features;
  return each * layer.steps * layer.batch;
}

// Waiting for each other once, at a step, takes ranks about as long as this many multiplications and
// additions would take each of them; where other processes hold the cores, many times longer.
constexpr double kWorthAStep = 2e4;

// Tells the ranks their rows, gives them memory, and runs.
template <typename Call>
void run(Call& call, int threads, size_t (*scratch_size)(const Call&, int),
         void (*pass)(const Call&, const Rank&)) {
  const Sharing sharing =
      sharing_of(call.layer, ranks_here(worth_threads(threads, multiplications(call.layer))));
  const int wanted = sharing.ranks;
  std::vector<int> borders = borders_of(call.layer, wanted);
  call.borders = borders.data();
  call.by_units = sharing.by_units;
  // The region may still get fewer ranks than it asked for, and then the calling thread takes all rows.
  const std::vector<int> alone = {0, call.layer.batch};
  Call single = call;
  single.borders = alone.data();
  single.by_units = false;
  const Floats scratch = aligned_floats(std::max(scratch_size(call, wanted), scratch_size(single, 1)));
  call.scratch = single.scratch = scratch.get();
  in_parallel(wanted, [&](const Rank& rank) {
    if (rank.count == wanted)
      pass(call, rank);
    else if (rank.index == 0)
      pass(single, Rank{0, 1, nullptr});
  });
}

}  // namespace

Sharing sharing_of(const RecurrentLayer& layer, int threads) {
  const int wanted = worth_threads(threads, multiplications(layer));
  if (layer.batch >= 2 * wanted || layer.mogrifier.rounds)
    return {wanted, false};
  // Too few rows for all. Units can be divided however few rows there are, but then ranks wait at every step.
  const double step = static_cast<double>(layer.gates()) * layer.hidden * layer.hidden * layer.batch;
  const int by_units = std::min(wanted, static_cast<int>(std::min(step / kWorthAStep, 1024.0)));
  const int by_rows = std::max(1, std::min(wanted, layer.batch / 2));
  return by_units > by_rows ? Sharing{by_units, true} : Sharing{by_rows, false};
}

void run_forward(const Kernels& kernels, RecurrentForward call, int threads) {
  run(call, threads, kernels.recurrent_forward_scratch, kernels.recurrent_forward);
}

void run_backward(const Kernels& kernels, RecurrentBackward call, int threads) {
  run(call, threads, kernels.recurrent_backward_scratch, kernels.recurrent_backward);
}

}  // namespace gatewise
