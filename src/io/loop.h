// Loop: one thread's event loop, its timers and its coarse clock. Readiness comes from epoll(7),
// edge-triggered, through Descriptor.
//
// Used by: every program's main and each room that waits. Threads: run() on one; post() from any.
// Everything created on a loop is used on its thread only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <coroutine>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/deadlines.h"
#include "io/task.h"
#include "io/tls/kept_buffers.h"

namespace strongroom::io {

class Descriptor;
class Event;
struct RootLink;

class Loop {
 public:
  explicit Loop(const Clock& clock);
  /// Coroutines that have not ended are destroyed where they wait.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until stop(); may be called again.
  void run();
  /// From any thread. Before run(): that run ends at once.
  void stop() noexcept;
  /// From any thread.
  void post(std::function<void()> work);
  /// A way to post for threads that may outlive the loop: after its end, what they post is dropped.
  class Mailbox {
   public:
    explicit Mailbox(Loop& loop) : loop_(&loop) {}
    void post(std::function<void()> work);

   private:
    friend class Loop;
    std::mutex mutex_;
    Loop* loop_;
  };
  [[nodiscard]] std::shared_ptr<Mailbox> mailbox() const { return mailbox_; }
  /// Starts a coroutine of its own; an exception that leaves it ends the process (a bug).
  void spawn(Task<void> task);
  [[nodiscard]] Task<void> sleep(Duration duration);
  /// Calls `work` every `period` until the returned handle is destroyed.
  struct Timer;
  class Ticker {
   public:
    explicit Ticker(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;
    ~Ticker() { cancel(timer_); }

   private:
    std::shared_ptr<Timer> timer_;
  };
  [[nodiscard]] std::unique_ptr<Ticker> every(Duration period, std::function<void()> work);
  /// Runs `on_signal(number)` on this loop for SIGTERM, SIGINT, SIGCHLD, ... until the loop ends.
  /// Call once.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal);

  [[nodiscard]] const Clock& clock() const { return clock_; }
  /// Steady time as of this turn of the loop: for deadlines and durations on the hot path, never
  /// for whether a lease is still good.
  [[nodiscard]] SteadyTime coarse_now() const noexcept { return now_; }
  /// A deadline counted from coarse_now().
  [[nodiscard]] Deadline deadline_in(Duration duration) const { return Deadline(now_ + duration); }
  /// Calls timed.on_deadline() about 50 ms after `deadline` at the latest, unless changed or
  /// destroyed before (io/deadlines.h).
  void watch(Timed& timed, Deadline deadline);
  /// Calls `work` after `delay` of real time; the handle takes it back.
  [[nodiscard]] std::shared_ptr<Timer> call_in(Duration delay, std::function<void()> work);
  static void cancel(const std::shared_ptr<Timer>& timer);

  /// The coroutine goes on in this turn or the next, never inside the caller.
  void resume_soon(std::coroutine_handle<> waiting) { ready_.push_back(waiting); }
  /// Sets `event` before the loop waits next, and after a few turns at the latest: for what is
  /// cheaper in larger pieces, of which more may come as long as there is work.
  void set_when_calm(Event& event);
  void forget_calm(Event& event) noexcept { std::erase(calm_, &event); }
  /// True when the coroutine that runs has had its share of this turn: it lets others go first.
  [[nodiscard]] bool is_share_spent() noexcept { return ++steps_ > kShare; }
  /// A TLS connection uses its buffers (io/tls/kept_buffers.h). True when it may keep them from now
  /// on.
  [[nodiscard]] bool use_buffers(BufferHolder& holder);
  void forget_buffers(BufferHolder& holder) noexcept { kept_buffers_.forget(holder); }
  [[nodiscard]] const KeptBuffers& kept_buffers() const noexcept { return kept_buffers_; }
  struct Yield {
    Loop& loop;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const { loop.resume_soon(waiting); }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] Yield yield() noexcept { return {*this}; }

 private:
  friend class Descriptor;
  using RealTime = std::chrono::steady_clock::time_point;
  static constexpr std::uint32_t kShare = 32;
  static constexpr std::uint32_t kBusyTurns = 4;
  struct Batch;
  struct Signals;

  void resume_ready();
  void run_posted();
  void run_timers();
  void wait_for_events();
  [[nodiscard]] int wait_time() const;
  void wake() noexcept;
  void forget(const Descriptor& descriptor) noexcept;
  [[nodiscard]] std::shared_ptr<Timer> start_timer(Duration delay, Duration period,
                                                   std::function<void()> work);
  void set_calm_events();
  void start_sweeping();
  void sweep();

  const Clock& clock_;
  int epoll_ = -1;
  int wake_ = -1;  ///< an eventfd(2)
  std::unique_ptr<Batch> batch_;
  SteadyTime now_{};
  std::uint32_t steps_ = 0;
  std::atomic<bool> is_stopped_ = false;
  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> resuming_;
  std::size_t resumed_ = 0;          ///< of resuming_
  std::vector<Event*> calm_;         ///< to be set when the loop would wait
  std::uint32_t busy_turns_ = 0;     ///< since the first of them came
  std::unique_ptr<RootLink> roots_;  ///< coroutines of their own that have not ended
  std::multimap<RealTime, std::shared_ptr<Timer>> timers_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::vector<std::function<void()>> running_posted_;
  std::atomic<bool> has_posted_ = false;
  Timed::Head deadlines_;
  KeptBuffers kept_buffers_;
  std::shared_ptr<Timer> sweeper_;  ///< while something has a deadline, or keeps buffers
  std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<Signals> signals_;
};

/// Gives the system back what of the heap lies free, in whole pages. Walks the free parts: for
/// moments that follow a burst.
void give_free_heap_back() noexcept;

/// Wakes one waiting coroutine of the same loop; many set() before a wait() count once.
class Event {
 public:
  explicit Event(Loop& loop);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();
  void set();
  /// In place of a Task: nothing is allocated, and what is set already is not waited for.
  struct Wait;
  [[nodiscard]] Wait wait();
  /// False when `deadline` passed first (looked at every 50 ms).
  [[nodiscard]] Wait wait_until(Deadline deadline);

 private:
  friend class Loop;
  struct State;
  std::unique_ptr<State> state_;
  bool awaits_calm_ = false;

 public:
  struct Wait {
    State& state;
    Deadline deadline;
    [[nodiscard]] bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> waiting) const;
    bool await_resume() const noexcept;
  };
};

}  // namespace strongroom::io
