#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/cores.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace gatewise {

namespace {

// Waking a thread takes about as long as this many multiplications and additions.
constexpr double kWorthAThread = 4e5;
// How long a thread stays awake for what it waits for, before it gives its core away.
constexpr std::chrono::microseconds kAwake(50);

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Where threads wait for what others do: awake for a while, then asleep, for a thread that only spins would
// keep the core from the one it waits for. All loads and stores of what is waited for must be sequentially
// consistent.
class Bell {
 public:
  // Whether it was asleep.
  template <typename Done>
  bool wait(const Done& done) {
    const auto until = std::chrono::steady_clock::now() + kAwake;
    do {
      for (int k = 0; k < 64; ++k) {
        if (done())
          return false;
        relax();
      }
    } while (std::chrono::steady_clock::now() < until);
    std::unique_lock<std::mutex> lock(mutex_);
    ++sleepers_;
    woken_.wait(lock, done);
    --sleepers_;
    return true;
  }

  bool has_sleepers() const { return sleepers_ != 0; }

  // To be called after what is waited for has been done.
  void ring() {
    if (sleepers_ == 0)
      return;
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  std::atomic<int> sleepers_{0};
};

}  // namespace

class Barrier {
 public:
  Barrier(int count, Seats& seats) : count_(count), seats_(seats) {}

  void wait(int rank) {
    const int turn = turn_;
    if (++arrived_ == count_) {
      arrived_ = 0;
      ++turn_;
      bell_.ring();
    } else if (bell_.wait([&] { return turn_ != turn; })) {
      seats_.settle(rank);
    }
  }

 private:
  const int count_;
  Seats& seats_;
  std::atomic<int> arrived_{0};
  std::atomic<int> turn_{0};
  Bell bell_;
};

void Rank::wait() const {
  if (count > 1)
    barrier->wait(index);
}

namespace {

using Work = std::function<void(const Rank&)>;

// Threads that wait for work. One region at a time; destroyed never, for its threads may be asleep in it when
// the process ends.
class Workers {
 public:
  // False, and nothing done, if another thread is using the workers or the system gives no more of them.
  bool run(int ranks, const CoreSet& allowed, const Work& work) {
    const std::unique_lock<std::mutex> use(in_use_, std::try_to_lock);
    if (!use.owns_lock())
      return false;
    if (!start(ranks - 1))
      return false;
    Barrier barrier(ranks, seats_);
    barrier_ = &barrier;
    work_ = &work;
    ranks_ = ranks;
    pending_ = ranks - 1;
    seats_.open(ranks, allowed);
    for (int rank = 1; rank < ranks; ++rank) {
      Worker& worker = workers_[static_cast<size_t>(rank - 1)];
      seats_.lead(rank, worker.orders.has_sleepers());
      ++worker.order;
      worker.orders.ring();
    }
    work(Rank{0, ranks, &barrier});
    done_.wait([this] { return pending_ == 0; });
    return true;
  }

 private:
  struct Worker {
    Bell orders;
    std::atomic<unsigned> order{0};
  };

  bool start(int count) {
    while (static_cast<int>(workers_.size()) < count) {
      Worker& worker = workers_.emplace_back();
      const auto rank = static_cast<int>(workers_.size());
      try {
        std::thread([this, &worker, rank] { serve(worker, rank); }).detach();
      } catch (const std::system_error&) {
        workers_.pop_back();
        return false;
      }
    }
    return true;
  }

  void serve(Worker& worker, int rank) {
    for (unsigned seen = 0;; ++seen) {
      worker.orders.wait([&] { return worker.order != seen; });
      seats_.settle(rank);
      (*work_)(Rank{rank, ranks_, barrier_});
      if (--pending_ == 0)
        done_.ring();
    }
  }

  std::mutex in_use_;
  Bell done_;
  std::atomic<int> pending_{0};
  // Workers must stay where they are, hence no vector.
  std::deque<Worker> workers_;
  int ranks_ = 0;
  const Work* work_ = nullptr;
  Barrier* barrier_ = nullptr;
  Seats seats_;
};

// A forked child has none of its parent's threads: it gets workers of its own and leaves the old ones be.
std::atomic<Workers*> workers{nullptr};

#if defined(__unix__) || defined(__APPLE__)
void forget_workers() {
  workers.store(nullptr);
}
#endif

Workers& the_workers() {
  static std::once_flag once;
  std::call_once(once, [] {
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(nullptr, nullptr, forget_workers);
#endif
  });
  Workers* current = workers.load();
  if (!current) {
    auto* fresh = new Workers;
    if (workers.compare_exchange_strong(current, fresh))
      return *fresh;
    delete fresh;
  }
  return *current;
}

std::atomic<bool> crowded{false};

// As many ranks as can each have a core of those that are allowed.
int ranks_on(const CoreSet& allowed, int threads) {
  const int cores = allowed.count();
  return cores == 0 || crowded ? threads : std::min(threads, cores);
}

}  // namespace

void in_parallel(int threads, const Work& work) {
  if (threads > 1) {
    const CoreSet allowed = CoreSet::of_thread(0);
    const int ranks = ranks_on(allowed, threads);
    if (ranks > 1 && the_workers().run(ranks, allowed, work))
      return;
  }
  work(Rank{0, 1, nullptr});
}

int ranks_here(int threads) {
  return threads > 1 ? ranks_on(CoreSet::of_thread(0), threads) : 1;
}

void let_ranks_crowd(bool may) {
  crowded = may;
}

std::vector<int> cores_of_ranks(int threads) {
  std::vector<int> cores(static_cast<size_t>(std::max(threads, 1)), -1);
  std::atomic<int> count{1};
  in_parallel(threads, [&](const Rank& rank) {
    for (int turn = 0; turn < 3; ++turn)
      rank.wait();  // whoever was asleep at the first has its place by now
    cores[static_cast<size_t>(rank.index)] = current_core();
    count = rank.count;
    rank.wait();
  });
  cores.resize(static_cast<size_t>(count));
  return cores;
}

int worth_threads(int threads, double multiplications) {
  const double worth = std::min(multiplications / kWorthAThread, 1024.0);
  return std::max(1, std::min(threads, static_cast<int>(worth)));
}

int Pace::choose(int ranks) {
  if (ranks == 1)
    return 1;
  probing_ = ++calls_ >= until_probe_;
  return alone_ != probing_ ? 1 : ranks;
}

void Pace::took(int ranks, double seconds) {
  double& known = seconds_[ranks == 1];
  // A probe counts for itself; what is done all the time is taken on the average.
  known = known == 0.0 || probing_ ? seconds : 0.75 * known + 0.25 * seconds;
  if (probing_)
    calls_ = 0;
  if (seconds_[0] == 0.0 || seconds_[1] == 0.0)
    return;
  const bool alone = seconds_[1] < seconds_[0];
  if (alone != alone_)
    until_probe_ = kFirstProbe;
  else if (probing_)  // rarer, the longer nothing changes
    until_probe_ = std::min(2 * until_probe_, kLastProbe);
  alone_ = alone;
}

}  // namespace gatewise
