// Work shared by a few threads: one parallel region a call, never one a step.
//
// Contract
//   The workers are started when they are first needed and wait for work: for some microseconds awake, then
//   asleep. Where another thread is using them, or right after a fork, a region runs in the calling thread
//   alone; so results must not depend on the number of ranks. Nor are there ever more ranks than cores on
//   which the calling thread may run at that moment, and each has one of its own (core/cores.h).
#pragma once

#include <functional>
#include <vector>

namespace gatewise {

class Barrier;

// One thread's place among those that run a region together.
struct Rank {
  int index;
  int count;
  Barrier* barrier;

  // Returns when all ranks of the region have called it; what they wrote before is then seen by all.
  void wait() const;
  // This rank's part of n things, [begin(n), end(n)): parts of neighbouring ranks meet, and are even.
  int begin(int n) const { return static_cast<int>(static_cast<long long>(n) * index / count); }
  int end(int n) const { return static_cast<int>(static_cast<long long>(n) * (index + 1) / count); }
};

// Calls work(rank) for up to `threads` ranks at once, and returns when all have returned. Exceptions of
// `work` must not escape it.
void in_parallel(int threads, const std::function<void(const Rank&)>& work);

// How many ranks a region of so many threads has if it does not run in the calling thread alone.
int ranks_here(int threads);

// More ranks than cores, for tests of what results depend on where there are only a few cores.
void let_ranks_crowd(bool may);

// The core of each rank of a region of so many threads, at a moment when all are in it; -1 where the system
// does not tell.
std::vector<int> cores_of_ranks(int threads);

// How many threads are worth their waking for so many multiplications and additions; at least 1.
int worth_threads(int threads, double multiplications);

// Whether short work that is done again and again goes faster together or alone: where another process holds
// a core, ranks that wait for each other at every turn are many times slower than one rank by itself.
class Pace {
 public:
  // `ranks`, or 1 where that has been the faster way of late; now and then the other, to see whether it still
  // is.
  int choose(int ranks);
  // How long the work took with so many ranks.
  void took(int ranks, double seconds);

 private:
  bool alone_ = false, probing_ = false;
  double seconds_[2] = {0.0, 0.0};  // together and alone; 0: not known yet
  int calls_ = 0, until_probe_ = kFirstProbe;

  static constexpr int kFirstProbe = 16, kLastProbe = 1 << 14;
};

}  // namespace gatewise
