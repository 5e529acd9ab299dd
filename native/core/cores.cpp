#include "core/cores.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace gatewise {

namespace {

int own_number() {
#if defined(__linux__)
  return static_cast<int>(syscall(SYS_gettid));
#else
  return 0;
#endif
}

}  // namespace

// The calls of the system themselves, for those of the C library know of 1024 cores and fail where there are
// more.
CoreSet CoreSet::of_thread(int thread) {
  CoreSet cores;
#if defined(__linux__)
  if (syscall(SYS_sched_getaffinity, thread, sizeof cores.words_, cores.words_.data()) < 0)
    cores.words_.fill(0);
#else
  (void)thread;
#endif
  return cores;
}

bool CoreSet::give_to(int thread) const {
#if defined(__linux__)
  return syscall(SYS_sched_setaffinity, thread, sizeof words_, words_.data()) == 0;
#else
  (void)thread;
  return false;
#endif
}

int current_core() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

int CoreSet::count() const {
  int count = 0;
  for (const unsigned long word : words_)
    count += word ? __builtin_popcountl(word) : 0;
  return count;
}

bool CoreSet::has(int core) const {
  return core >= 0 && core < kMost && (words_[static_cast<size_t>(core / kBits)] >> (core % kBits) & 1);
}

void CoreSet::add(int core) {
  if (core >= 0 && core < kMost)
    words_[static_cast<size_t>(core / kBits)] |= 1UL << (core % kBits);
}

void CoreSet::remove(int core) {
  if (core >= 0 && core < kMost)
    words_[static_cast<size_t>(core / kBits)] &= ~(1UL << (core % kBits));
}

int CoreSet::next(int core) const {
  for (int k = 1; k <= kMost; ++k) {
    const int candidate = (core + k) % kMost;
    if (has(candidate))
      return candidate;
  }
  return -1;
}

void Seats::open(int ranks, const CoreSet& allowed) {
  while (static_cast<int>(seats_.size()) < ranks)
    seats_.emplace_back();
  ranks_ = ranks;
  if (allowed_ != allowed)
    allowed_ = allowed;
  seats_.front().core = current_core();
}

void Seats::lead(int rank, bool asleep) {
  Seat& seat = seats_[static_cast<size_t>(rank)];
  if (!seat.thread || (!asleep && !shared(rank)))
    return;
  const CoreSet free = free_for(rank);
  if (!free.empty() && is_ours(seat))
    give(seat, free);
}

void Seats::settle(int rank) {
  Seat& seat = seats_[static_cast<size_t>(rank)];
  if (rank == 0 || allowed_.empty()) {
    seat.core = current_core();
    if (shared(0))
      push_away();
    return;
  }
  if (!seat.thread) {
    seat.given = CoreSet::of_thread(0);
    seat.thread = own_number();
  }
  if (seat.given != allowed_ && is_ours(seat))
    give(seat, allowed_);
  const int before = seat.core;
  seat.core = current_core();
  if (!shared(rank))
    return;
  int target = -1;
  {
    // One at a time, so that no two choose the same core.
    const std::lock_guard<std::mutex> lock(choosing_);
    const CoreSet free = free_for(rank);
    // The one where it was last may have its data still.
    target = free.has(before) ? before : free.next(seats_.front().core);
    if (!shared(rank) || target < 0 || !is_ours(seat))
      return;
    seat.core = target;
  }
  CoreSet only;
  only.add(target);
  give(seat, only);
  give(seat, allowed_);
  seat.core = current_core();
}

// In the caller's thread: off its core with workers who, having woken it, have it there beside them. They are
// in the region, so what is known of where they may run is theirs to write.
void Seats::push_away() {
  const std::lock_guard<std::mutex> lock(choosing_);
  const int core = seats_.front().core;
  for (int rank = 1; rank < ranks_; ++rank) {
    Seat& seat = seats_[static_cast<size_t>(rank)];
    const int target = seat.core == core ? free_for(rank).next(core) : -1;
    if (target < 0 || !seat.thread || CoreSet::of_thread(seat.thread) != allowed_)
      continue;
    seat.core = target;
    CoreSet only;
    only.add(target);
    only.give_to(seat.thread);
    allowed_.give_to(seat.thread);
  }
}

// Whether another rank was last seen where this one is.
bool Seats::shared(int rank) const {
  const int core = seats_[static_cast<size_t>(rank)].core;
  for (int other = 0; core >= 0 && other < ranks_; ++other) {
    if (other != rank && seats_[static_cast<size_t>(other)].core == core)
      return true;
  }
  return false;
}

// What may be used and is no other rank's.
CoreSet Seats::free_for(int rank) const {
  CoreSet free = allowed_;
  for (int other = 0; other < ranks_; ++other) {
    if (other != rank)
      free.remove(seats_[static_cast<size_t>(other)].core);
  }
  return free;
}

// Whether nobody but us has set where a thread may run, or has set it as the caller's.
bool Seats::is_ours(const Seat& seat) const {
  const CoreSet now = CoreSet::of_thread(seat.thread);
  return !now.empty() && (now == seat.given || now == allowed_);
}

void Seats::give(Seat& seat, const CoreSet& cores) {
  if (cores.give_to(seat.thread))
    seat.given = cores;
}

}  // namespace gatewise
