// The cores that threads run on: which may be used, which one a thread is on, and a core for each rank.
//
// Linux only. Elsewhere nothing is known of any of it, and every function does nothing.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

namespace gatewise {

// A set of cores, by the numbers that the system gives them.
class CoreSet {
 public:
  // Those that a thread may run on now, by the system's number of it; 0 is the calling thread. Empty where
  // the system does not tell.
  static CoreSet of_thread(int thread);

  int count() const;
  bool empty() const { return words_ == decltype(words_){}; }
  bool has(int core) const;
  void add(int core);
  void remove(int core);
  // The first one after `core`, and from the beginning where there is none; -1 where the set is empty.
  int next(int core) const;
  // Makes it the cores that a thread may run on; whether the system did so.
  bool give_to(int thread) const;

  bool operator==(const CoreSet& other) const { return words_ == other.words_; }
  bool operator!=(const CoreSet& other) const { return !(*this == other); }

 private:
  // Linux is built for at most 8192 cores.
  static constexpr int kMost = 8192, kBits = 8 * static_cast<int>(sizeof(unsigned long));
  std::array<unsigned long, kMost / kBits> words_{};
};

// The core that the calling thread is on; -1 where the system does not tell.
int current_core();

// Where the ranks of a region run. A thread that is woken may be left on the core of the one that woke it,
// where it waits for that one to stop, and both wait for each other: so each worker is led to a core on which
// no other rank is, and set free to run on all of them as soon as it is there.
//
// Contract
//   The caller's thread, rank 0, is never touched, and is followed: where it may run, workers may. Nor is a
//   worker that somebody else has set to cores of its own.
class Seats {
 public:
  // In the caller's thread, before the region begins and while no worker is in it.
  void open(int ranks, const CoreSet& allowed);
  // The same for a worker that is about to be woken (`asleep`) or told: lets it come up nowhere but on a core
  // without another rank.
  void lead(int rank, bool asleep);
  // In a rank's own thread, at its beginning and each time it was asleep: finds a core without another rank.
  void settle(int rank);

 private:
  struct Seat {
    std::atomic<int> core{-1};   // where the rank was seen last, or is on its way to
    std::atomic<int> thread{0};  // the system's number of it; 0: it has not run yet
    CoreSet given;               // where it may run, as far as we know
  };

  void push_away();
  bool shared(int rank) const;
  CoreSet free_for(int rank) const;
  bool is_ours(const Seat& seat) const;
  void give(Seat& seat, const CoreSet& cores);

  // A deque, for seats must stay where they are. Only the caller changes what stands here, between regions.
  std::deque<Seat> seats_;
  int ranks_ = 0;
  CoreSet allowed_;
  std::mutex choosing_;
};

}  // namespace gatewise
