#include "core/recurrent/rows.h"

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace gatewise {

namespace {

// Starting a thread takes about as long as this many multiplications and additions.
constexpr double kWorthAThread = 2e6;

// borders[k] is the row at which range k begins.
std::vector<int> split(const LstmShape& shape, int ranges) {
  std::vector<int64_t> live(static_cast<size_t>(shape.batch), shape.steps);
  if (shape.alive) {
    std::fill(live.begin(), live.end(), 0);
    for (int t = 0; t < shape.steps; ++t) {
      for (int row = 0; row < shape.alive[t]; ++row)
        ++live[static_cast<size_t>(row)];
    }
  }
  int64_t total = 0;
  for (const int64_t steps : live)
    total += steps;
  std::vector<int> borders = {0};
  int64_t passed = 0;
  for (int row = 0; row < shape.batch; ++row) {
    const auto next = static_cast<int64_t>(borders.size());
    if (passed >= total * next / ranges && next < ranges && row > borders.back())
      borders.push_back(row);
    passed += live[static_cast<size_t>(row)];
  }
  borders.push_back(shape.batch);
  return borders;
}

}  // namespace

void share_rows(const LstmShape& shape, int threads, const std::function<void(int, int)>& work) {
  const double sums = 4.0 * shape.hidden * shape.hidden * shape.steps * shape.batch;
  const int worth = static_cast<int>(std::min(sums / kWorthAThread, 1024.0));
  const int ranges = std::max(1, std::min({threads, shape.batch, worth}));
  if (ranges == 1) {
    work(0, shape.batch);
    return;
  }
  const std::vector<int> borders = split(shape, ranges);
  std::vector<std::thread> others;
  for (size_t k = 1; k + 1 < borders.size(); ++k) {
    others.emplace_back([&work, &borders, k] { work(borders[k], borders[k + 1]); });
  }
  work(borders[0], borders[1]);
  for (std::thread& other : others)
    other.join();
}

}  // namespace gatewise
