#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

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
  template <typename Done>
  void wait(const Done& done) {
    const auto until = std::chrono::steady_clock::now() + kAwake;
    do {
      for (int k = 0; k < 64; ++k) {
        if (done())
          return;
        relax();
      }
    } while (std::chrono::steady_clock::now() < until);
    std::unique_lock<std::mutex> lock(mutex_);
    ++sleepers_;
    woken_.wait(lock, done);
    --sleepers_;
  }

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
  explicit Barrier(int count) : count_(count) {}

  void wait() {
    const int turn = turn_;
    if (++arrived_ == count_) {
      arrived_ = 0;
      ++turn_;
      bell_.ring();
    } else {
      bell_.wait([&] { return turn_ != turn; });
    }
  }

 private:
  const int count_;
  std::atomic<int> arrived_{0};
  std::atomic<int> turn_{0};
  Bell bell_;
};

void Rank::wait() const {
  if (count > 1)
    barrier->wait();
}

namespace {

using Work = std::function<void(const Rank&)>;

// Threads that wait for work. One region at a time; destroyed never, for its threads may be asleep in it when
// the process ends.
class Workers {
 public:
  // False, and nothing done, if another thread is using the workers or the system gives no more of them.
  bool run(int ranks, const Work& work) {
    const std::unique_lock<std::mutex> use(in_use_, std::try_to_lock);
    if (!use.owns_lock())
      return false;
    if (!start(ranks - 1))
      return false;
    Barrier barrier(ranks);
    barrier_ = &barrier;
    work_ = &work;
    ranks_ = ranks;
    pending_ = started_;
    ++order_;
    orders_.ring();
    work(Rank{0, ranks, &barrier});
    done_.wait([this] { return pending_ == 0; });
    return true;
  }

 private:
  bool start(int count) {
    try {
      for (; started_ < count; ++started_)
        std::thread([this, index = started_ + 1, seen = order_.load()] { serve(index, seen); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void serve(int index, unsigned seen) {
    for (;;) {
      orders_.wait([&] { return order_ != seen; });
      ++seen;
      if (index < ranks_)
        (*work_)(Rank{index, ranks_, barrier_});
      if (--pending_ == 0)
        done_.ring();
    }
  }

  std::mutex in_use_;
  Bell orders_, done_;
  std::atomic<unsigned> order_{0};
  std::atomic<int> pending_{0};
  int started_ = 0, ranks_ = 0;
  const Work* work_ = nullptr;
  Barrier* barrier_ = nullptr;
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

}  // namespace

void in_parallel(int threads, const Work& work) {
  if (threads <= 1 || !the_workers().run(threads, work))
    work(Rank{0, 1, nullptr});
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
